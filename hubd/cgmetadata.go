package hubd

import (
	"maps"
	"strings"
	"time"

	"koji"
	"koji/sqlstore"
)

// cgMetadata is what a content generator tells of an import. What is in it is
// of the right types and agrees with itself; whether the hub knows what it
// names is another matter. Koji: reference/semantics.md, "Content generators".
type cgMetadata struct {
	told       map[string]any
	generator  string
	build      cgBuild
	buildroots []cgBuildroot
	outputs    []cgOutput
}

type cgBuild struct {
	told           map[string]any // with extra as it is stored
	id             int64          // of the build that was reserved; 0 for none
	task           int64          // 0 for none
	owner          string         // "" is the caller
	started, ended time.Time
	types          map[string]any // the build's types, and what is told of each
}

type cgBuildroot struct {
	id         any
	root       sqlstore.GeneratorBuildroot // but for the generator's id
	components []cgComponent
	found      foundComponents
}

// cgComponent is what was installed in a buildroot or went into an archive: an
// rpm, a file that may be an archive of the hub's, or a kojifile, which is one.
type cgComponent struct {
	kind    string
	rpm     koji.NVRA
	sigmd5  string
	archive int64  // of a kojifile
	nvr     string // of the build that it is in
	file    sqlstore.FileIdentity
	sized   bool // file.Size is told
	summed  bool // file.Checksum is told
}

// cgOutput is a file that is imported.
type cgOutput struct {
	told         map[string]any
	kind         string // rpm or log; any other is an archive
	buildroot    any    // id of a cgBuildroot
	filename     string
	relpath      string // below the directory of the upload
	subdir       string
	size         int64
	checksum     string
	checksumType string
	metadataOnly bool
	btype        string         // of an archive
	info         map[string]any // what that type needs to know
	components   []cgComponent
	found        foundComponents
}

// parseMetadata reads what was told. Faults name the part that is wrong.
func parseMetadata(told map[string]any) (*cgMetadata, error) {
	top := newSection("metadata", told)
	if version := top.integer("metadata_version"); version != 0 {
		top.fail("unknown metadata_version %d", version)
	}
	m := &cgMetadata{told: told, build: parseBuild(top.section("build"))}
	known, used := map[any]bool{}, map[any]bool{}
	for _, s := range top.sections("buildroots") {
		b, generator := parseBuildroot(s)
		if known[b.id] {
			s.fail("there is another buildroot with id %v", b.id)
		}
		if m.generator != "" && m.generator != generator {
			s.fail("of content generator %s; another is of %s", generator, m.generator)
		}
		known[b.id], m.generator = true, generator
		m.buildroots = append(m.buildroots, b)
	}
	for _, s := range top.sections("output") {
		o := parseOutput(s, m.build.types)
		if !known[o.buildroot] {
			s.fail("no buildroot has id %v", o.buildroot)
		}
		used[o.buildroot] = true
		m.outputs = append(m.outputs, o)
	}
	if len(m.buildroots) == 0 {
		top.fail("no buildroots, which tell what content generator it is of")
	}
	for _, b := range m.buildroots {
		if !used[b.id] {
			top.fail("no output is of buildroot %v", b.id)
		}
	}
	return m, top.error()
}

// ownTypes are the types of builds that are older than content generators:
// what is told of them may stand in extra itself.
var ownTypes = []string{"maven", "win", "image"}

// typeinfo is what extra tells of types.
func typeinfo(extra *section) map[string]any {
	types := maps.Clone(extra.optional("typeinfo").told)
	if types == nil {
		types = map[string]any{}
	}
	for _, name := range ownTypes {
		if info, given := extra.told[name]; given {
			if _, twice := types[name]; twice {
				extra.fail("tells of %s twice", name)
			}
			types[name] = info
		}
	}
	return types
}

func parseBuild(s *section) cgBuild {
	b := cgBuild{told: maps.Clone(s.told)}
	s.must("source")
	b.started, b.ended = s.time("start_time"), s.time("end_time")
	b.owner, b.id, b.task = s.optionalText("owner"), s.id("build_id"), s.id("task_id")
	extra := s.section("extra")
	b.types = typeinfo(extra)
	stored := map[string]any{}
	maps.Copy(stored, extra.told)
	stored["typeinfo"] = b.types
	if b.told != nil {
		b.told["extra"] = stored
	}
	// Where generators of containers told of their task before there was task_id.
	task := extra.id("container_koji_task_id")
	if b.task == 0 {
		b.task = task
	}
	if task != 0 && task != b.task {
		s.fail("task_id is %d, container_koji_task_id is %d", b.task, task)
	}
	return b
}

