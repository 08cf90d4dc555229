package tui

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// deed is something that can be done to a task.
type deed struct {
	key, name string
	about     string
	why       string // why it is off, "" if it isn't
	begin     func() *dialog
}

// deeds are what can be done to a task, each with the reason if it is off.
func (e *env) deeds(t *entry, c *calls) []deed {
	return []deed{
		{"c", "cancel", "with its subtasks", e.whyNotCancel(t), func() *dialog { return e.confirmCancel(t.id, c) }},
		{"s", "submit again", "same parameters", e.whyNotResubmit(t), func() *dialog { return e.confirmResubmit(t.id, c) }},
	}
}

func (e *env) whyNot(t *entry) string {
	switch {
	case e.lost():
		return "no hub"
	case e.me.id == 0:
		return "needs a login"
	case t.owner != e.me.id && !e.me.admin():
		have := "you have no permissions"
		if len(e.me.perms) > 0 {
			have = "you have " + strings.Join(e.me.perms, ", ")
		}
		return fmt.Sprintf("it is %s's, so needs admin; %s", orID(t.ownerName, t.owner), have)
	}
	return ""
}

func orID(name string, id int64) string {
	if name == "" {
		return fmt.Sprintf("user %d", id)
	}
	return name
}

func (e *env) whyNotCancel(t *entry) string {
	if t.finished() {
		return fmt.Sprintf("it has finished (%s)", stateOf(t.kind))
	}
	return e.whyNot(t)
}

func (e *env) whyNotResubmit(t *entry) string {
	switch {
	case t.parent != 0:
		return fmt.Sprintf("it is a subtask of %d", t.parent)
	case t.kind != kindFailed && t.kind != kindCanceled:
		return fmt.Sprintf("it is %s, not FAILED or CANCELED", stateOf(t.kind))
	}
	return e.whyNot(t)
}

// openMenu shows what can be done to a task.
func (e *env) openMenu(id int64, c *calls) {
	t := e.store.get(id)
	if t == nil {
		e.tell(roleWarn, "nothing to act on is selected")
		return
	}
	all := e.deeds(t, c)
	d := &dialog{title: fmt.Sprintf("act on %d", id), hint: "press a letter · esc leaves"}
	for _, dd := range all {
		text, ro := fmt.Sprintf("%s  %-14s %s", dd.key, dd.name, dd.about), roleText
		if dd.why != "" {
			text, ro = fmt.Sprintf("%s  %-14s %s %s", dd.key, dd.name, e.sign(markOff), dd.why), roleDim
		}
		d.say(ro, text)
	}
	d.answer = func(key string) (tea.Cmd, bool) {
		for _, dd := range all {
			switch {
			case dd.key != key:
			case dd.why != "":
				e.tell(roleWarn, fmt.Sprintf("%s %s: %s", e.sign(markOff), dd.name, dd.why))
			default:
				e.dialog = dd.begin()
			}
		}
		return nil, false
	}
	e.dialog = d
}

// command is the line that does the same in a shell.
func (e *env) command(verb string, id int64) string {
	return fmt.Sprintf("koji -p %s %s %d", shellQuote(e.profile), verb, id)
}

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+-]+$`)

func shellQuote(s string) string {
	if bareWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// confirmCancel says what a cancel would do. Its safe answer is the one that
// enter gives.
func (e *env) confirmCancel(id int64, c *calls) *dialog {
	t := e.store.get(id)
	what := "task"
	if t.method == "build" {
		what = "build"
	}
	d := &dialog{title: "Cancel a " + what + "?", hint: "y cancel it · n keep it · esc keep it"}
	d.say(roleText, fmt.Sprintf("Cancels %d %s", id, t.label))
	n, total := e.store.below(id)
	if total > 0 {
		running := n[kindRun] + n[kindParent] + n[kindRepo]
		waiting := n[kindFree] + n[kindAssigned]
		d.say(roleText, fmt.Sprintf("and its %d subtasks: %d running, %d waiting, %d finished (kept).", total, running, waiting, n[kindDone]+n[kindFailed]+n[kindCanceled]))
	}
	if lost := e.workLost(id); lost != "" {
		d.say(roleWarn, lost)
	}
	d.say(roleText, "")
	d.say(roleLink, "$ "+e.command("cancel", id))
	d.answer = func(key string) (tea.Cmd, bool) {
		switch key {
		case "y":
			return e.ask(c, func(ctx context.Context) (any, error) {
				e.meter.add(e.now())
				return done{verb: "cancel", id: id}, e.act.Call(ctx, "cancelTask", nil, id)
			}), true
		case "n", "enter":
			return nil, true
		}
		return nil, false
	}
	return d
}

// workLost says how much work of which hosts a cancel throws away.
func (e *env) workLost(id int64) string {
	var spans, hosts []string
	seen := map[string]bool{}
	var walk func(id int64)
	walk = func(id int64) {
		t := e.store.get(id)
		if t == nil {
			return
		}
		if t.kind == kindRun && t.started > 0 {
			spans = append(spans, span(e.clock()-t.started))
			if t.host != "" && !seen[t.host] {
				seen[t.host] = true
				hosts = append(hosts, t.host)
			}
		}
		for _, child := range t.children {
			walk(child)
		}
	}
	walk(id)
	if len(spans) == 0 {
		return ""
	}
	sort.Strings(hosts)
	verb := "is"
	if len(spans) > 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s of work on %s %s lost.", enumerate(spans), enumerate(hosts), verb)
}

// enumerate is at most three of the words, and how many more there are.
func enumerate(words []string) string {
	switch n := len(words); {
	case n == 0:
		return "-"
	case n == 1:
		return words[0]
	case n > 4:
		return fmt.Sprintf("%s and %d more", strings.Join(words[:3], ", "), n-3)
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

func (e *env) confirmResubmit(id int64, c *calls) *dialog {
	t := e.store.get(id)
	d := &dialog{title: "Submit again?", hint: "↵ submit · esc leave"}
	d.say(roleText, fmt.Sprintf("Makes a new task like %d %s", id, t.label))
	d.say(roleText, fmt.Sprintf("with the same parameters, for %s.", orID(t.ownerName, t.owner)))
	d.say(roleText, "")
	d.say(roleLink, "$ "+e.command("resubmit", id))
	d.answer = func(key string) (tea.Cmd, bool) {
		switch key {
		case "y", "enter":
			return e.ask(c, func(ctx context.Context) (any, error) {
				e.meter.add(e.now())
				out := done{verb: "resubmit", id: id}
				err := e.act.Call(ctx, "resubmitTask", &out.made, id)
				return out, err
			}), true
		case "n":
			return nil, true
		}
		return nil, false
	}
	return d
}

// done is the end of a deed.
type done struct {
	verb     string
	id, made int64
}

// tellDone tells how a deed ended.
func (e *env) tellDone(d done, err error) {
	switch {
	case err != nil:
		e.tell(roleFail, fmt.Sprintf("%s %s %d: %s", e.sign(markOff), d.verb, d.id, errorText(err)))
		return
	case d.made != 0:
		e.tell(roleDone, fmt.Sprintf("%d is submitted again as %d", d.id, d.made))
	default:
		e.tell(roleDone, fmt.Sprintf("%d is canceled", d.id))
	}
	if !e.link.stream {
		e.feed.poke()
	}
}
