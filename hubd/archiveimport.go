package hubd

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"path"
	"strings"

	"koji"
	"koji/internal/pom"
	"koji/sqlstore"
)

// archiveImport takes files into a build as its archives. Each call of take
// checks one, stores its rows and gathers it; the caller then puts what is
// gathered to its place in the build's folder, as the last step before the
// commit: intake.place for a new build, intake.merge for one that has files.
type archiveImport struct {
	c     *call
	in    *intake
	build *koji.Build
	types []koji.ArchiveType
	btype map[string]int64 // the build's types
}

// newArchive is a file that is to become an archive.
type newArchive struct {
	btype        string         // a type that the build has
	info         map[string]any // what that type needs to know; a content generator's own types need nothing
	file         *upload        // nil when only its record is kept
	filename     string         // where file is nil
	size         int64          // where file is nil
	checksum     string         // "" has the file's sha256 taken
	checksumType koji.ChecksumType
	buildroot    *int64
	subdir       string // below the folder of a type that has no table of its own
	extra        any
	fileinfo     any // what a content generator tells of it, for the callbacks
}

// newArchiveImport begins to take files into a build, whose types are recorded already.
func (c *call) newArchiveImport(in *intake, b *koji.Build) (*archiveImport, error) {
	ai := &archiveImport{c: c, in: in, build: b, btype: map[string]int64{}}
	var err error
	if ai.types, err = c.tx.ArchiveTypes(c); err != nil {
		return nil, err
	}
	types, err := c.tx.BuildTypes(c, b)
	if err != nil {
		return nil, err
	}
	for name := range types {
		n, err := c.need(sqlstore.BuildTypeNames, name)
		if err != nil {
			return nil, err
		}
		ai.btype[name] = n.ID
	}
	return ai, nil
}

// take stores one archive and returns its record.
func (ai *archiveImport) take(a newArchive) (*koji.Archive, error) {
	c := ai.c
	record := &koji.Archive{
		BType: &a.btype, BuildID: ai.build.ID, BuildrootID: a.buildroot, Filename: a.filename, Size: a.size,
		Checksum: a.checksum, ChecksumType: a.checksumType, MetadataOnly: a.file == nil, Extra: a.extra,
	}
	var from any // where the file is, if there is one
	if a.file != nil {
		record.Filename, record.Size, from = a.file.name, a.file.info.Size(), a.file.file.Name()
	}
	if err := checkFileName(record.Filename); err != nil {
		return nil, err
	}
	btype, has := ai.btype[a.btype]
	if !has {
		return nil, fault(koji.CodeImport, "Build %s is not of type %s, so that %s can't be one of its files", ai.build.NVR, a.btype, record.Filename)
	}
	record.BTypeID = &btype
	kind, err := archiveTypeOf(ai.types, record.Filename)
	if err != nil {
		return nil, err
	}
	if kind == nil {
		return nil, refuse("unsupported file type: %s", record.Filename)
	}
	record.TypeID, record.TypeName, record.TypeExtensions = kind.ID, kind.Name, kind.Extensions
	record.TypeDescription, record.CompressionType = kind.Description, kind.CompressionType
	folder, err := a.typed(record)
	if err != nil {
		return nil, err
	}
	beside, err := a.digests(record)
	if err != nil {
		return nil, err
	}
	info := map[string]any{
		"type": "archive", "archive": record, "build": ai.build, "build_type": a.btype, "filepath": from, "fileinfo": a.fileinfo,
	}
	if err := c.callback("preImport", info); err != nil {
		return nil, err
	}
	if record.ID, err = c.tx.InsertArchive(c, record); err != nil {
		return nil, err
	}
	if a.file != nil {
		if err := ai.in.add(a.file, path.Join(folder, record.Filename)); err != nil {
			return nil, err
		}
	}
	for ending, sum := range beside {
		if err := ai.in.write(path.Join(folder, record.Filename+ending), []byte(sum)); err != nil {
			return nil, err
		}
	}
	return record, c.callback("postImport", info)
}

