package tui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/pylit"
)

// taskForm are the fields of a new task: a method, its parameters, and where
// it runs.
type taskForm struct {
	method, channel, arch, priority *field
	of                              string // the method that the parameters belong to
	params                          []*field
	known                           []koji.TaskParam
}

// newTaskForm is the view that makes a task of any kind.
func newTaskForm(e *env) *formView {
	var methods []choice
	for _, m := range koji.TaskMethods() {
		var names []string
		params, _ := koji.TaskParams(m)
		for _, p := range params {
			names = append(names, p.Name)
		}
		methods = append(methods, choice{m, strings.Join(names, " ")})
	}
	t := &taskForm{
		method:   pickField("method", "", func() []choice { return methods }),
		channel:  pickField("in channel", "", e.names(listChannels)),
		arch:     textField("on arch", ""),
		priority: textField("priority", ""),
	}
	t.channel.may = true
	v := &formView{screen: newScreen(e), name: "make-task"}
	v.form = newForm(e, t.method)
	draft := e.kept.Drafts[v.name]
	v.form.fill(draft)
	t.lay(v.form)
	v.form.fill(draft)
	v.check = func(v *formView) plan {
		if t.of != t.method.text() {
			t.lay(v.form)
		}
		return t.plan(v.e)
	}
	v.load = func() tea.Cmd { return e.fetchNames(listChannels) }
	return v
}

// lay gives the form the fields of the chosen method's parameters. Of a method
// that isn't known they are written as a list.
func (t *taskForm) lay(f *form) {
	t.of = t.method.text()
	t.params, t.known = nil, nil
	params, ok := koji.TaskParams(t.of)
	switch {
	case ok:
		t.known = params
		for _, p := range params {
			fl := textField(p.Name, "")
			fl.about = "needed"
			if p.Optional {
				fl.about = "else " + pylit.Repr(p.Default)
			}
			t.params = append(t.params, fl)
		}
	case t.of != "" && t.method.picked || t.of != "" && len(t.method.matches()) == 0:
		fl := textField("arguments", "")
		fl.about = `a list in JSON, such as ["f44-build", 5]`
		t.params = []*field{fl}
	}
	fields := append([]*field{t.method}, t.params...)
	f.fields = append(fields, t.channel, t.arch, t.priority)
	f.focus(min(f.at, len(f.fields)-1))
}

// plan reads the form.
func (t *taskForm) plan(e *env) plan {
	p := plan{why: e.whyWithout("admin")}
	method := t.method.text()
	args, words, structured, fault := t.arguments()
	named := koji.Named{"method": method, "arglist": args}
	var line []any
	for _, o := range []struct {
		name string
		f    *field
	}{{"channel", t.channel}, {"arch", t.arch}} {
		if text := o.f.text(); text != "" {
			named[o.name] = text
			line = append(line, "--"+o.name+"="+text)
		}
	}
	if text := t.priority.text(); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			fault = "the priority is a number"
		}
		named["priority"] = n
		line = append(line, "--priority="+text)
	}
	if structured {
		line = append(line, "--json-input")
	}
	if method != "" {
		p.command = e.commandLine("make-task", append(append(line, method), words...)...)
	}
	if p.why == "" {
		p.why = fault
	}
	if p.why == "" && method == "" {
		p.why = "no method yet"
	}
	p.do = func(ctx context.Context, _ *transfer) (int64, error) {
		var id int64
		err := e.modify(ctx, &id, "makeTask", named)
		return id, err
	}
	return p
}

// arguments are the parameters as the task gets them and as words of the
// command; structured ones are written as JSON.
func (t *taskForm) arguments() (args, words []any, structured bool, fault string) {
	args = []any{}
	if t.known == nil {
		for _, f := range t.params {
			if f.text() == "" {
				continue
			}
			list, ok := pylit.FilterJSON(f.text()).([]any)
			if !ok {
				return args, nil, false, "the arguments are no list in JSON"
			}
			args = list
		}
		for _, a := range args {
			words = append(words, jsonText(a))
		}
		return args, words, true, ""
	}
	type given struct {
		name, text string
		value      any
		named      bool
	}
	var all []given
	gap := false
	for i, p := range t.known {
		text := t.params[i].text()
		if text == "" {
			if !p.Optional {
				fault = "no " + p.Name + " yet"
			}
			gap = true
			continue
		}
		value, isJSON, err := parameter(text)
		if err != nil {
			return nil, nil, false, fmt.Sprintf("%s: %v", p.Name, err)
		}
		structured = structured || isJSON
		all = append(all, given{p.Name, text, value, gap})
	}
	named := map[string]any{}
	for _, g := range all {
		word := g.text
		if structured {
			word = jsonText(g.value)
		}
		if g.named {
			named[g.name] = g.value
			word = g.name + "=" + word
		} else {
			args = append(args, g.value)
		}
		words = append(words, word)
	}
	if len(named) > 0 {
		named["__starstar"] = true
		args = append(args, named)
	}
	return args, words, structured, fault
}

// parameter reads a value: lists and structs in JSON, else numbers, True,
// False and None as such, and text.
func parameter(text string) (value any, isJSON bool, err error) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return pylit.Filter(text), false, nil
	}
	value = pylit.FilterJSON(text)
	if _, still := value.(string); still {
		return nil, true, errors.New("that is no JSON")
	}
	return value, true, nil
}

func jsonText(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(data)
}
