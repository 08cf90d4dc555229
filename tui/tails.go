package tui

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"path"
	"strconv"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// tailBytes is how much of a log's end is read for its newest line.
const tailBytes = 2048

// tailTasks is how many logs are looked into at most.
const tailTasks = 8

// readTails reads the ends of the logs that grew and are watched.
func (f *feed) readTails(ctx context.Context, grown map[int64]logSize) error {
	_, watched := f.wanted()
	var ids []int64
	for _, id := range watched {
		if l, ok := grown[id]; ok && len(ids) < tailTasks {
			f.logs[id] = l.name
			ids = append(ids, id)
		}
	}
	return f.fetchTails(ctx, ids)
}

// refreshTails reads the ends of the logs of tasks that just came on the screen.
func (f *feed) refreshTails(ctx context.Context) error {
	_, watched := f.wanted()
	var ids []int64
	for _, id := range watched {
		if _, known := f.tails[id]; !known && len(ids) < tailTasks {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	outputs := make([]map[string]fileStat, len(ids))
	m := f.hub.read.Multicall()
	for i, id := range ids {
		m.Add(&outputs[i], "listTaskOutput", id, koji.Named{"stat": true})
	}
	if err := f.hub.run(ctx, m); err != nil {
		return err
	}
	for i, id := range ids {
		f.logs[id] = newestLog(outputs[i])
		if _, known := f.tails[id]; !known {
			f.tails[id] = ""
		}
	}
	return f.fetchTails(ctx, ids)
}

func (f *feed) fetchTails(ctx context.Context, ids []int64) error {
	texts := make([]string, len(ids))
	m := f.hub.read.Multicall()
	for i, id := range ids {
		if f.logs[id] != "" {
			m.Add(&texts[i], "downloadTaskOutput", id, f.logs[id], -tailBytes, tailBytes)
		}
	}
	if err := f.hub.run(ctx, m); err != nil || m.Len() == 0 {
		return err
	}
	if c := (changes{tails: f.newTails(ids, texts)}); len(c.tails) > 0 {
		f.send(c)
	}
	return nil
}

// newTails are the last lines of logs that aren't as they were sent before.
func (f *feed) newTails(ids []int64, texts []string) map[int64]string {
	tails := map[int64]string{}
	for i, id := range ids {
		data, err := base64.StdEncoding.DecodeString(texts[i])
		if err != nil || len(data) == 0 {
			continue // shown as it was
		}
		if line := lastLine(data); f.tails[id] != line {
			f.tails[id] = line
			tails[id] = line
		}
	}
	return tails
}

// addTails adds the calls for the ends of the watched logs to those of a poll,
// and gives what takes their answers in.
func (f *feed) addTails(m *koji.Multicall) (take func() map[int64]string) {
	_, watched := f.wanted()
	ids := watched[:min(len(watched), tailTasks)]
	outputs, texts := make([]map[string]fileStat, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		m.Add(&outputs[i], "listTaskOutput", id, koji.Named{"stat": true})
		if f.logs[id] != "" {
			m.Add(&texts[i], "downloadTaskOutput", id, f.logs[id], -tailBytes, tailBytes)
		}
	}
	return func() map[int64]string {
		for i, id := range ids {
			if name := newestLog(outputs[i]); name != f.logs[id] {
				f.logs[id], texts[i] = name, "" // of the other one with the next poll
			}
		}
		return f.newTails(ids, texts)
	}
}

// fileStat is a file of a task's output as listTaskOutput tells it.
type fileStat struct {
	Size  string  `xmlrpc:"st_size"`
	MTime float64 `xmlrpc:"st_mtime"`
}

func (s fileStat) size() int64 {
	n, _ := strconv.ParseInt(s.Size, 10, 64) // 0 for what is no number
	return n
}

// state tells the file from what it was before it was written to.
func (s fileStat) state() string {
	if s.Size == "" {
		return ""
	}
	return fmt.Sprintf("%s %f", s.Size, s.MTime)
}

// newestLog is the log that was written last, "" if there is none.
func newestLog(files map[string]fileStat) string {
	best := ""
	for name, st := range files {
		if !strings.HasSuffix(name, ".log") || st.size() == 0 {
			continue
		}
		b := files[best]
		if best == "" || st.MTime > b.MTime || st.MTime == b.MTime && logRank(name) < logRank(best) {
			best = name
		}
	}
	return best
}

// logRank orders logs by how likely they are what one looks for.
func logRank(name string) string {
	base := path.Base(name)
	for i, first := range []string{"build.log", "mock_output.log", "root.log", "runroot.log", "checkout.log"} {
		if base == first {
			return strconv.Itoa(i) + name
		}
	}
	if strings.HasSuffix(base, ".log") {
		return "8" + name
	}
	return "9" + name
}

// lastLine is the last line with text in it, clean. The beginning of data may
// be in the midst of a line.
func lastLine(data []byte) string {
	for len(data) > 0 {
		at := bytes.LastIndexByte(data, '\n')
		line := bytes.TrimSpace(data[at+1:])
		if len(line) > 0 {
			return logText(line)
		}
		if at < 0 {
			break
		}
		data = data[:at]
	}
	return ""
}

// names are those of hosts, users and channels, by id.
type names struct{ hosts, users, channels map[int64]string }

// taskOf is what the lists need of a task of the hub.
func taskOf(t koji.Task, known names) task {
	n := task{
		id: t.ID, owner: t.Owner, priority: t.Priority,
		method: safetext.Clean(t.Method), arch: safetext.Clean(t.Arch),
		waiting: t.Waiting != nil && *t.Waiting,
	}
	n.kind = kindOf(t.State, n.waiting, t.Method)
	if t.Parent != nil {
		n.parent = *t.Parent
	}
	if t.HostID != nil {
		n.host = safetext.Clean(known.hosts[*t.HostID])
		if n.host == "" {
			n.host = strconv.FormatInt(*t.HostID, 10)
		}
	}
	n.ownerName = safetext.Clean(t.OwnerName)
	if n.ownerName == "" {
		n.ownerName = safetext.Clean(known.users[t.Owner])
	}
	for _, p := range []struct {
		to   *float64
		from *float64
	}{{&n.created, t.CreateTS}, {&n.started, t.StartTS}, {&n.completed, t.CompletionTS}} {
		if p.from != nil {
			*p.to = *p.from
		}
	}
	n.label = safetext.Clean(koji.TaskLabel(t))
	n.pkg, n.tag = subjectOf(t)
	n.name, n.chain = cleanOf(t.Label), chainOf(t)
	n.channel, n.channelName, n.weight = t.ChannelID, safetext.Clean(known.channels[t.ChannelID]), t.Weight
	if t.State == koji.TaskFailed {
		n.fault = faultLine(t.Result)
	}
	return n
}

// faultLine is the first line of a fault that came as a struct.
func faultLine(result any) string {
	m, ok := result.(map[string]any)
	if !ok {
		return ""
	}
	text, _ := m["faultString"].(string)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return safetext.Clean(line)
		}
	}
	return ""
}
