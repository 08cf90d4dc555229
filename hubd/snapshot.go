package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

// snapshot is the copying of a tag into another, as it is or was at an event.
// What the tag inherits comes along, flat: the copy has no parents of its own,
// and no external repos.
type snapshot struct {
	c        *call
	src, dst *koji.Tag
	event    *int64
	force    bool
	remove   bool // what only the copy has goes
	latest   bool // only the latest build of each package
	inherit  bool // also builds that the tag inherits
}

type snapshotTagArgs struct {
	Src     any  `rpc:"src"`
	Dst     any  `rpc:"dst"`
	Config  bool `rpc:"config=true"`
	Pkgs    bool `rpc:"pkgs=true"`
	Builds  bool `rpc:"builds=true"`
	Groups  bool `rpc:"groups=true"`
	Latest  bool `rpc:"latest_only=true"`
	Inherit bool `rpc:"inherit_builds=true"`
	Event   any  `rpc:"event=nil"`
	Force   bool `rpc:"force=false"`
}

func snapshotTag(c *call, a snapshotTagArgs) (any, error) {
	s, err := c.newSnapshot(a)
	if err != nil {
		return nil, err
	}
	name, err := c.newName("tag", a.Dst)
	if err != nil {
		return nil, err
	}
	config := sqlstore.TagConfig{Arches: new(string)}
	if a.Config {
		config = sqlstore.TagConfig{
			Arches: s.src.Arches, Perm: s.src.PermID, Locked: s.src.Locked, MavenSupport: s.src.MavenSupport, MavenIncludeAll: s.src.MavenIncludeAll,
		}
	}
	id, err := c.addTag(name, config)
	if err != nil {
		return nil, err
	}
	s.dst = &koji.Tag{ID: id, Name: name}
	if a.Config {
		if err := s.copyExtra(); err != nil {
			return nil, err
		}
	}
	return nil, s.copyContent(a.Pkgs, a.Builds, a.Groups)
}

type snapshotTagModifyArgs struct {
	Src     any  `rpc:"src"`
	Dst     any  `rpc:"dst"`
	Config  bool `rpc:"config=true"`
	Pkgs    bool `rpc:"pkgs=true"`
	Builds  bool `rpc:"builds=true"`
	Groups  bool `rpc:"groups=true"`
	Latest  bool `rpc:"latest_only=true"`
	Inherit bool `rpc:"inherit_builds=true"`
	Event   any  `rpc:"event=nil"`
	Force   bool `rpc:"force=false"`
	Remove  bool `rpc:"remove=false"`
}

func snapshotTagModify(c *call, a snapshotTagModifyArgs) (any, error) {
	s, err := c.newSnapshot(snapshotTagArgs{a.Src, a.Dst, a.Config, a.Pkgs, a.Builds, a.Groups, a.Latest, a.Inherit, a.Event, a.Force})
	if err != nil {
		return nil, err
	}
	s.remove = a.Remove
	if s.dst, err = c.tagRef(a.Dst); err != nil {
		return nil, err
	}
	if s.dst.Locked && !a.Force {
		return nil, refuse("Tag %s is locked; only with force it is changed", s.dst.Name)
	}
	if a.Config {
		changes := map[string]any{
			"arches": value(s.src.Arches), "perm_id": value(s.src.PermID), "locked": s.src.Locked,
			"maven_support": s.src.MavenSupport, "maven_include_all": s.src.MavenIncludeAll,
		}
		if _, err := c.editTagConfig(s.dst, changes); err != nil {
			return nil, err
		}
		if err := s.copyExtra(); err != nil {
			return nil, err
		}
	}
	return nil, s.copyContent(a.Pkgs, a.Builds, a.Groups)
}

// newSnapshot finds the source.
func (c *call) newSnapshot(a snapshotTagArgs) (*snapshot, error) {
	if a.Builds && !a.Pkgs {
		return nil, fault(koji.CodeParameter, "builds can't be copied without pkgs: a tag shows no builds of packages that it doesn't list")
	}
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	src, err := c.tagAt(a.Src, event)
	switch {
	case err != nil:
		return nil, err
	case src == nil:
		return nil, noSuch(sqlstore.TagNames, a.Src)
	case src.Locked && !a.Force:
		return nil, refuse("Tag %s is locked; only with force it is copied", src.Name)
	}
	return &snapshot{c: c, src: src, event: event, force: a.Force, latest: a.Latest, inherit: a.Inherit}, nil
}

