package tui

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// behind is how many events have changed what a repo holds since it was made.
type behind struct {
	n     int
	known bool
	asked time.Time
}

// behindTold are such numbers by the repos' ids, as the hub told them.
type behindTold map[int64]int

const (
	behindEvery = time.Minute    // how often changes are counted where the hub doesn't tell of them
	behindLimit = 30 * 24 * 3600 // seconds; of older repos that many changes are no news
	behindMost  = 10             // repos counted at once
)

// countBehind asks of the repos on the screen how far they are behind.
func (v *reposView) countBehind() tea.Cmd {
	if v.tabs.at != 1 || v.data == nil || v.e.lost() || !v.e.shown(v) {
		return nil
	}
	var ask []repoRow
	now := v.e.now()
	for _, r := range v.repos.visible() {
		b := v.counts[r.id]
		if r.endEvent == 0 || r.dist || r.state == koji.RepoProblem || seconds(now)-r.created > behindLimit || len(ask) == behindMost {
			continue
		}
		if b.asked.IsZero() || !v.e.link.stream && now.Sub(b.asked) >= behindEvery {
			b.asked = now
			v.counts[r.id] = b
			ask = append(ask, r)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	h := v.e.hub
	return v.e.askByItself(v.c, func(ctx context.Context) (any, error) { return askBehind(ctx, h, ask) })
}

// askBehind counts the events since repos were made at which their tags, or
// those that these inherit from, were changed.
func askBehind(ctx context.Context, h *hub, repos []repoRow) (behindTold, error) {
	ancestors := make([][]struct {
		ID int64 `xmlrpc:"parent_id"`
	}, len(repos))
	m := h.read.Multicall()
	for i, r := range repos {
		m.Add(&ancestors[i], "getFullInheritance", r.tagID)
	}
	if err := h.all(ctx, m); err != nil {
		return nil, err
	}
	type answer struct {
		repo repoRow
		rows map[string][]historyRecord
	}
	var answers []*answer
	m = h.read.Multicall()
	for i, r := range repos {
		tags := map[int64]bool{r.tagID: true}
		for _, a := range ancestors[i] {
			tags[a.ID] = true
		}
		for tag := range tags {
			if len(tags) > historyTags && tag != r.tagID {
				continue
			}
			a := &answer{repo: r}
			answers = append(answers, a)
			m.Add(&a.rows, "queryHistory", koji.Named{"tag": tag, "afterEvent": r.event})
		}
	}
	if err := h.all(ctx, m); err != nil {
		return nil, err
	}
	events := map[int64]map[int64]bool{}
	for _, a := range answers {
		seen := events[a.repo.id]
		if seen == nil {
			seen = map[int64]bool{}
			events[a.repo.id] = seen
		}
		for _, rows := range a.rows {
			for _, r := range rows {
				for _, e := range []int64{r.number("create_event"), r.number("revoke_event")} {
					if e > a.repo.event {
						seen[e] = true
					}
				}
			}
		}
	}
	told := behindTold{}
	for id, seen := range events {
		told[id] = len(seen)
	}
	return told, nil
}

func (v *reposView) takeBehind(told behindTold) {
	for id, n := range told {
		b := v.counts[id]
		b.n, b.known = n, true
		v.counts[id] = b
	}
	v.repos.build()
}

// behind says whether the tag has changed since the repo was made.
func (v *reposView) behind(r repoRow) (string, role) {
	switch {
	case r.dist:
		return "dist repo", roleDim
	case r.state == koji.RepoInit:
		return "being made", roleRun
	case r.state == koji.RepoProblem:
		return "can't be used", roleFail
	case r.endEvent == 0:
		return "current", roleDone
	}
	text, since := "tag changed", ""
	if r.ended > 0 {
		since = " at " + dayTime(r.ended, v.e.clock(), v.e.loc, 12)
	}
	if b := v.counts[r.id]; b.known {
		text = fmt.Sprintf("%d %s", b.n, plural(b.n, "change", "changes"))
		since = " since " + dayTime(r.created, v.e.clock(), v.e.loc, 12)
	}
	if v.data.failedSince(r) {
		return text + ", regen failed", roleFail
	}
	return text + since, roleWarn
}

// failedSince reports whether the last request for a repo of the tag, made
// after a repo was, came to nothing.
func (d *repoData) failedSince(r repoRow) bool {
	var last *repoRequest
	for i := range d.requests {
		if q := &d.requests[i]; q.tag == r.tag && q.created > r.created && (last == nil || q.id > last.id) {
			last = q
		}
	}
	return last != nil && last.state() == requestFailed
}
