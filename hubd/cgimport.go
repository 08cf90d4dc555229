package hubd

import (
	"path"
	"strings"

	"koji"
	"koji/sqlstore"
)

type cgImportArgs struct {
	Metadata  any     `rpc:"metadata"`
	Directory string  `rpc:"directory"`
	Token     *string `rpc:"token=nil"`
}

// cgImport imports what a content generator built: the files that it uploaded
// to a directory, and all that its metadata tells of them. Everything is checked
// before anything is stored. Koji: reference/semantics.md, "Content generators".
func cgImport(c *call, a cgImportArgs) (_ any, err error) {
	told, text, err := c.readMetadata(a.Metadata, a.Directory)
	if err != nil {
		return nil, err
	}
	m, err := parseMetadata(told)
	if err != nil {
		return nil, err
	}
	cg, err := c.generator(m.generator)
	if err != nil {
		return nil, err
	}
	i := &generatorImport{call: c, cgMetadata: m, cg: cg, dir: a.Directory, owned: map[string]bool{}, roots: map[any]int64{}}
	if err := i.findBuild(deref(a.Token)); err != nil {
		return nil, err
	}
	if err := i.findTypes(); err != nil {
		return nil, err
	}
	if err := i.findComponents(); err != nil {
		return nil, err
	}
	if i.in, err = c.newIntake("DEFAULT"); err != nil {
		return nil, err
	}
	defer func() { i.in.close(err) }()
	if err := i.takeOutputs(); err != nil {
		return nil, err
	}
	if err := i.askPolicies(); err != nil {
		return nil, err
	}
	info := map[string]any{"type": "cg", "metadata": told, "directory": a.Directory}
	if err := c.callback("preImport", info); err != nil {
		return nil, err
	}
	if err := i.storeBuild(); err != nil {
		return nil, err
	}
	if err := i.storeBuildroots(); err != nil {
		return nil, err
	}
	if err := i.in.write("metadata.json", text); err != nil {
		return nil, err
	}
	if len(i.log) > 0 {
		if err := i.in.write("data/logs/cg_import.log", []byte(strings.Join(i.log, "\n")+"\n")); err != nil {
			return nil, err
		}
	}
	if err := i.storeOutputs(); err != nil {
		return nil, err
	}
	dest := c.hub.below(c.hub.paths.Build("", i.stored.Name, i.stored.Version, i.stored.Release))
	if err := i.in.linkVolume(i.volume.Name, dest); err != nil {
		return nil, err
	}
	if err := i.in.place(dest); err != nil {
		return nil, err
	}
	i.in.leaveLinks(i.volume.Name, dest)
	info["build"] = i.stored
	return i.stored, c.callback("postImport", info)
}

// generatorImport is an import of a content generator on its way.
type generatorImport struct {
	*call
	*cgMetadata
	cg  sqlstore.Name
	dir string // below work/, where the outputs are

	name     string
	new      sqlstore.NewBuild
	task     *koji.Task  // that the build is of; nil for none
	reserved *koji.Build // that new fills; nil for one that nobody reserved
	types    []sqlstore.Name
	maven    *koji.MavenInfo
	platform string // of a Windows build

	in     *intake
	owned  map[string]bool // directories that are the caller's
	files  []takenOutput   // one for each output
	volume sqlstore.Name
	stored *koji.Build
	roots  map[any]int64 // ids of the buildroots, by what the metadata calls them
	log    []string      // what is worth to know later, for cg_import.log
}

// findBuild reads what the build is to be, and finds the one that was reserved for it.
func (i *generatorImport) findBuild(token string) (err error) {
	b := &i.cgMetadata.build
	if i.new, i.name, err = i.newBuildOf(b.told); err != nil {
		return err
	}
	if err := i.checkName("package", i.name); err != nil {
		return err
	}
	i.new.CG, i.new.Owner, i.new.State = i.cg.ID, i.session.user, koji.BuildComplete
	i.new.Started, i.new.Completed = b.started, b.ended
	if b.owner != "" {
		if i.new.Owner, err = i.userID(b.owner); err != nil {
			return err
		}
	}
	if b.task != 0 {
		if i.task, err = i.taskOfBuild(b.task); err != nil {
			return err
		}
		i.new.Task = i.task.ID
	}
	if b.id == 0 {
		return i.freeNVR(i.name, i.new)
	}
	r, err := i.reservedBuild(i.cg, b.id, token)
	if err != nil {
		return err
	}
	switch {
	case r.Draft != i.new.Draft:
		return refuse("Build %s was reserved with draft %t, the metadata says %t", r.NVR, r.Draft, i.new.Draft)
	case r.Name != i.name || r.Version != i.new.Version || targetRelease(r) != i.new.Release:
		return refuse("Build %s was reserved, the metadata is of %s-%s-%s", r.NVR, i.name, i.new.Version, i.new.Release)
	case !same(r.Epoch, i.new.Epoch):
		return refuse("Build %s was reserved with epoch %s, the metadata says %s", r.NVR, epochText(r.Epoch), epochText(i.new.Epoch))
	}
	i.reserved = r
	return nil
}