// checkFileName refuses what can't be the name of a file in a build's folder.
func checkFileName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > longestName || strings.Contains(name, "/") || badText(name) {
		return refuse("Invalid filename: %q", name)
	}
	return nil
}

// typed reads what the type of build tells of an archive, and says in which
// folder of the build such a file lies.
func (a *newArchive) typed(record *koji.Archive) (folder string, err error) {
	switch a.btype {
	case "maven":
		record.MavenInfo, err = mavenInfo(a.info)
		if err == nil && record.TypeName == "pom" && a.file != nil {
			err = a.file.checkPOM(record.MavenInfo)
		}
	case "win":
		record.WinInfo, err = winInfo(a.info)
	case "image":
		record.ImageInfo, err = imageInfo(a.info)
	}
	if err != nil {
		return "", err
	}
	return archiveFolder(record, a.subdir)
}

// archiveFolder is the folder, below its build's, in which an archive lies.
// Koji: reference/paths.md.
func archiveFolder(a *koji.Archive, subdir string) (string, error) {
	btype := ""
	if a.BType != nil {
		btype = *a.BType
	}
	folder := path.Join("files", btype, subdir)
	switch {
	case a.MavenInfo != nil:
		folder = path.Join("maven", mavenFolder(*a.MavenInfo))
	case a.WinInfo != nil:
		folder = path.Join("win", a.Relpath)
	case btype == "image":
		folder = "images"
	default:
		if subdir == "" || plainPath(subdir) {
			subdir = ""
		}
	}
	if subdir != "" {
		return "", refuse("Invalid subdir of %s: %q", a.Filename, subdir)
	}
	if !plainPath(folder) {
		return "", refuse("Invalid path for %s: %q", a.Filename, folder)
	}
	return folder, nil
}

// plainPath says whether a path is relative, in its shortest form, and leads nowhere else.
func plainPath(p string) bool {
	if p == "" || len(p) > longestDir || path.IsAbs(p) || path.Clean(p) != p || badText(p) {
		return false
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "." || part == ".." || len(part) > longestName {
			return false
		}
	}
	return true
}

// digests takes the file's sums in one pass: the one that is stored, where the
// caller didn't, and for Maven those that lie beside it, by their endings.
func (a *newArchive) digests(record *koji.Archive) (beside map[string]string, err error) {
	if a.file == nil {
		if a.checksum == "" {
			return nil, refuse("%s: without its file an archive needs a checksum", record.Filename)
		}
		return nil, nil
	}
	sums := map[string]hash.Hash{}
	if a.checksum == "" {
		sums["sha256"] = sha256.New()
	}
	if record.MavenInfo != nil {
		sums[".md5"], sums[".sha1"] = md5.New(), sha1.New()
	}
	var all []io.Writer
	for _, h := range sums {
		all = append(all, h)
	}
	if len(all) > 0 {
		if _, err := io.Copy(io.MultiWriter(all...), a.file.content()); err != nil {
			return nil, wrapError(err, "read %s", record.Filename)
		}
	}
	beside = map[string]string{}
	for key, h := range sums {
		if sum := hex.EncodeToString(h.Sum(nil)); key == "sha256" {
			record.Checksum, record.ChecksumType = sum, koji.ChecksumSHA256
		} else {
			beside[key] = sum
		}
	}
	return beside, nil
}

// content reads an upload from its beginning.
func (u *upload) content() io.Reader { return io.NewSectionReader(u.file, 0, u.info.Size()) }

// checkPOM compares a Maven project description with what its importer says.
func (u *upload) checkPOM(want *koji.MavenInfo) error {
	p, err := pom.Read(u.content())
	if err != nil {
		return fault(koji.CodeBuild, "%s is no valid POM: %v", u.name, err)
	}
	if got := (koji.MavenInfo{GroupID: p.GroupID, ArtifactID: p.ArtifactID, Version: p.Version}); got != *want {
		return fault(koji.CodeBuild, "Maven info from %s (%s) does not match the typeInfo given (%s)", u.name, gav(got), gav(*want))
	}
	return nil
}
