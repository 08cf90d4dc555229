package koji

import (
	"fmt"
	"strings"
)

// TaskState is where a task stands. Koji: reference/enums.md.
type TaskState int

// The states of a task.
const (
	TaskFree TaskState = iota
	TaskOpen
	TaskClosed
	TaskCanceled
	TaskAssigned
	TaskFailed
)

var taskStates = []string{"FREE", "OPEN", "CLOSED", "CANCELED", "ASSIGNED", "FAILED"}

func (s TaskState) String() string { return nameOf(taskStates, int(s)) }

// Finished reports whether the task will not run any more.
func (s TaskState) Finished() bool {
	return s == TaskClosed || s == TaskCanceled || s == TaskFailed
}

// ParseTaskState is the state with that name, in any case.
func ParseTaskState(name string) (TaskState, error) {
	n, err := indexOf(taskStates, name, "task state")
	return TaskState(n), err
}

func nameOf(names []string, n int) string {
	if n < 0 || n >= len(names) {
		return fmt.Sprintf("state %d", n)
	}
	return names[n]
}

func indexOf(names []string, name, what string) (int, error) {
	for i, n := range names {
		if strings.EqualFold(n, name) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no %s %q: one of %s", what, name, strings.Join(names, ", "))
}

// Task is a job: a row of the hub's task table. Request and Result are filled
// only where the call was asked for them: the decoded parameters and the
// decoded value, or, from host.openTask, the documents as text.
type Task struct {
	ID             int64     `xmlrpc:"id"`
	State          TaskState `xmlrpc:"state"`
	CreateTime     Time      `xmlrpc:"create_time"`
	CreateTS       *float64  `xmlrpc:"create_ts"`
	StartTime      Time      `xmlrpc:"start_time"`
	StartTS        *float64  `xmlrpc:"start_ts"`
	CompletionTime Time      `xmlrpc:"completion_time"`
	CompletionTS   *float64  `xmlrpc:"completion_ts"`
	ChannelID      int64     `xmlrpc:"channel_id"`
	HostID         *int64    `xmlrpc:"host_id"`
	Parent         *int64    `xmlrpc:"parent"`
	Label          *string   `xmlrpc:"label"`
	Waiting        *bool     `xmlrpc:"waiting"`
	Awaited        *bool     `xmlrpc:"awaited"`
	Owner          int64     `xmlrpc:"owner"`
	Method         string    `xmlrpc:"method"`
	Arch           string    `xmlrpc:"arch"`
	Priority       int64     `xmlrpc:"priority"`
	Weight         float64   `xmlrpc:"weight"`

	Request   any    `xmlrpc:"request,omitempty"`
	Result    any    `xmlrpc:"result,omitempty"`
	OwnerName string `xmlrpc:"owner_name,omitempty"`
	OwnerType *int64 `xmlrpc:"owner_type,omitempty"`
}

// Finished reports whether the task will not run any more.
func (t *Task) Finished() bool { return t.State.Finished() }

// HostTask is one of a builder's own tasks, as host.getHostTasks tells it.
// Alert is set when a subtask it waits for has finished.
type HostTask struct {
	ID      int64   `xmlrpc:"id"`
	Waiting *bool   `xmlrpc:"waiting"`
	Weight  float64 `xmlrpc:"weight"`
	Alert   bool    `xmlrpc:"alert,omitempty"`
}

// AssignedTask is a task as the scheduler handles it (host.getTasks).
type AssignedTask struct {
	ID        int64     `xmlrpc:"id"`
	State     TaskState `xmlrpc:"state"`
	ChannelID int64     `xmlrpc:"channel_id"`
	HostID    *int64    `xmlrpc:"host_id"`
	Arch      string    `xmlrpc:"arch"`
	Method    string    `xmlrpc:"method"`
	Priority  int64     `xmlrpc:"priority"`
	CreateTS  float64   `xmlrpc:"create_ts"`
}
