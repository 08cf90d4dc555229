package cli

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"koji"
	"koji/internal/lazyregexp"
)

const (
	tailBytes = 64 << 10 // how much of the end of a failed task's log is looked at
	tailLines = 20       // how much is shown
	around    = 8        // lines about the first error, if it stands before these
)

// errorLine is a line in which a compiler, a test or a package manager says what
// went wrong.
var errorLine = lazyregexp.New(`(?i)(\b(fatal|error)\b ?:|^error\b|\*\*\* .*error|undefined reference|traceback \(most|^FAIL(ED)?\b|^panic:|no such file or directory|no matching package|nothing provides|conflicting requests)`)

// epilogue is what follows any failure, and says nothing of it.
var epilogue = lazyregexp.New(`(?i)^(RPM build errors|Child return code|error: Bad exit status|EXCEPTION:|ERROR: (Command failed|Exception))`)

// telling are the lines of a log's end that matter: the last ones, and before
// them those about the first error if that stands further up.
func telling(lines []string) []string {
	tail := max(0, len(lines)-tailLines)
	first := slices.IndexFunc(lines, func(line string) bool {
		line = strings.TrimSpace(line)
		return errorLine().MatchString(line) && !epilogue().MatchString(line)
	})
	if first < 0 || first >= tail {
		return lines[tail:]
	}
	from := max(0, first-2)
	to := min(from+around, len(lines))
	rest := max(to, len(lines)-(tailLines-around-1))
	shown := slices.Clone(lines[from:to])
	if rest > to {
		shown = append(shown, "…")
	}
	return append(shown, lines[rest:]...)
}

// taskLog is a log of a task.
type taskLog struct {
	name, volume string
}

// taskLogs are the logs that a task has uploaded, by name.
func taskLogs(ctx context.Context, s *koji.Session, id int64) ([]taskLog, error) {
	files := map[string][]string{}
	if err := s.Call(ctx, "listTaskOutput", &files, id, koji.Named{"all_volumes": true}); err != nil {
		return nil, err
	}
	var logs []taskLog
	for name, volumes := range files {
		if !strings.HasSuffix(name, "log") {
			continue
		}
		for _, v := range volumes {
			logs = append(logs, taskLog{name, v})
		}
	}
	slices.SortFunc(logs, func(a, b taskLog) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.volume, b.volume))
	})
	return logs, nil
}

// tellFailures prints, for each failed task that failed by itself and not by
// a subtask, the end of the log that says why.
func (w *taskWatch) tellFailures(ctx context.Context) {
	for _, t := range w.tree.All() {
		if t.State != koji.TaskFailed || w.hasFailedChild(t.ID) {
			continue
		}
		why := ""
		f := w.faults[t.ID]
		if f == nil {
			f, _ = taskFault(ctx, w.s, t.ID)
		}
		if f != nil {
			why = f.text
		}
		if !slices.Contains(w.tree.Roots(), t.ID) {
			w.env.printf("\nThe subtask that failed: %d %s\n%s", t.ID, koji.TaskLabel(t), why)
		}
		logs, err := taskLogs(ctx, w.s, t.ID)
		if err != nil {
			w.env.warn("koji: list the logs of task %d: %v", t.ID, err)
			continue
		}
		w.tail(ctx, t.ID, decisive(logs, why))
	}
}

func (w *taskWatch) hasFailedChild(id int64) bool {
	return slices.ContainsFunc(w.tree.Children(id), func(child int64) bool {
		t, _ := w.tree.Task(child)
		return t.State == koji.TaskFailed
	})
}

// decisive orders logs by how likely they say why a task failed: the one that
// the fault names, then those of the build, the buildroot and the checkout.
func decisive(logs []taskLog, why string) []taskLog {
	rank := func(l taskLog) int {
		if strings.Contains(why, l.name) {
			return 0
		}
		if i := slices.Index([]string{"build.log", "root.log", "checkout.log", "createrepo.log", "mergerepos.log"}, l.name); i >= 0 {
			return i + 1
		}
		return 10
	}
	logs = slices.Clone(logs)
	slices.SortStableFunc(logs, func(a, b taskLog) int { return cmp.Compare(rank(a), rank(b)) })
	return logs
}

// tail prints the last lines of the first log that has any.
func (w *taskWatch) tail(ctx context.Context, id int64, logs []taskLog) {
	for _, l := range logs {
		data, err := w.s.DownloadTaskOutput(ctx, id, l.name, -tailBytes, -1, l.volume)
		if err != nil {
			w.env.warn("koji: read %s of task %d: %v", l.name, id, err)
			return
		}
		data = bytes.TrimSpace(data)
		if len(data) == 0 {
			continue
		}
		w.env.printf("\nThe end of %s (all of it: koji watch-logs --log %s %d):", l.name, l.name, id)
		for _, line := range telling(strings.Split(string(data), "\n")) {
			w.env.printf("| %s", strings.TrimRight(line, "\r"))
		}
		return
	}
}
