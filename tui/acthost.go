package tui

import (
	"context"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// hostRef is a host as far as deeds need it. Its texts are clean.
type hostRef struct {
	name    string
	enabled bool
	comment string
	running int // its tasks
}

// hostDeeds are what can be done to hosts, the selected one or the marked.
func (e *env) hostDeeds(hosts []hostRef) []deed {
	if len(hosts) == 0 {
		return nil
	}
	why := func(enable bool) string {
		for _, h := range hosts {
			if h.enabled == enable {
				return fmt.Sprintf("%s is %s", h.name, map[bool]string{true: "enabled", false: "disabled"}[enable])
			}
		}
		return e.whyWithout("host")
	}
	return []deed{
		{"e", "enable…", "gets tasks again", why(true), func() tea.Cmd { e.confirm(e.enableHosts(hosts, true)); return nil }},
		{"d", "disable…", "gets no more tasks", why(false), func() tea.Cmd { e.confirm(e.enableHosts(hosts, false)); return nil }},
		{"r", "restart…", "all of a channel or an arch, once they have nothing to do", e.whyWithout("host"), e.beginRestart},
	}
}

// enableHosts enables or disables hosts, with a comment that says why.
func (e *env) enableHosts(hosts []hostRef, enable bool) change {
	verb, method := "disable", "disableHost"
	if enable {
		verb, method = "enable", "enableHost"
	}
	names := theHosts(hosts)
	comment := textField("comment", "")
	if len(hosts) == 1 {
		comment.about = hosts[0].comment
	}
	return change{
		title: fmt.Sprintf("%s %s", map[bool]string{true: "Enable", false: "Disable"}[enable], names), yes: verb, form: newForm(e, comment),
		update: func(c *change) {
			note := comment.text()
			c.lines = nil
			running := 0
			for _, h := range hosts {
				running += h.running
			}
			switch {
			case enable:
				c.say(roleText, "%s %s tasks again.", names, plural(len(hosts), "gets", "get"))
			case running > 0:
				c.say(roleText, "%s %s no new tasks; %d that %s go on.", names, plural(len(hosts), "gets", "get"), running, plural(running, "runs", "run"))
			default:
				c.say(roleText, "%s %s no new tasks.", names, plural(len(hosts), "gets", "get"))
			}
			var args []any
			if note != "" {
				args = append(args, "--comment", note)
			}
			for _, h := range hosts {
				args = append(args, h.name)
			}
			c.command = e.commandLine(verb+"-host", args...)
			c.do = func(ctx context.Context) (string, error) {
				for _, h := range hosts {
					if err := e.modify(ctx, nil, method, h.name); err != nil {
						return "", fmt.Errorf("%s %s: %w", verb, h.name, err)
					}
					if note == "" {
						continue
					}
					if err := e.modify(ctx, nil, "editHost", h.name, koji.Named{"comment": note}); err != nil {
						return "", fmt.Errorf("%s is %sd, but its comment: %w", h.name, verb, err)
					}
				}
				return fmt.Sprintf("%s %s %sd", names, plural(len(hosts), "is", "are"), verb), nil
			}
		},
	}
}

func theHosts(hosts []hostRef) string {
	if len(hosts) == 1 {
		return hosts[0].name
	}
	return fmt.Sprintf("%d hosts", len(hosts))
}
