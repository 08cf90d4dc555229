package tui

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// beginRestart asks which hosts shall start anew.
func (e *env) beginRestart() tea.Cmd {
	channel := pickField("channel", "", e.names(listChannels))
	channel.may, channel.about = true, "empty: of all channels"
	arches := textField("arches", "")
	arches.about = "empty: of all arches"
	limit := textField("timeout", "")
	limit.about = "minutes; empty: a day"
	again := toggleField("force", false)
	again.about = "also while others are being restarted"
	e.confirm(change{
		title: "Restart hosts", yes: "restart", form: newForm(e, channel, arches, limit, again),
		update: func(c *change) {
			c.lines, c.why = nil, ""
			options, args := map[string]any{}, []any{}
			which := "Every enabled host"
			if again.on {
				args = append(args, "--force")
			}
			if name := channel.text(); name != "" {
				if c.why = channel.unsure(); c.why != "" {
					return
				}
				options["channel"], args = name, append(args, "--channel", name)
				which += " of channel " + name
			}
			if list := strings.Fields(arches.text()); len(list) > 0 {
				options["arches"] = list
				for _, a := range list {
					args = append(args, "--arch", a)
				}
				which += " for " + strings.Join(list, " or ")
			}
			if text := limit.text(); text != "" {
				n, err := strconv.ParseInt(text, 10, 32)
				if err != nil || n <= 0 {
					c.why = "the timeout is a number of minutes"
					return
				}
				options["timeout"], args = n, append(args, "--timeout", n)
			}
			c.say(roleText, "%s starts its builder anew once it has nothing to do.", which)
			c.say(roleDim, "Until then it takes no new tasks; those that run are not disturbed.")
			c.command = e.commandLine("restart-hosts", args...)
			c.do = func(ctx context.Context) (string, error) { return e.restartHosts(ctx, options, again.on) }
		},
	})
	return e.fetchNames(listChannels)
}

// restartHosts makes the task, unless hosts are being restarted already.
func (e *env) restartHosts(ctx context.Context, options map[string]any, again bool) (string, error) {
	var others []koji.Task
	if !again {
		err := e.call(ctx, "listTasks", &others, map[string]any{"method": "restartHosts", "state": openTasks}, map[string]any{"order": "id"})
		if err != nil {
			return "", err
		}
	}
	if len(others) > 0 {
		return "", fmt.Errorf("task %d restarts hosts already; force restarts them all the same", others[0].ID)
	}
	args := []any{5}
	if len(options) > 0 {
		args = append(args, options)
	}
	var task int64
	err := e.modify(ctx, &task, "restartHosts", args...)
	return fmt.Sprintf("task %d restarts hosts", task), err
}