// findTypes finds the types of the build, and reads what those tell of it that
// have tables of their own.
func (i *generatorImport) findTypes() (err error) {
	names := map[string]bool{}
	for name := range i.cgMetadata.build.types {
		names[name] = true
	}
	for _, o := range i.outputs {
		if o.kind == "rpm" {
			names["rpm"] = true
		}
	}
	for _, name := range sortedKeys(names) {
		t, err := i.need(sqlstore.BuildTypeNames, name)
		if err != nil {
			return err
		}
		i.types = append(i.types, t)
	}
	about := func(name string) map[string]any {
		m, _ := i.cgMetadata.build.types[name].(map[string]any)
		return m
	}
	if names["maven"] {
		if i.maven, err = mavenInfo(about("maven")); err != nil {
			return err
		}
	}
	if names["win"] {
		i.platform, err = infoText("Windows", about("win"), "platform")
	}
	return err
}

// askPolicies asks whether this may be imported, and to which volume.
func (i *generatorImport) askPolicies() (err error) {
	source := any(nil)
	if i.new.Source != nil {
		source = *i.new.Source
	}
	var types []any
	for _, t := range i.types {
		types = append(types, t.Name)
	}
	metadataOnly := false
	for _, o := range i.outputs {
		metadataOnly = metadataOnly || o.metadataOnly
	}
	err = i.assertPolicy("cg_import", map[string]any{
		"package": i.name, "version": i.new.Version, "release": i.new.Release, "btypes": types, "source": source,
		"draft": i.new.Draft, "metadata_only": metadataOnly, "cg_list": []any{i.cg.Name},
	}, false)
	if err != nil {
		return err
	}
	data, err := i.dataOfTask(i.task)
	if err != nil {
		return err
	}
	for key, v := range map[string]any{
		"package": i.name, "version": i.new.Version, "release": i.new.Release, "source": source,
		"cg_list": []any{i.cg.Name}, "import": true, "import_type": "cg",
	} {
		data[key] = v
	}
	if i.volume, err = i.volumeOfImport(data); err != nil {
		return err
	}
	i.new.Volume = i.volume.ID
	return i.in.useVolume(i.volume.Name)
}

// storeBuild makes the build, or completes the one that was reserved, with its
// types, and makes room for its files.
func (i *generatorImport) storeBuild() (err error) {
	id := int64(0)
	if r := i.reserved; r != nil {
		id = r.ID
		err = i.changeBuild(r, "state", int64(r.State), int64(koji.BuildComplete), func() error {
			return i.tx.CompleteReserved(i, r.ID, i.new, i.tx.Now())
		})
	} else {
		var old *koji.Build
		if old, err = i.lockBuildOf(i.name, i.new.Version, i.new.Release); err != nil {
			return err
		}
		if id, err = i.beginBuild(i.name, i.new); err == nil && old == nil {
			err = i.checkNoFolder(id)
		}
	}
	if err != nil {
		return err
	}
	for _, t := range i.types {
		if err := i.tx.AddBuildType(i, id, t.ID); err != nil {
			return err
		}
		switch t.Name {
		case "maven":
			err = i.tx.AddMavenBuild(i, id, *i.maven)
		case "win":
			err = i.tx.SetWinBuild(i, id, i.platform)
		case "image":
			err = i.tx.AddImageBuild(i, id)
		}
		if err != nil {
			return err
		}
	}
	if i.stored, err = i.tx.Build(i, id); err != nil {
		return err
	}
	return i.in.gather("packages")
}

// checkNoFolder refuses a new build whose folder is there: nobody knows whose
// it is. One that failed before may have left it, and takes it over.
func (i *generatorImport) checkNoFolder(id int64) error {
	b, err := i.tx.Build(i, id)
	if err != nil {
		return err
	}
	dir := i.hub.below(i.hub.paths.Build("", b.Name, b.Version, b.Release))
	if _, err := i.in.volume.Lstat(dir); err == nil {
		return refuse("The folder of build %s is there already: %s", b.NVR, path.Join(i.volume.Name, dir))
	}
	return nil
}

// storeBuildroots stores the generator's buildroots and what was in them.
func (i *generatorImport) storeBuildroots() error {
	for _, b := range i.buildroots {
		b.root.Generator = i.cg.ID
		id, err := i.tx.InsertGeneratorBuildroot(i, b.root)
		if err != nil {
			return err
		}
		if err := i.tx.AddBuildrootRPMs(i, id, b.found.rpms, false); err != nil {
			return err
		}
		if err := i.tx.AddBuildrootArchives(i, id, b.found.archives, false); err != nil {
			return err
		}
		i.roots[b.id] = id
	}
	return nil
}
