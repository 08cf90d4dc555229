package tui

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// buildDetail is what the hub tells of a build. Parts that a hub couldn't
// answer are empty; only a build that isn't there is an error.
type buildDetail struct {
	row       buildRow
	build     koji.Build
	rpms      []rpmRow
	archives  []koji.Archive
	logs      []koji.BuildLog
	tags      []tagStay
	changelog []koji.ChangelogEntry
	types     map[string]any
	repos     []repoOfTag
}

// rpmRow is an rpm of a build.
type rpmRow struct {
	id, size, buildroot int64
	name, file, arch    string
	keys                []string // that it is signed with
}

// tagStay is a build's time in a tag.
type tagStay struct {
	tag, by, endedBy string
	event, endEvent  int64
	from, to         float64 // to is 0 while it lasts
}

// repoOfTag says whether a tag's newest repo has what came into another by an event.
type repoOfTag struct {
	tag, from string // from is the tag that it gets the build from
	repo      *koji.Repo
	has       bool
}

// changelogLimit is how many entries of a changelog are shown.
const changelogLimit = 100

// loadBuild asks for a build by its id or NVR.
func loadBuild(ctx context.Context, h *hub, ref any) (*buildDetail, error) {
	d := &buildDetail{}
	var b *koji.Build
	if err := h.call(ctx, "getBuild", &b, ref); err != nil {
		return d, err
	}
	if b == nil {
		return d, fmt.Errorf("no such build: %v", ref)
	}
	d.build, d.row = *b, buildOf(*b)
	id := b.BuildID
	var rpms []koji.RPM
	var history struct {
		Listing []stayRecord `xmlrpc:"tag_listing"`
	}
	m := h.read.Multicall()
	m.Add(&rpms, "listRPMs", id)
	m.Add(&d.logs, "getBuildLogs", id)
	m.Add(&history, "queryHistory", koji.Named{"tables": []string{"tag_listing"}, "build": id})
	m.Add(&d.changelog, "getChangelogEntries", id, koji.Named{"queryOpts": map[string]any{"limit": changelogLimit}})
	m.Add(&d.types, "getBuildType", id)
	m.Add(&d.archives, "listArchives", id)
	if err := h.run(ctx, m); err != nil {
		return d, err
	}
	d.tags = staysOf(history.Listing)
	keys, err := loadMore(ctx, h, d, rpms)
	if err != nil {
		return d, err
	}
	d.rpms = rpmRows(rpms, keys)
	slices.SortFunc(d.logs, func(a, b koji.BuildLog) int {
		return cmp.Or(strings.Compare(a.Dir, b.Dir), strings.Compare(logRank(a.Name), logRank(b.Name)))
	})
	return d, nil
}

// loadMore asks what depends on the first answers: the signatures of rpms, and
// whether the repos made of the build's tags have it.
func loadMore(ctx context.Context, h *hub, d *buildDetail, rpms []koji.RPM) (keys map[int64][]string, err error) {
	signed := make([][]struct {
		Key string `xmlrpc:"sigkey"`
	}, len(rpms))
	m := h.read.Multicall()
	for i, r := range rpms {
		m.Add(&signed[i], "queryRPMSigs", r.ID)
	}
	active := d.activeTags()
	targets := make([][]koji.Target, len(active))
	for i, t := range active {
		m.Add(&targets[i], "getBuildTargets", koji.Named{"destTagID": t.tag})
	}
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	keys = map[int64][]string{}
	for i, r := range rpms {
		for _, s := range signed[i] {
			if s.Key != "" {
				keys[r.ID] = append(keys[r.ID], safetext.Clean(s.Key))
			}
		}
		slices.Sort(keys[r.ID])
	}
	return keys, d.loadRepos(ctx, h, active, targets)
}

// loadRepos asks for the newest repos of the tags that are built in for the
// tags the build is in.
func (d *buildDetail) loadRepos(ctx context.Context, h *hub, active []tagStay, targets [][]koji.Target) error {
	seen := map[string]bool{}
	events := map[int]int64{}
	m := h.read.Multicall()
	var repos []*koji.Repo
	for i, stay := range active {
		for _, t := range targets[i] {
			if name := safetext.Clean(t.BuildTagName); !seen[name] && len(d.repos) < 10 {
				seen[name] = true
				events[len(d.repos)] = stay.event
				d.repos = append(d.repos, repoOfTag{tag: name, from: stay.tag})
			}
		}
	}
	repos = make([]*koji.Repo, len(d.repos))
	for i := range d.repos {
		m.Add(&repos[i], "getRepo", d.repos[i].tag)
	}
	if err := h.run(ctx, m); err != nil {
		return err
	}
	for i := range d.repos {
		d.repos[i].repo = repos[i]
		d.repos[i].has = repos[i] != nil && repos[i].CreateEvent >= events[i]
	}
	return nil
}

