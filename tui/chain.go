package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// chain is what a chainbuild or chainmaven task has to build, a line for each
// subtask that it will make. It is a text, so that tasks can be compared.
type chain string

// link of a chain: a source, and the subtask that builds it.
type chainLink struct {
	level  string // "" if there are none
	label  string // of the subtask
	name   string // or what its parent calls it, "" if that isn't known
	source string // in short
}

// chainOf reads the chain from a task's parameters, "" if it has none. What
// isn't a source is only waited for. Koji: reference/tasks.md, chainbuild.
func chainOf(t koji.Task) chain {
	if t.Method != "chainbuild" && t.Method != "chainmaven" {
		return ""
	}
	request, ok := t.Request.([]any)
	if !ok {
		return ""
	}
	params, err := koji.ParseTaskParams(t.Method, request)
	if err != nil {
		return ""
	}
	var b strings.Builder
	add := func(level, method, name string, source any) {
		url, ok := source.(string)
		if !ok || !strings.Contains(url, "://") {
			return
		}
		label := koji.TaskLabel(koji.Task{Method: method, Request: []any{url, params["target"]}})
		short := koji.TaskLabel(koji.Task{Method: "buildSRPMFromSCM", Request: []any{url, nil}})
		short = strings.TrimSuffix(strings.TrimPrefix(short, "buildSRPMFromSCM ("), ")")
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", level, safetext.Clean(label), safetext.Clean(name), safetext.Clean(short))
	}
	levels, _ := params["srcs"].([]any)
	for i, level := range levels {
		sources, _ := level.([]any)
		for _, s := range sources {
			add(fmt.Sprint(i+1), "build", "", s)
		}
	}
	builds, _ := params["builds"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(builds)) {
		if build, ok := builds[name].(map[string]any); ok {
			add("", "maven", name, build["scmurl"])
		}
	}
	return chain(b.String())
}

func (c chain) links() []chainLink {
	var links []chainLink
	for line := range strings.SplitSeq(string(c), "\n") {
		if f := strings.Split(line, "\t"); len(f) == 4 {
			links = append(links, chainLink{f[0], f[1], f[2], f[3]})
		}
	}
	return links
}

func (l chainLink) makes(t *task) bool {
	return l.name != "" && l.name == t.name || l.name == "" && l.label == t.label
}

// toCome are the links of a chain that have no subtask yet.
func (s *store) toCome(e *entry) []chainLink {
	if e.chain == "" || e.finished() {
		return nil
	}
	links := e.chain.links()
	for _, id := range e.children {
		child := s.tasks[id]
		if i := slices.IndexFunc(links, func(l chainLink) bool { return l.makes(&child.task) }); i >= 0 {
			links = slices.Delete(links, i, i+1)
		}
	}
	return links
}

// level says at which level of a chain a task stands, "" if at none.
func (s *store) level(e *entry) string {
	up := s.tasks[e.parent]
	if up == nil || up.chain == "" {
		return ""
	}
	links := up.chain.links()
	if i := slices.IndexFunc(links, func(l chainLink) bool { return l.makes(&e.task) }); i >= 0 && links[i].level != "" {
		return "level " + links[i].level
	}
	return ""
}

// comingText says how much is to come, which that is, and at which levels. A
// chainmaven makes no subtask for what was built before.
func comingText(links []chainLink, method string) (count, sources, levels string) {
	n := len(links)
	count = fmt.Sprintf("%d %s to come", n, plural(n, "source", "sources"))
	if method == "chainmaven" {
		count = fmt.Sprintf("at most %d %s to come", n, plural(n, "package", "packages"))
	}
	var short []string
	for _, l := range links {
		short = append(short, cmp.Or(l.name, l.source))
	}
	first, last := links[0].level, links[n-1].level
	switch {
	case first == "":
	case first == last:
		levels = "level " + first
	default:
		levels = fmt.Sprintf("level %s–%s", first, last)
	}
	return count, strings.Join(short, ", "), levels
}