func parseBuildroot(s *section) (b cgBuildroot, generator string) {
	b.id = s.label("id")
	host, cg, container := s.section("host"), s.section("content_generator"), s.section("container")
	b.root = sqlstore.GeneratorBuildroot{
		Version: cg.text("version"), HostOS: host.text("os"), HostArch: host.text("arch"),
		ContainerType: container.text("type"), ContainerArch: container.text("arch"),
	}
	if s.told["extra"] != nil {
		b.root.Extra = s.section("extra").told
	}
	seen := map[string]bool{}
	for _, t := range s.sections("tools") {
		tool := sqlstore.Tool{Name: t.text("name"), Version: t.text("version")}
		if seen[tool.Name] {
			t.fail("%s is there twice", tool.Name)
		}
		seen[tool.Name] = true
		b.root.Tools = append(b.root.Tools, tool)
	}
	b.components = parseComponents(s)
	return b, cg.text("name")
}

func parseComponents(s *section) []cgComponent {
	var all []cgComponent
	for _, part := range s.sections("components") {
		c := cgComponent{kind: part.text("type")}
		switch c.kind {
		case "rpm":
			c.rpm.Name, c.rpm.Version, c.rpm.Release, c.rpm.Arch = part.text("name"), part.text("version"), part.text("release"), part.text("arch")
			c.sigmd5 = part.text("sigmd5")
			if part.told["location"] != nil {
				part.fail("rpms of external repos can't be components")
			}
		case "file":
			c.sized, c.summed = true, true
		case "kojifile":
			c.archive, c.nvr = part.integer("archive_id"), part.text("nvr")
			c.sized, c.summed = part.told["filesize"] != nil, part.told["checksum"] != nil
		default:
			part.fail("unknown component type %s", c.kind)
		}
		if c.kind != "rpm" {
			c.file.Filename = part.text("filename")
		}
		if c.sized {
			c.file.Size = part.integer("filesize")
		}
		if c.summed {
			var err error
			c.file.Checksum = part.text("checksum")
			if c.file.ChecksumType, err = koji.ParseChecksumType(part.text("checksum_type")); err != nil {
				part.fail("%v", err)
			}
		}
		all = append(all, c)
	}
	return all
}

func parseOutput(s *section, types map[string]any) cgOutput {
	o := cgOutput{told: s.told, kind: s.text("type"), filename: s.text("filename")}
	s.at += ": " + o.filename
	if err := checkFileName(o.filename); err != nil {
		s.fail("%v", err)
	}
	o.buildroot = s.label("buildroot_id")
	o.size, o.checksum, o.checksumType = s.integer("filesize"), s.text("checksum"), s.text("checksum_type")
	o.relpath, o.subdir = s.path("relpath"), s.path("subdir")
	o.metadataOnly = truthy(s.told["metadata_only"])
	switch o.kind {
	case "rpm":
		if o.metadataOnly || o.subdir != "" {
			s.fail("an rpm has neither metadata_only nor subdir")
		}
	case "log":
	default:
		o.parseArchive(s, types)
	}
	return o
}

// parseArchive finds the one type of build that an archive is of, and what that needs to know.
func (o *cgOutput) parseArchive(s *section, types map[string]any) {
	found := typeinfo(s.optional("extra"))
	switch names := sortedKeys(found); len(names) {
	case 0:
		s.fail("no typeinfo")
		return
	case 1:
		o.btype = names[0]
	default:
		s.fail("an archive is of one type, not of %s", strings.Join(names, " and "))
		return
	}
	if _, listed := types[o.btype]; !listed {
		s.fail("type %s is not among those of the build", o.btype)
	}
	if found[o.btype] != nil {
		o.info = s.below(s.at, found).section(o.btype).told
	}
	if _, given := s.told["components"]; !given {
		return
	}
	if o.btype == "maven" || o.btype == "win" {
		s.fail("archives of type %s have no components", o.btype)
	}
	o.components = parseComponents(s)
}
