package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"koji"
	"koji/internal/lazyregexp"
)

// driverRe is the line of kojid's log that says how it builds; the last counts.
var driverRe = lazyregexp.New(`(?m) msg="(buildroot driver|this builder can build no packages)"(?: driver=(\S+))? (?:why|error)=("(?:[^"\\]|\\.)*"|\S+)`)

// driver is the kind of the builder's buildroots, and why it is that.
func (l *lab) driver() (kind, why string) {
	data, err := os.ReadFile(l.log("kojid"))
	if err != nil {
		return "unknown", err.Error()
	}
	all := driverRe().FindAllSubmatch(data, -1)
	if len(all) == 0 {
		return "unknown", "its log doesn't say"
	}
	last := all[len(all)-1]
	kind, why = string(last[2]), string(last[3])
	if kind == "" {
		kind = "no"
	}
	if plain, err := strconv.Unquote(why); err == nil {
		why = plain
	}
	return kind, why
}

// status is a small picture of the lab.
func (l *lab) status(ctx context.Context) error {
	s, err := l.load()
	if err != nil {
		return err
	}
	if !s.Prepared {
		l.say("there is no lab in %s: `koji lab up` makes one", l.dir)
		return nil
	}
	l.say("lab in %s", l.dir)
	for _, name := range labPrograms {
		word := "down"
		if pids := s.pids(name); len(pids) > 0 {
			word = fmt.Sprintf("runs (process %d)", pids[0])
		}
		l.say("  %-7s %s", name, word)
	}
	if len(s.pids("hubd")) == 0 {
		l.say("`koji lab up` starts it")
		return nil
	}
	session, err := l.session(ctx, s)
	if err != nil {
		return err
	}
	defer endSession(ctx, session)
	return l.picture(ctx, session, s)
}

// picture is what the hub knows.
func (l *lab) picture(ctx context.Context, session *koji.Session, s *labState) error {
	host, err := labHost(ctx, session, s.Builder)
	if err != nil {
		return err
	}
	var (
		tags   []koji.ListedTag
		builds []koji.Build
		open   []koji.Task
	)
	m := session.Multicall()
	m.Add(&tags, "listTags", koji.Named{"queryOpts": map[string]any{"order": "name"}})
	m.Add(&builds, "listBuilds", koji.Named{"queryOpts": map[string]any{"order": "-build_id", "limit": 5}})
	m.Add(&open, "listTasks", map[string]any{"state": []int{int(koji.TaskFree), int(koji.TaskOpen), int(koji.TaskAssigned)}})
	if err := m.Run(ctx); err != nil {
		return fmt.Errorf("ask the hub: %w", err)
	}
	kind, why := l.driver()
	ready := "not ready"
	if host.Ready {
		ready = "ready"
	}
	names := make([]string, len(tags))
	for i, t := range tags {
		names[i] = t.Name
	}
	l.say("  %-7s %s", "hub", s.server())
	l.say("  %-7s %s, %s, load %.1f of %.1f, %s buildroots: %s", "builder", s.Builder, ready, host.TaskLoad, host.Capacity, kind, why)
	l.say("  %-7s %s", "tags", strings.Join(names, " "))
	l.say("  %-7s %d at work", "tasks", len(open))
	for _, b := range builds {
		l.say("  %-7s %-30s %s", "build", b.NVR, b.State)
	}
	return nil
}
