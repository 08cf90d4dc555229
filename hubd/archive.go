package hubd

import (
	"koji"
)

func archiveMethods() []method {
	return []method{
		writes("importArchive", user, "Imports an uploaded file as maven, win or image archive of a build.", importArchive),
		writes("host.importArchive", builder, "Imports an archive (rpm2maven plugin helper).", hostImportArchive),
		reads("listArchives", anyone, "Archives by build, buildroot, type, checksum and so on.", listArchives),
		reads("listArchiveFiles", anyone, "Files contained in an archive.", listArchiveFiles),
		reads("getArchiveFile", anyone, "One file entry inside an archive.", getArchiveFile),
		reads("listTaggedArchives", anyone, "[archives, builds] tagged into a tag.", listTaggedArchives),
		reads("getLatestMavenArchives", anyone, "Latest Maven archives of a tag.", getLatestMavenArchives),
		reads("getArchive", anyone, "Archive record by id, merged with type specific columns.", getArchive),
		reads("getMavenArchive", anyone, "Maven columns of an archive.", getMavenArchive),
		reads("getWinArchive", anyone, "Windows columns of an archive.", getWinArchive),
		reads("getImageArchive", anyone, "Image columns of an archive.", getImageArchive),
	}
}

type importArchiveArgs struct {
	File     string `rpc:"filepath"`
	Build    any    `rpc:"buildinfo"`
	Type     string `rpc:"type"`
	TypeInfo any    `rpc:"typeInfo"`
}

func importArchive(c *call, a importArchiveArgs) (any, error) {
	var err error
	switch a.Type {
	case "maven":
		if err = c.needPerm("maven-import"); err == nil {
			err = c.needMaven()
		}
	case "win":
		if err = c.needPerm("win-import"); err == nil {
			err = c.needWin()
		}
	case "image":
		err = c.needPerm("image-import")
	default:
		err = refuse("unsupported archive type: %s", a.Type)
	}
	if err != nil {
		return nil, err
	}
	return nil, c.importUploaded(a, nil)
}

// hostImportArchive lets a builder's plugin add Maven archives to the build of
// its task, from that task's output.
func hostImportArchive(c *call, a importArchiveArgs) (any, error) {
	if a.Type != "maven" {
		return nil, refuse("unsupported archive type: %s", a.Type)
	}
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	b, err := c.ownBuild(a.Build)
	if err != nil {
		return nil, err
	}
	tasks, err := c.taskTree(*b.TaskID)
	if err != nil {
		return nil, err
	}
	return nil, c.importUploaded(a, tasks)
}

// importUploaded makes an uploaded file an archive of a build that is there.
func (c *call) importUploaded(a importArchiveArgs, tasks map[int64]bool) error {
	info, err := infoStruct(a.Type, a.TypeInfo)
	if err != nil {
		return err
	}
	b, err := c.completeBuildRef(a.Build)
	if err != nil {
		return err
	}
	return c.addToBuild(b, func(in *intake) error {
		file, err := in.take(a.File, tasks)
		if err != nil {
			return err
		}
		ai, err := c.newArchiveImport(in, b)
		if err != nil {
			return err
		}
		_, err = ai.take(newArchive{btype: a.Type, info: info, file: file})
		return err
	})
}

// completeBuildRef finds a build that is COMPLETE, and locks it.
func (c *call) completeBuildRef(ref any) (*koji.Build, error) {
	b, err := c.buildRef(ref)
	if err != nil {
		return nil, err
	}
	state, _, err := c.tx.LockBuild(c, b.ID)
	if err == nil && state != koji.BuildComplete {
		err = refuse("Build %s is %s, not COMPLETE", b.NVR, state)
	}
	return b, err
}

// addToBuild puts more files into the folder of a build that is COMPLETE: take
// gathers them.
func (c *call) addToBuild(b *koji.Build, take func(*intake) error) (err error) {
	in, err := c.newIntake(b.VolumeName)
	if err != nil {
		return err
	}
	defer func() { in.close(err) }()
	if err := in.gather("packages"); err != nil {
		return err
	}
	if err := take(in); err != nil {
		return err
	}
	dest := c.hub.below(c.hub.paths.Build("", b.Name, b.Version, b.Release))
	if err := in.linkVolume(b.VolumeName, dest); err != nil {
		return err
	}
	if err := in.merge(dest); err != nil {
		return err
	}
	in.leaveLinks(b.VolumeName, dest)
	return nil
}

type getArchiveArgs struct {
	ID     int64 `rpc:"archive_id"`
	Strict bool  `rpc:"strict=false"`
}

func getArchive(c *call, a getArchiveArgs) (any, error) {
	archive, err := c.tx.Archive(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case archive != nil:
		return archive, nil
	case a.Strict:
		return nil, noSuchArchive("", a.ID)
	}
	return nil, nil
}

func noSuchArchive(kind string, id int64) error {
	if kind != "" {
		kind += " "
	}
	return refuse("No such %sarchive: %d", kind, id)
}

// mavenArchive and the two below it are what the types tell of archives.
type mavenArchive struct {
	ArchiveID int64 `xmlrpc:"archive_id"`
	*koji.MavenInfo
}

type winArchive struct {
	ArchiveID int64 `xmlrpc:"archive_id"`
	*koji.WinInfo
}

type imageArchive struct {
	ArchiveID int64 `xmlrpc:"archive_id"`
	*koji.ImageInfo
}

func getMavenArchive(c *call, a getArchiveArgs) (any, error) {
	m, err := c.tx.MavenArchive(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case m != nil:
		return mavenArchive{a.ID, m}, nil
	case a.Strict:
		return nil, noSuchArchive("Maven", a.ID)
	}
	return nil, nil
}

func getWinArchive(c *call, a getArchiveArgs) (any, error) {
	w, err := c.tx.WinArchive(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case w != nil:
		return winArchive{a.ID, w}, nil
	case a.Strict:
		return nil, noSuchArchive("Windows", a.ID)
	}
	return nil, nil
}

func getImageArchive(c *call, a getArchiveArgs) (any, error) {
	i, err := c.tx.ImageArchive(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case i != nil:
		return imageArchive{a.ID, i}, nil
	case a.Strict:
		return nil, noSuchArchive("image", a.ID)
	}
	return nil, nil
}
