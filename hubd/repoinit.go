package hubd

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"koji"
	"koji/internal/comps"
	"koji/sqlstore"
)

// skeleton is what the hub writes of a repo before createrepo runs: which
// packages it is of. Koji: reference/scheduler_repos.md, "repoInit output".
type skeleton struct {
	in   *intake
	tag  *koji.Tag // with its extra; QueryEvent is the repo's event where it isn't now
	repo sqlstore.NewRepo
	id   int64
	opts repoOpts

	lists map[string]*repoList
}

// repoList are the files of one arch's folder while they are written.
type repoList struct {
	pkgs, rpms         *bufio.Writer
	pkgsFile, rpmsFile *os.File
}

func (s *skeleton) on(opt string) bool { return truthy(s.opts[opt]) }

func (s *skeleton) write() (err error) {
	c := s.in.c
	about := map[string]any{
		"id": s.id, "tag": s.tag.Name, "tag_id": s.tag.ID, "task_id": nil, "event_id": s.repo.CreateEvent, "opts": s.repo.Opts,
		"custom_opts": s.repo.CustomOpts, "with_src": s.on("src"), "with_separate_src": s.on("separate_src"), "with_debuginfo": s.on("debuginfo"),
	}
	if s.repo.Task != 0 {
		about["task_id"] = s.repo.Task
	}
	data, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return wrapError(err, "write repo.json")
	}
	if err := s.in.write("repo.json", append(data, '\n')); err != nil {
		return err
	}
	groups, err := c.tagGroups(s.tag.ID, groupsQuery{event: s.tag.QueryEvent, inherit: true, packages: true, reqs: true})
	if err != nil {
		return err
	}
	if err := s.in.write("groups/comps.xml", comps.XML(compsGroups(groups), true)); err != nil {
		return err
	}
	defer s.closeLists()
	if err := s.openLists(); err != nil {
		return err
	}
	if err := s.writeBlocklists(); err != nil {
		return err
	}
	if err := s.writePackages(); err != nil {
		return err
	}
	if s.on("maven") {
		if err := s.writeMaven(); err != nil {
			return err
		}
	}
	return s.finishLists()
}

// openLists makes a folder for each arch of the tag, and one for sources where those are kept apart.
func (s *skeleton) openLists() error {
	config, err := s.in.c.resolve(s.tag)
	if err != nil {
		return err
	}
	var arches []string
	if config.Arches != nil {
		list, err := koji.ArchList(*config.Arches)
		if err != nil {
			return refuse("tag %s: %v", s.tag.Name, err)
		}
		for _, a := range list {
			if a = koji.CanonicalArch(a); a != "src" && a != "noarch" && !slices.Contains(arches, a) {
				arches = append(arches, a)
			}
		}
	}
	if s.on("separate_src") {
		arches = append(arches, "src")
	}
	// From repos/TAG/ID/ARCH up to the topdir.
	depth := strings.Count(s.in.c.hub.below(s.in.c.hub.paths.Repo(s.tag.Name, s.id)), "/") + 2
	top := strings.TrimSuffix(strings.Repeat("../", depth), "/")
	s.lists = map[string]*repoList{}
	for _, arch := range arches {
		l := &repoList{}
		s.lists[arch] = l
		if l.pkgsFile, err = s.in.create(path.Join(arch, "pkglist")); err != nil {
			return err
		}
		if l.rpmsFile, err = s.in.create(path.Join(arch, "rpmlist.jsonl")); err != nil {
			return err
		}
		l.pkgs, l.rpms = bufio.NewWriter(l.pkgsFile), bufio.NewWriter(l.rpmsFile)
		if err := s.in.volume.Symlink(top, path.Join(s.in.stage, arch, "toplink")); err != nil {
			return diskFault(err, "link toplink")
		}
	}
	return nil
}

func (s *skeleton) closeLists() {
	for _, l := range s.lists {
		for _, f := range []*os.File{l.pkgsFile, l.rpmsFile} {
			if f != nil {
				f.Close() // again, when all went well
			}
		}
	}
}

func (s *skeleton) finishLists() error {
	for arch, l := range s.lists {
		err := errors.Join(l.pkgs.Flush(), l.rpms.Flush())
		if err == nil {
			err = errors.Join(l.pkgsFile.Sync(), l.rpmsFile.Sync(), l.pkgsFile.Close(), l.rpmsFile.Close())
		}
		if err != nil {
			return diskFault(err, "write package lists of %s", arch)
		}
	}
	return nil
}