// copyContent copies what is wanted of the tag's content. Packages come before
// the builds, and each build has an event of its own, which keeps their order.
func (s *snapshot) copyContent(packages, builds, groups bool) error {
	var old []sqlstore.TaggedBuild
	var err error
	if builds {
		// Before packages are blocked, which hides their builds.
		if old, err = s.c.taggedBuildList(sqlstore.TaggedFilter{Tag: s.dst.ID}); err != nil {
			return err
		}
	}
	if packages {
		if err := s.copyPackages(); err != nil {
			return err
		}
	}
	if groups {
		if err := s.copyGroups(); err != nil {
			return err
		}
	}
	if builds {
		if err := s.copyBuilds(old); err != nil {
			return err
		}
	}
	return s.c.tagChanged(s.dst.ID, s.dst.Name)
}

// copyExtra makes the copy's extra the same, blocked keys too.
func (s *snapshot) copyExtra() error {
	c := s.c
	theirs, err := c.tx.TagExtras(c, []int64{s.src.ID}, s.event)
	if err != nil {
		return err
	}
	ours, err := c.tx.TagExtras(c, []int64{s.dst.ID}, nil)
	if err != nil {
		return err
	}
	is := func(x sqlstore.TagExtra) func(sqlstore.TagExtra) bool {
		return func(o sqlstore.TagExtra) bool { return o.Key == x.Key }
	}
	for _, x := range ours {
		if slices.ContainsFunc(theirs, is(x)) {
			continue
		}
		if _, err := c.tx.RemoveTagExtra(c, s.dst.ID, x.Key, c.session.user); err != nil {
			return err
		}
	}
	for _, x := range theirs {
		at := slices.IndexFunc(ours, is(x))
		if at >= 0 && ours[at].Blocked == x.Blocked && (x.Blocked || sqlstore.SameExtra(ours[at].Value, x.Value)) {
			continue
		}
		x.Tag = s.dst.ID
		if err := c.tx.SetTagExtra(c, x, c.session.user); err != nil {
			return err
		}
	}
	return nil
}