// stayRecord is a row of tag_listing as queryHistory tells it.
type stayRecord struct {
	Tag         string   `xmlrpc:"tag.name"`
	CreateEvent int64    `xmlrpc:"create_event"`
	CreateTS    float64  `xmlrpc:"create_ts"`
	CreatorName string   `xmlrpc:"creator_name"`
	RevokeEvent *int64   `xmlrpc:"revoke_event"`
	RevokeTS    *float64 `xmlrpc:"revoke_ts"`
	RevokerName *string  `xmlrpc:"revoker_name"`
}

func staysOf(records []stayRecord) []tagStay {
	var stays []tagStay
	for _, r := range records {
		stays = append(stays, tagStay{
			tag: safetext.Clean(r.Tag), by: safetext.Clean(r.CreatorName), endedBy: safetext.Clean(value(r.RevokerName)),
			event: r.CreateEvent, endEvent: value(r.RevokeEvent), from: r.CreateTS, to: value(r.RevokeTS),
		})
	}
	slices.SortFunc(stays, func(a, b tagStay) int { return cmp.Or(cmp.Compare(b.event, a.event), strings.Compare(a.tag, b.tag)) })
	return stays
}

// activeTags are the tags that the build is in.
func (d *buildDetail) activeTags() []tagStay {
	var active []tagStay
	for _, t := range d.tags {
		if t.endEvent == 0 {
			active = append(active, t)
		}
	}
	return active
}

// rpmRows are a build's rpms by arch, sources first and debug packages last.
func rpmRows(rpms []koji.RPM, keys map[int64][]string) []rpmRow {
	var rows []rpmRow
	for _, r := range rpms {
		rows = append(rows, rpmRow{
			id: r.ID, size: r.Size, buildroot: value(r.BuildrootID), name: safetext.Clean(r.Name), arch: safetext.Clean(r.Arch),
			file: safetext.Clean(r.FileName()), keys: keys[r.ID],
		})
	}
	slices.SortFunc(rows, func(a, b rpmRow) int { return cmp.Or(archOrder(a.arch, b.arch), strings.Compare(a.file, b.file)) })
	return rows
}

// archOrder puts src first and noarch last.
func archOrder(a, b string) int {
	rank := func(arch string) int {
		switch arch {
		case "src", "nosrc":
			return 0
		case "noarch":
			return 2
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

// event is something that happened to a build.
type buildEvent struct {
	ts   float64
	id   int64 // of the event, 0 if it has none
	text string
	by   string
	mark mark
}

// history is what happened to a build, the newest first.
func (d *buildDetail) history() []buildEvent {
	var list []buildEvent
	b, owner := d.build, d.row.owner
	add := func(ts float64, id int64, text, by string, m mark) {
		if ts > 0 {
			list = append(list, buildEvent{ts, id, text, by, m})
		}
	}
	add(firstKnown(value(b.CreationTS), stamp(b.CreationTime)), b.CreationEventID, "begun", owner, buildMarks[koji.BuildBuilding])
	if b.State != koji.BuildBuilding {
		add(d.row.completed, 0, strings.ToLower(b.State.String()), "", buildMark(b.State))
	}
	add(firstKnown(value(b.PromotionTS), stamp(b.PromotionTime)), 0, "made a full build of a draft", safetext.Clean(value(b.PromoterName)), buildMarks[koji.BuildComplete])
	for _, t := range d.tags {
		add(t.from, t.event, "tagged into "+t.tag, t.by, markAdded)
		if t.endEvent != 0 {
			add(t.to, t.endEvent, "untagged from "+t.tag, t.endedBy, markGone)
		}
	}
	slices.SortStableFunc(list, func(a, b buildEvent) int { return cmp.Or(cmp.Compare(b.ts, a.ts), cmp.Compare(b.id, a.id)) })
	return list
}

// typeNames are the kinds of things that the build made.
func (d *buildDetail) typeNames() []string { return slices.Sorted(maps.Keys(d.types)) }