// writeBlocklists lists the packages that the tag blocks: those of external repos are left out too.
func (s *skeleton) writeBlocklists() error {
	entries, err := s.in.c.tagPackages(s.tag.ID, packageQuery{inherit: true, filter: sqlstore.PackageFilter{Event: s.tag.QueryEvent}})
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if e.Blocked {
			names = append(names, e.PackageName+"\n")
		}
	}
	slices.Sort(names)
	for arch := range s.lists {
		if err := s.in.write(path.Join(arch, "blocklist"), []byte(strings.Join(names, ""))); err != nil {
			return err
		}
	}
	return nil
}

// writePackages lists the rpms of the tag's latest builds or, with extra
// repo_include_all, of all.
func (s *skeleton) writePackages() error {
	c := s.in.c
	f := sqlstore.TaggedFilter{Tag: s.tag.ID, Event: s.tag.QueryEvent, Inherit: true, Latest: 1}
	if truthy(s.tag.Extra["repo_include_all"]) {
		f.Latest = 0
	}
	builds, err := c.tx.TaggedBuilds(c, f)
	if err != nil {
		return err
	}
	folders := map[int64]string{}
	var ids []int64
	for b, err := range builds {
		if err != nil {
			return err
		}
		if _, known := folders[b.ID]; !known {
			folders[b.ID] = path.Join("toplink", c.hub.below(c.hub.paths.Build(b.VolumeName, b.Name, b.Version, b.Release)))
			ids = append(ids, b.ID)
		}
	}
	for r, err := range c.tx.RPMsOfBuilds(c, ids, nil, false) {
		if err != nil {
			return err
		}
		if r.MetadataOnly || !s.on("debuginfo") && isDebuginfo(r.Name) {
			continue
		}
		line, err := json.Marshal(rpmLineOf(&r))
		if err != nil {
			return wrapError(err, "write rpmlist")
		}
		for _, arch := range s.archesOf(r.Arch) {
			l := s.lists[arch]
			// Errors stay in the writers until finishLists asks.
			l.pkgs.WriteString(folders[*r.BuildID] + "/" + r.Arch + "/" + r.FileName() + "\n")
			l.rpms.Write(line)
			l.rpms.WriteByte('\n')
		}
	}
	return nil
}

// archesOf are the folders that an rpm of an arch belongs to.
func (s *skeleton) archesOf(arch string) []string {
	var all []string
	switch arch {
	case "src":
		for a := range s.lists {
			if s.on("src") || a == "src" {
				all = append(all, a)
			}
		}
	case "noarch":
		for a := range s.lists {
			if a != "src" {
				all = append(all, a)
			}
		}
	default:
		if a := koji.CanonicalArch(arch); s.lists[a] != nil {
			all = append(all, a)
		}
	}
	return all
}

// isDebuginfo says whether a package is one that only debuggers want.
func isDebuginfo(name string) bool {
	return strings.HasSuffix(name, "-debuginfo") || strings.HasSuffix(name, "-debugsource") || strings.Contains(name, "-debuginfo-")
}

// rpmLine is an rpm as a line of rpmlist.jsonl.
type rpmLine struct {
	Arch         string `json:"arch"`
	BuildID      *int64 `json:"build_id"`
	BuildrootID  *int64 `json:"buildroot_id"`
	BuildTime    int64  `json:"buildtime"`
	Draft        *bool  `json:"draft"`
	Epoch        *int64 `json:"epoch"`
	Extra        any    `json:"extra"`
	ID           int64  `json:"id"`
	MetadataOnly bool   `json:"metadata_only"`
	Name         string `json:"name"`
	PayloadHash  string `json:"payloadhash"`
	Release      string `json:"release"`
	Size         int64  `json:"size"`
	Version      string `json:"version"`
}

func rpmLineOf(r *koji.RPM) rpmLine {
	return rpmLine{
		r.Arch, r.BuildID, r.BuildrootID, r.BuildTime, r.Draft, r.Epoch, r.Extra, r.ID, r.MetadataOnly, r.Name, r.PayloadHash,
		r.Release, r.Size, r.Version,
	}
}

// compsGroups are groups as comps takes them.
func compsGroups(groups []*tagGroup) []koji.Group {
	list := make([]koji.Group, len(groups))
	for i, g := range groups {
		list[i] = koji.Group{
			GroupID: g.GroupID, TagID: g.TagID, Name: g.Name, DisplayName: g.DisplayName, Description: g.Description, Blocked: g.Blocked,
			Exported: g.Exported, IsDefault: g.IsDefault, UserVisible: g.UserVisible, LangOnly: g.LangOnly, BiarchOnly: g.BiarchOnly,
			Packages: g.packages, Groups: g.reqs,
		}
	}
	return list
}
