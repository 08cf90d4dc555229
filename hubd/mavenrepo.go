package hubd

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"path"
	"slices"
	"strings"
	"unicode"

	"koji"
)

// mavenTree is the Maven repo in a tag's repo: a symlink for each version of an
// artifact, to where its build has the files, and beside them the list of the
// versions. Koji: reference/scheduler_repos.md, "repoInit output".
type mavenTree struct {
	s         *skeleton
	links     map[string]bool // from the repo's folder
	folders   map[string]bool // in which the links are
	artifacts map[koji.MavenInfo][]string
}

func (s *skeleton) writeMaven() error {
	c := s.in.c
	archives, err := c.tx.MavenTagArchives(c, s.tag.ID, s.tag.QueryEvent, true)
	if err != nil {
		return err
	}
	t := &mavenTree{s: s, links: map[string]bool{}, folders: map[string]bool{}, artifacts: map[koji.MavenInfo][]string{}}
	if err := s.in.volume.MkdirAll(path.Join(s.in.stage, "maven"), 0o755); err != nil {
		return diskFault(err, "make folder of the Maven repo")
	}
	for a, err := range archives {
		if err != nil {
			return err
		}
		if a.MetadataOnly {
			continue
		}
		build := c.hub.below(c.hub.paths.Build(a.VolumeName, a.BuildName, a.BuildVersion, a.BuildRelease))
		if err := t.add(a.MavenInfo, path.Join(build, "maven", mavenFolder(a.MavenInfo))); err != nil {
			return err
		}
	}
	for m, versions := range t.artifacts {
		if err := t.writeMetadata(m, versions); err != nil {
			return err
		}
	}
	return nil
}

// add links a version of an artifact. What can't be linked, for its folder is
// another's link or isn't one at all, is left out.
func (t *mavenTree) add(m koji.MavenInfo, files string) error {
	c, name := t.s.in.c, path.Join("maven", mavenFolder(m))
	if t.links[name] {
		return nil
	}
	clash := !plainPath(name) || t.folders[name]
	for _, p := range prefixes(path.Dir(name)) {
		clash = clash || t.links[p]
	}
	if clash {
		c.log().Warn("Maven artifact is left out of a repo", "tag", t.s.tag.Name, "repo", t.s.id, "artifact", gav(m))
		return nil
	}
	// From repos/TAG/ID/maven/… up to the topdir.
	depth := strings.Count(path.Join(c.hub.below(c.hub.paths.Repo(t.s.tag.Name, t.s.id)), name), "/")
	at := path.Join(t.s.in.stage, name)
	if err := t.s.in.volume.MkdirAll(path.Dir(at), 0o755); err != nil {
		return diskFault(err, "make folder of %s", gav(m))
	}
	if err := t.s.in.volume.Symlink(strings.Repeat("../", depth)+files, at); err != nil {
		return diskFault(err, "link %s", gav(m))
	}
	t.links[name] = true
	for _, p := range prefixes(path.Dir(name)) {
		t.folders[p] = true
	}
	artifact := koji.MavenInfo{GroupID: m.GroupID, ArtifactID: m.ArtifactID}
	t.artifacts[artifact] = append(t.artifacts[artifact], m.Version)
	return nil
}

// metadata is Maven's list of an artifact's versions.
type metadata struct {
	XMLName    xml.Name `xml:"metadata"`
	GroupID    string   `xml:"groupId"`
	ArtifactID string   `xml:"artifactId"`
	Versioning struct {
		Latest      string   `xml:"latest"`
		Release     string   `xml:"release"`
		Versions    []string `xml:"versions>version"`
		LastUpdated string   `xml:"lastUpdated"`
	} `xml:"versioning"`
}

func (t *mavenTree) writeMetadata(m koji.MavenInfo, versions []string) error {
	slices.SortFunc(versions, compareVersions)
	last := versions[len(versions)-1]
	doc := metadata{GroupID: m.GroupID, ArtifactID: m.ArtifactID}
	doc.Versioning.Latest, doc.Versioning.Release, doc.Versioning.Versions = last, last, versions
	doc.Versioning.LastUpdated = t.s.in.c.tx.Now().Format("20060102150405")
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return wrapError(err, "write versions of %s", gav(m))
	}
	b.WriteByte('\n')
	name := path.Join("maven", path.Dir(mavenFolder(koji.MavenInfo{GroupID: m.GroupID, ArtifactID: m.ArtifactID, Version: last})), mavenMetadata)
	md, sha := md5.Sum(b.Bytes()), sha1.Sum(b.Bytes())
	for ending, data := range map[string][]byte{
		"": b.Bytes(), ".md5": []byte(hex.EncodeToString(md[:])), ".sha1": []byte(hex.EncodeToString(sha[:])),
	} {
		if err := t.s.in.write(name+ending, data); err != nil {
			return err
		}
	}
	return nil
}

// compareVersions orders versions as rpm does: runs of digits as numbers, runs
// of letters as text, which are older than digits. What is left over is newer.
func compareVersions(a, b string) int {
	as, bs := versionParts(a), versionParts(b)
	for i := range min(len(as), len(bs)) {
		x, y := as[i], bs[i]
		digits := unicode.IsDigit(rune(x[0]))
		if digits != unicode.IsDigit(rune(y[0])) {
			if digits {
				return 1
			}
			return -1
		}
		if digits {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
		}
		if n := strings.Compare(x, y); n != 0 {
			return n
		}
	}
	if len(as) != len(bs) {
		return len(as) - len(bs)
	}
	return strings.Compare(a, b)
}

// versionParts are the runs of digits and of letters in a version.
func versionParts(v string) []string {
	kind := func(r byte) int {
		switch {
		case r >= '0' && r <= '9':
			return 1
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			return 2
		}
		return 0
	}
	var parts []string
	for i := 0; i < len(v); {
		k, end := kind(v[i]), i+1
		for end < len(v) && kind(v[end]) == k {
			end++
		}
		if k != 0 {
			parts = append(parts, v[i:end])
		}
		i = end
	}
	return parts
}
