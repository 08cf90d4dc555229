package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// listOf is a list of names that fields are completed from.
type listOf uint8

const (
	listTags listOf = iota
	listTargets
	listChannels
	listHosts
)

// nameList is a list as it was fetched.
type nameList struct {
	choices []choice
	asked   time.Time
	made    map[string]float64 // when the newest repo of a target's build tag was
}

// namesFetched is the reply that brings a list.
type namesFetched struct {
	of      listOf
	choices []choice
	made    map[string]float64
}

// listLife is how long a list is good for.
const listLife = 5 * time.Minute

// names is a list as far as it is there; nil while it is being asked for.
func (e *env) names(of listOf) func() []choice {
	return func() []choice { return e.lists[of].choices }
}

// fetchNames asks for a list, unless it is there and not old.
func (e *env) fetchNames(of listOf) tea.Cmd {
	if l := e.lists[of]; !l.asked.IsZero() && e.now().Sub(l.asked) < listLife {
		return nil
	}
	l := e.lists[of]
	l.asked = e.now()
	e.lists[of] = l
	h := e.hub
	return e.ask(e.acts, func(ctx context.Context) (any, error) {
		list, made, err := h.fetchNames(ctx, of)
		return namesFetched{of, list, made}, err
	})
}

// takeNames takes a list in.
func (e *env) takeNames(f namesFetched, err error) {
	if err != nil {
		e.lists[f.of] = nameList{choices: []choice{}}
		e.tell(roleWarn, "list to complete from: "+errorText(err))
		return
	}
	e.lists[f.of] = nameList{f.choices, e.lists[f.of].asked, f.made}
}

func (h *hub) fetchNames(ctx context.Context, of listOf) (list []choice, made map[string]float64, err error) {
	list = []choice{}
	add := func(name, about string) { list = append(list, choice{safetext.Clean(name), safetext.Clean(about)}) }
	switch of {
	case listTags:
		var tags []koji.Tag
		if err := h.call(ctx, "listTags", &tags); err != nil {
			return nil, nil, err
		}
		for _, t := range tags {
			about := ""
			if t.Locked {
				about = "locked"
			}
			add(t.Name, about)
		}
	case listTargets:
		targets, repos, err := h.fetchTargets(ctx)
		if err != nil {
			return nil, nil, err
		}
		made = map[string]float64{}
		for _, t := range targets {
			add(t.Name, t.BuildTagName+" → "+t.DestTagName)
			made[safetext.Clean(t.Name)] = repos[t.BuildTag]
		}
	case listChannels:
		var channels []koji.Channel
		if err := h.call(ctx, "listChannels", &channels); err != nil {
			return nil, nil, err
		}
		for _, c := range channels {
			add(c.Name, "")
		}
	case listHosts:
		var hosts []koji.Host
		if err := h.call(ctx, "listHosts", &hosts); err != nil {
			return nil, nil, err
		}
		for _, o := range hosts {
			arches := ""
			if o.Arches != nil {
				arches = *o.Arches
			}
			add(o.Name, arches)
		}
	default:
		return nil, nil, fmt.Errorf("no such list: %d", of)
	}
	slices.SortFunc(list, func(a, b choice) int { return strings.Compare(a.value, b.value) })
	return list, made, nil
}

// fetchTargets are the targets, and when the newest repos of tags were made.
// That those can't be had is no reason to have no targets.
func (h *hub) fetchTargets(ctx context.Context) ([]koji.Target, map[int64]float64, error) {
	var targets []koji.Target
	var repos []koji.Repo
	m := h.read.Multicall()
	m.Add(&targets, "getBuildTargets")
	m.Add(&repos, "repo.query", [][]any{{"state", int(koji.RepoReady)}, {"dist", false}},
		[]string{"id", "tag_id", "creation_ts"}, map[string]any{"order": "id"})
	if err := h.run(ctx, m); err != nil {
		return nil, nil, err
	}
	made := map[int64]float64{}
	for _, r := range repos {
		made[r.TagID] = valueOr(r.CreationTS)
	}
	return targets, made, m.Err(0)
}

// repoAge says how old the newest repo of a target's build tag is.
func (e *env) repoAge(target string) string {
	made := e.lists[listTargets].made
	switch {
	case made == nil:
		return ""
	case made[target] == 0:
		return "  no repo"
	}
	return "  repo " + age(e.clock()-made[target])
}