// copyPackages adds the packages that the copy lacks, and blocks those that
// only it has. The owner of one that both have stays.
func (s *snapshot) copyPackages() error {
	c := s.c
	theirs, err := c.tagPackages(s.src.ID, packageQuery{inherit: true, filter: sqlstore.PackageFilter{Event: s.event}})
	if err != nil {
		return err
	}
	list, err := c.tagPackages(s.dst.ID, packageQuery{inherit: true})
	if err != nil {
		return err
	}
	ours := map[int64]*koji.TagPackage{}
	for i := range list {
		ours[list[i].PackageID] = &list[i]
	}
	for _, p := range theirs {
		old := ours[p.PackageID]
		delete(ours, p.PackageID)
		if old != nil && old.Blocked == p.Blocked && same(old.ExtraArches, p.ExtraArches) {
			continue
		}
		owner := p.OwnerID
		if old != nil {
			owner = nil
		}
		if err := s.setPackage(p, old, p.Blocked, owner, p.ExtraArches); err != nil {
			return err
		}
	}
	for _, p := range list {
		if ours[p.PackageID] == nil || p.Blocked {
			continue
		}
		if err := s.setPackage(p, ours[p.PackageID], true, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) setPackage(p koji.TagPackage, old *koji.TagPackage, block bool, owner *int64, arches *string) error {
	ch := packageChange{Block: &block, Force: true}
	if err := s.c.mayChangePackage(s.dst, p.PackageName, ch.action(), s.force, false); err != nil {
		return err
	}
	return s.c.changeEntry(s.dst, sqlstore.Name{ID: p.PackageID, Name: p.PackageName}, old, ch, owner, arches)
}

// copyBuilds makes the newest builds of each package those of the source, in
// the same order; old are the copy's builds before. What is right already stays
// as it is.
func (s *snapshot) copyBuilds(old []sqlstore.TaggedBuild) error {
	c := s.c
	f := sqlstore.TaggedFilter{Tag: s.src.ID, Event: s.event, Inherit: s.inherit}
	if s.latest {
		f.Latest = 1
	}
	builds, err := c.taggedBuildList(f)
	if err != nil {
		return err
	}
	// Of a build that comes more than once the nearest place counts: the first.
	seen := map[int64]bool{}
	builds = slices.DeleteFunc(builds, func(b sqlstore.TaggedBuild) bool {
		again := seen[b.ID]
		seen[b.ID] = true
		return again
	})
	slices.Reverse(builds) // the oldest first
	wanted := map[int64][]int64{}
	for _, b := range builds {
		wanted[b.PackageID] = append(wanted[b.PackageID], b.ID)
	}
	has := map[int64][]int64{}
	for _, b := range slices.Backward(old) {
		if !s.remove || slices.Contains(wanted[b.PackageID], b.ID) {
			has[b.PackageID] = append(has[b.PackageID], b.ID)
			continue
		}
		if err := s.untag(b.ID); err != nil {
			return err
		}
	}
	done := map[int64]bool{}
	for pkg, ids := range wanted {
		for _, id := range ids[:inPlace(has[pkg], ids)] {
			done[id] = true
		}
	}
	for _, b := range builds {
		if done[b.ID] {
			continue
		}
		if err := s.tag(b.ID); err != nil {
			return err
		}
	}
	return nil
}

// inPlace is how many of the wanted builds need no tagging: the longest
// beginning of them with which the list that is there ends.
func inPlace(has, wanted []int64) int {
	for n := min(len(has), len(wanted)); n > 0; n-- {
		if slices.Equal(has[len(has)-n:], wanted[:n]) {
			return n
		}
	}
	return 0
}

func (s *snapshot) tag(build int64) error {
	b, err := s.c.buildRef(build)
	if err != nil {
		return err
	}
	defer s.c.tx.EndCall()
	return s.c.addToTag(tagging{build: b, tag: s.dst, user: s.c.session.user, force: true})
}

func (s *snapshot) untag(build int64) error {
	b, err := s.c.buildRef(build)
	if err != nil {
		return err
	}
	defer s.c.tx.EndCall()
	return s.c.removeFromTag(tagging{build: b, from: s.dst, user: s.c.session.user, force: true}, false)
}

// copyGroups adds the groups, and what is in them, that the copy lacks or has
// otherwise. Only with remove those go that only the copy has.
func (s *snapshot) copyGroups() error {
	c := s.c
	theirs, err := c.tagGroups(s.src.ID, groupsQuery{event: s.event, inherit: true, packages: true, reqs: true})
	if err != nil {
		return err
	}
	ours, err := c.tagGroups(s.dst.ID, groupsQuery{inherit: true, packages: true, reqs: true})
	if err != nil {
		return err
	}
	for _, g := range theirs {
		old := &tagGroup{}
		if at := slices.IndexFunc(ours, func(o *tagGroup) bool { return o.GroupID == g.GroupID }); at >= 0 {
			old = ours[at]
			ours = slices.Delete(ours, at, at+1)
		}
		if err := s.copyGroup(g, old); err != nil {
			return err
		}
	}
	for _, g := range ours {
		if !s.remove || g.TagID != s.dst.ID {
			continue
		}
		if _, err := c.tx.RemoveGroup(c, s.dst.ID, g.GroupID, c.session.user); err != nil {
			return err
		}
		if err := s.copyGroup(&tagGroup{}, g); err != nil {
			return err
		}
	}
	return nil
}

// copyGroup copies one group; old is the one that is there, empty if there is none.
func (s *snapshot) copyGroup(g, old *tagGroup) error {
	c, by := s.c, s.c.session.user
	if g.GroupID != 0 && (old.GroupID == 0 || !sameGroup(g.GroupConfig, old.GroupConfig)) {
		config := g.GroupConfig
		config.TagID = s.dst.ID
		if err := c.tx.SetGroup(c, config, by); err != nil {
			return err
		}
	}
	for _, p := range g.packages {
		p.TagID = s.dst.ID
		if slices.ContainsFunc(old.packages, func(o koji.GroupPackage) bool { return sameGroupPackage(o, p) }) {
			continue
		}
		if err := c.tx.SetGroupPackage(c, p, by); err != nil {
			return err
		}
	}
	for _, r := range g.reqs {
		r.TagID = s.dst.ID
		if slices.ContainsFunc(old.reqs, func(o koji.GroupReq) bool { return sameGroupReq(o, r) }) {
			continue
		}
		if err := c.tx.SetGroupReq(c, r, by); err != nil {
			return err
		}
	}
	if !s.remove {
		return nil
	}
	for _, p := range old.packages {
		if p.TagID != s.dst.ID || slices.ContainsFunc(g.packages, func(o koji.GroupPackage) bool { return o.Package == p.Package }) {
			continue
		}
		if _, err := c.tx.RemoveGroupPackage(c, s.dst.ID, p.GroupID, p.Package, by); err != nil {
			return err
		}
	}
	for _, r := range old.reqs {
		if r.TagID != s.dst.ID || slices.ContainsFunc(g.reqs, func(o koji.GroupReq) bool { return o.ReqID == r.ReqID }) {
			continue
		}
		if _, err := c.tx.RemoveGroupReq(c, s.dst.ID, r.GroupID, r.ReqID, by); err != nil {
			return err
		}
	}
	return nil
}
