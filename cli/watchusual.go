package cli

import (
	"context"
	"fmt"
	"path"
	"strings"

	"koji"
)

// usualAge is how many months back builds tell how long one takes.
const usualAge = 6

// learnUsual asks how long builds of a task's package take, for those who look
// at the tree. It is a help: an answer that doesn't come is none.
func (w *taskWatch) learnUsual(ctx context.Context, t koji.Task) {
	pkg := builtPackage(t)
	if !w.estimates || pkg == "" {
		return
	}
	w.mu.Lock()
	_, asked := w.usual[pkg]
	w.mu.Unlock()
	if asked {
		return
	}
	var seconds *float64
	if err := w.s.Call(ctx, "getAverageBuildDuration", &seconds, pkg, koji.Named{"age": usualAge}); err != nil {
		seconds = nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.usual[pkg] = 0
	if seconds != nil {
		w.usual[pkg] = *seconds
	}
}

// builtPackage is the package that a task builds, as far as its request tells;
// "" for tasks that build none.
func builtPackage(t koji.Task) string {
	request, _ := t.Request.([]any)
	params, err := koji.ParseTaskParams(t.Method, request)
	if err != nil {
		return ""
	}
	var source any
	switch t.Method {
	case "build":
		source = params["src"]
	case "buildArch":
		source = params["pkg"]
	}
	text, _ := source.(string)
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	if text == "" {
		return ""
	}
	name := path.Base(text)
	if rpm, isRPM := strings.CutSuffix(name, ".rpm"); isRPM {
		n, err := koji.ParseNVRA(rpm)
		if err != nil {
			return ""
		}
		return n.Name
	}
	return strings.TrimSuffix(name, ".git")
}

// usualBar shows how far a task that runs has got, if it takes as long as builds
// of its package do; the caller has the lock.
func (w *taskWatch) usualBar(t koji.Task, now float64) string {
	usual := w.usual[builtPackage(t)]
	if t.State != koji.TaskOpen || t.StartTS == nil || usual <= 0 {
		return ""
	}
	const width = 12
	part := max(0, now-*t.StartTS) / usual
	if part > 1 {
		return fmt.Sprintf("  [%s] longer than the usual %s", strings.Repeat("=", width), clock(usual))
	}
	full := int(part * width)
	return fmt.Sprintf("  [%s>%s] of about %s", strings.Repeat("=", full), strings.Repeat(" ", max(0, width-1-full)), clock(usual))
}
