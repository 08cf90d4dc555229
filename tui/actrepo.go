package tui

import (
	"context"
	"fmt"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// repoDeeds are what can be done about the repo of a tag.
func (e *env) repoDeeds(tag string) []deed {
	if tag == "" {
		return nil
	}
	return []deed{
		{"r", "regenerate…", "a repo as new as " + tag, e.whyOffline(), func() tea.Cmd { e.confirm(e.regenerate(tag)); return nil }},
	}
}

// regenerate asks for a repo of a tag: a request, which a repo that is new
// enough answers at once, or a task in any case.
func (e *env) regenerate(tag string) change {
	always := toggleField("in any case", false)
	always.about = "a newRepo task, even if the newest repo is as new as the tag"
	if why := e.whyWithout("repo"); why != "" && e.whyWithout("regen-repo") != "" {
		always.why = why
	}
	prio := textField("priority", "")
	prio.about = "of the request; the lower, the sooner"
	return change{
		title: "Regenerate the repo of " + tag, yes: "regenerate", form: newForm(e, prio, always),
		update: func(c *change) {
			c.lines, c.why = nil, ""
			if always.on {
				c.say(roleText, "Makes a newRepo task for %s.", tag)
				c.command = e.commandLine("regen-repo", "--make-task", tag)
				c.do = func(ctx context.Context) (string, error) {
					var task int64
					err := e.modify(ctx, &task, "newRepo", tag)
					return fmt.Sprintf("task %d makes a repo of %s", task, tag), err
				}
				return
			}
			c.say(roleText, "Asks for a repo of %s that is as new as its last change.", tag)
			named := koji.Named{"min_event": "last"}
			var args []any
			if text := prio.text(); text != "" {
				n, err := strconv.ParseInt(text, 10, 32)
				if err != nil {
					c.why = "the priority is a number"
					return
				}
				named["priority"] = n
				args = append(args, fmt.Sprintf("--priority=%d", n))
			}
			c.command = e.commandLine("regen-repo", append(args, tag)...)
			c.do = func(ctx context.Context) (string, error) {
				var answer requested
				if err := e.modify(ctx, &answer, "repo.request", tag, named); err != nil {
					return "", err
				}
				return answer.text(tag), nil
			}
		},
	}
}

// requested is what repo.request answers.
type requested struct {
	Repo *struct {
		ID int64 `xmlrpc:"id"`
	} `xmlrpc:"repo"`
	Request *struct {
		ID int64 `xmlrpc:"id"`
	} `xmlrpc:"request"`
}

func (r *requested) text(tag string) string {
	switch {
	case r.Repo != nil:
		return fmt.Sprintf("repo %d of %s is new enough", r.Repo.ID, tag)
	case r.Request != nil:
		return fmt.Sprintf("request %d for a repo of %s is queued", r.Request.ID, tag)
	}
	return "a repo of " + tag + " is asked for"
}

// requestRef is a repo request as far as deeds need it. Its texts are clean.
type requestRef struct {
	id, priority int64
	tag          string
	active       bool
}

// requestDeeds are what can be done to a repo request.
func (e *env) requestDeeds(r requestRef) []deed {
	why := e.whyWithout("admin")
	if !r.active {
		why = "it is answered"
	}
	return append(e.repoDeeds(r.tag), deed{"p", "priority…", "how urgent it is", why, func() tea.Cmd { e.confirm(e.prioritizeRequest(r)); return nil }})
}

func (e *env) prioritizeRequest(r requestRef) change {
	number := textField("priority", fmt.Sprint(r.priority))
	number.about = "the lower, the sooner"
	return change{
		title: fmt.Sprintf("Priority of request %d", r.id), yes: "set", form: newForm(e, number),
		update: func(c *change) {
			n, err := strconv.ParseInt(number.text(), 10, 32)
			c.why = ""
			if err != nil {
				c.why = "the priority is a number"
				return
			}
			c.command = e.commandLine("call", "repo.setRequestPriority", r.id, n)
			c.do = func(ctx context.Context) (string, error) {
				return fmt.Sprintf("request %d is of priority %d now", r.id, n), e.modify(ctx, nil, "repo.setRequestPriority", r.id, n)
			}
		},
	}
}
