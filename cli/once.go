package cli

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"koji"
)

// onceRequest is a task that shall be made only once.
type onceRequest struct {
	Profile, Server string
	Key             string
	Method          string
	Arguments       []any
}

// onceRecord is what is kept of it, in a file of its own.
type onceRecord struct {
	Key       string `json:"key"`
	Server    string `json:"server"`
	Method    string `json:"method"`
	Arguments string `json:"arguments"`      // JSON, as it is compared
	After     int64  `json:"after"`          // own tasks up to this one were there before the call
	Task      int64  `json:"task,omitempty"` // 0 while it isn't known whether the call succeeded
}

// onlyOnce gives the task that was made for a key, or makes it. What is about
// to be asked for is written down before the call, so that after a crash the
// task is found again among the user's own: it is the first of that method with
// those arguments that wasn't there before.
func onlyOnce(ctx context.Context, s *koji.Session, r onceRequest, create func() (int64, error)) (int64, error) {
	dir, err := onceDir(r.Profile)
	if err != nil {
		return 0, err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return 0, fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	file := filepath.Join(dir, fmt.Sprintf("%x.json", sha256.Sum256([]byte(r.Server+"\x00"+r.Key))))
	arguments, err := compactJSON(r.Arguments)
	if err != nil {
		return 0, err
	}
	record, err := readOnce(file)
	switch {
	case err != nil:
		return 0, err
	case record == nil:
		record = &onceRecord{Key: r.Key, Server: r.Server, Method: r.Method, Arguments: arguments}
		if record.After, err = newestOwn(ctx, s, r.Method); err != nil {
			return 0, err
		}
		if err := writeOnce(file, record); err != nil {
			return 0, err
		}
	case record.Method != r.Method || record.Arguments != arguments:
		return 0, failf("--once %s: this key stands for another task: %s %s", r.Key, record.Method, record.Arguments)
	case record.Task != 0:
		return record.Task, nil
	default:
		if record.Task, err = findOwn(ctx, s, record); err != nil {
			return 0, err
		}
		if record.Task != 0 {
			return record.Task, writeOnce(file, record)
		}
	}
	id, err := create()
	var refused *koji.Error
	if errors.As(err, &refused) { // by the hub: there is no task, and nothing to find again
		return 0, errors.Join(err, os.Remove(file))
	}
	if err != nil {
		return 0, err
	}
	record.Task = id
	return id, writeOnce(file, record)
}

// onceDir is where a profile's records are.
func onceDir(profile string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home directory: %w", err)
	}
	dir := filepath.Join(home, ".koji", "once", "profile-"+url.PathEscape(profile))
	return dir, os.MkdirAll(dir, 0o700)
}

// lockDir keeps others with the same profile out until unlock is called, or
// the program ends.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return func() { f.Close() }, err
}

// readOnce is a record, nil if there is none.
func readOnce(file string) (*onceRecord, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r onceRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &r, nil
}

// writeOnce makes the record last, as a whole or not at all.
func writeOnce(file string, r *onceRecord) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// ownTasks are the user's tasks of a method, oldest or newest first.
func ownTasks(ctx context.Context, s *koji.Session, method string, query map[string]any) ([]koji.Task, error) {
	var me *koji.LoggedInUser
	if err := s.Call(ctx, "getLoggedInUser", &me); err != nil {
		return nil, err
	}
	if me == nil {
		return nil, failf("Unable to determine user")
	}
	var tasks []koji.Task
	err := s.Call(ctx, "listTasks", &tasks, map[string]any{"owner": me.ID, "method": method, "decode": true}, query)
	return tasks, err
}

func newestOwn(ctx context.Context, s *koji.Session, method string) (int64, error) {
	tasks, err := ownTasks(ctx, s, method, map[string]any{"order": "-id", "limit": 1})
	if err != nil || len(tasks) == 0 {
		return 0, err
	}
	return tasks[0].ID, nil
}

// findOwn is the task that a call made of which no answer came; 0 if it made none.
func findOwn(ctx context.Context, s *koji.Session, r *onceRecord) (int64, error) {
	const page = 100
	found := int64(0)
	for offset := 0; ; offset += page {
		tasks, err := ownTasks(ctx, s, r.Method, map[string]any{"order": "-id", "limit": page, "offset": offset})
		if err != nil {
			return 0, err
		}
		for _, t := range tasks {
			if t.ID <= r.After {
				return found, nil
			}
			request, err := compactJSON(t.Request)
			if err != nil {
				return 0, err
			}
			if t.Parent == nil && request == r.Arguments {
				found = t.ID
			}
		}
		if len(tasks) < page {
			return found, nil
		}
	}
}
