package hubd

import (
	"time"

	"koji"
	"koji/internal/rpmfile"
	"koji/sqlstore"
)

func rpmMethods() []method {
	return []method{
		reads("getRPM", anyone, "Rpm record by id, NVRA text or map; multi returns all matches.", getRPM),
		reads("listRPMs", anyone, "Rpms by build, buildroot, image, host and arch.", listRPMs),
		reads("listBuildRPMs", anyone, "Rpms of one build.", listBuildRPMs),
		reads("listTaggedRPMS", anyone, "[rpms, builds] tagged into a tag.", listTaggedRPMS),
		reads("getLatestRPMS", anyone, "[rpms, builds] for the latest builds of a tag.", getLatestRPMS),
		reads("getRPMHeaders", anyone, "Selected header fields from a stored or task output rpm.", getRPMHeaders),
		reads("listRPMFiles", anyone, "Files contained in an rpm.", listRPMFiles),
		reads("getRPMFile", anyone, "One file entry of an rpm.", getRPMFile),
		reads("getRPMDeps", anyone, "Dependency entries read from the rpm file.", getRPMDeps),
		reads("getChangelogEntries", anyone, "Changelog entries of the srpm of a build or of a task output rpm.", getChangelogEntries),
	}
}

type getRPMArgs struct {
	RPM    any  `rpc:"rpminfo"`
	Strict bool `rpc:"strict=false"`
	Multi  bool `rpc:"multi=false"`
}

func getRPM(c *call, a getRPMArgs) (any, error) {
	all, err := c.findRPMs(a.RPM)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0 && a.Strict:
		return nil, noSuchRPM(a.RPM)
	case a.Multi:
		return append([]koji.RPM{}, all...), nil
	case len(all) == 0:
		return nil, nil
	}
	return all[0], nil
}

type listRPMsArgs struct {
	Build     any    `rpc:"buildID=nil"`
	Buildroot *int64 `rpc:"buildrootID=nil"`
	Image     *int64 `rpc:"imageID=nil"`
	Component *int64 `rpc:"componentBuildrootID=nil"`
	Host      any    `rpc:"hostID=nil"`
	Arches    any    `rpc:"arches=nil"`
	QueryOpts any    `rpc:"queryOpts=nil"`
	Draft     *bool  `rpc:"draft=nil"`
}

func listRPMs(c *call, a listRPMsArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	f := sqlstore.RPMFilter{Buildroot: a.Buildroot, Image: a.Image, Component: a.Component, Draft: a.Draft}
	if f.Arches, err = archesArg(a.Arches); err != nil {
		return nil, err
	}
	if f.Build, f.Host, err = c.buildAndHost(a.Build, a.Host); err != nil {
		return nil, err
	}
	return c.listRPMs(f, opts)
}

// buildAndHost are two arguments that narrow what is listed; nil ones don't.
// Of a build and on a host that aren't there is nothing.
func (c *call) buildAndHost(build, host any) (b, h *int64, err error) {
	if build != nil {
		id, err := c.findBuildID(build)
		if err != nil {
			return nil, nil, err
		}
		b = &id
	}
	if host != nil {
		n, _, err := c.find(sqlstore.HostNames, host)
		if err != nil {
			return nil, nil, err
		}
		h = &n.ID
	}
	return b, h, nil
}

func (c *call) listRPMs(f sqlstore.RPMFilter, opts sqlstore.QueryOpts) (any, error) {
	list, n, err := c.tx.ListRPMs(c, f, opts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return n, nil
	}
	return asList(opts.AsList, each(list)), nil
}

func listBuildRPMs(c *call, a buildOnlyArgs) (any, error) {
	b, err := c.buildRef(a.Build)
	if err != nil {
		return nil, err
	}
	return c.listRPMs(sqlstore.RPMFilter{Build: &b.ID}, sqlstore.QueryOpts{})
}

type rpmHeadersArgs struct {
	RPM      any     `rpc:"rpmID=nil"`
	TaskID   *int64  `rpc:"taskID=nil"`
	FilePath *string `rpc:"filepath=nil"`
	Headers  []any   `rpc:"headers=nil"`
	Strict   bool    `rpc:"strict=false"`
}

func getRPMHeaders(c *call, a rpmHeadersArgs) (any, error) {
	var header *rpmfile.Header
	var err error
	switch {
	case a.RPM != nil:
		_, header, err = c.storedRPM(a.RPM, a.Strict)
	case a.TaskID != nil:
		header, err = c.taskRPM(*a.TaskID, a.FilePath, a.Strict)
	default:
		err = refuse("either rpmID or taskID and filepath must be given")
	}
	fields := map[string]any{}
	if err != nil || header == nil {
		return fields, err
	}
	for _, v := range a.Headers {
		name, ok := v.(string)
		if !ok {
			return nil, fault(koji.CodeParameter, "headers: invalid type %s, want a string", typeName(v))
		}
		value, err := header.Field(name)
		if err != nil {
			return nil, refuse("%v", err)
		}
		fields[name] = value
	}
	return fields, nil
}

// rpmEntry is a file as Koji tells it; md5 is the digest whatever its kind.
type rpmEntry struct {
	Name       string `xmlrpc:"name"`
	Digest     string `xmlrpc:"digest"`
	DigestAlgo string `xmlrpc:"digest_algo"`
	MD5        string `xmlrpc:"md5"`
	Size       int64  `xmlrpc:"size"`
	Flags      int64  `xmlrpc:"flags"`
	User       string `xmlrpc:"user"`
	Group      string `xmlrpc:"group"`
	MTime      int64  `xmlrpc:"mtime"`
	Mode       int64  `xmlrpc:"mode"`
}

func entryOf(f rpmfile.FileEntry) rpmEntry {
	return rpmEntry{f.Name, f.Digest, f.DigestAlgo, f.MD5(), f.Size, f.Flags, f.User, f.Group, f.MTime, f.Mode}
}

// row is the entry in the order that Koji's asList has for it.
func (e rpmEntry) row() []any {
	return []any{e.Name, e.Digest, e.Size, e.Flags, e.DigestAlgo, e.User, e.Group, e.MTime, e.Mode}
}

func (e rpmEntry) key(name string) (any, bool) {
	switch name {
	case "name":
		return e.Name, true
	case "digest", "md5":
		return e.Digest, true
	case "digest_algo":
		return e.DigestAlgo, true
	case "size":
		return e.Size, true
	case "flags":
		return e.Flags, true
	case "user":
		return e.User, true
	case "group":
		return e.Group, true
	case "mtime":
		return e.MTime, true
	case "mode":
		return e.Mode, true
	}
	return nil, false
}

type listRPMFilesArgs struct {
	RPM       any `rpc:"rpmID"`
	QueryOpts any `rpc:"queryOpts=nil"`
}

func listRPMFiles(c *call, a listRPMFilesArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	_, header, err := c.storedRPM(a.RPM, false)
	if err != nil {
		return nil, err
	}
	entries := []rpmEntry{}
	if header != nil {
		for _, f := range header.Files {
			entries = append(entries, entryOf(f))
		}
	}
	return arrange(opts, entries, rpmEntry.key, rpmEntry.row)
}

type getRPMFileArgs struct {
	RPM      any    `rpc:"rpmID"`
	FileName string `rpc:"filename"`
	Strict   bool   `rpc:"strict=false"`
}

// foundEntry is a file with the rpm it is in.
type foundEntry struct {
	rpmEntry
	RPM int64 `xmlrpc:"rpm_id"`
}

func getRPMFile(c *call, a getRPMFileArgs) (any, error) {
	r, header, err := c.storedRPM(a.RPM, a.Strict)
	if err != nil {
		return nil, err
	}
	if header != nil {
		for _, f := range header.Files {
			if f.Name == a.FileName {
				return foundEntry{entryOf(f), r.ID}, nil
			}
		}
	}
	if a.Strict {
		return nil, refuse("No such file: %s in rpm %s", a.FileName, r.FileName())
	}
	return map[string]any{}, nil
}

// rpmDep is a dependency as Koji tells it.
type rpmDep struct {
	Name    string `xmlrpc:"name"`
	Version string `xmlrpc:"version"`
	Flags   int64  `xmlrpc:"flags"`
	Type    int64  `xmlrpc:"type"`
}

func (d rpmDep) row() []any { return []any{d.Name, d.Version, d.Flags, d.Type} }

func (d rpmDep) key(name string) (any, bool) {
	switch name {
	case "name":
		return d.Name, true
	case "version":
		return d.Version, true
	case "flags":
		return d.Flags, true
	case "type":
		return d.Type, true
	}
	return nil, false
}

type getRPMDepsArgs struct {
	RPM       any    `rpc:"rpmID"`
	DepType   *int64 `rpc:"depType=nil"`
	QueryOpts any    `rpc:"queryOpts=nil"`
	Strict    bool   `rpc:"strict=false"`
}

func getRPMDeps(c *call, a getRPMDepsArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	_, header, err := c.storedRPM(a.RPM, a.Strict)
	if err != nil {
		return nil, err
	}
	deps := []rpmDep{}
	if header != nil {
		for _, d := range header.Deps {
			if a.DepType == nil || *a.DepType == int64(d.Type) {
				deps = append(deps, rpmDep{d.Name, d.Version, d.Flags, int64(d.Type)})
			}
		}
	}
	return arrange(opts, deps, rpmDep.key, rpmDep.row)
}

// changelogEntry is koji.ChangelogEntry with the time as the integer that Koji sends.
type changelogEntry struct {
	Date   koji.Time `xmlrpc:"date"`
	DateTS int64     `xmlrpc:"date_ts"`
	Author string    `xmlrpc:"author"`
	Text   string    `xmlrpc:"text"`
}

type changelogArgs struct {
	Build     any     `rpc:"buildID=nil"`
	TaskID    *int64  `rpc:"taskID=nil"`
	FilePath  *string `rpc:"filepath=nil"`
	Author    *string `rpc:"author=nil"`
	Before    any     `rpc:"before=nil"`
	After     any     `rpc:"after=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
	Strict    bool    `rpc:"strict=false"`
}

func getChangelogEntries(c *call, a changelogArgs) (any, error) {
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	before, err := changelogTime("before", a.Before)
	if err != nil {
		return nil, err
	}
	after, err := changelogTime("after", a.After)
	if err != nil {
		return nil, err
	}
	var header *rpmfile.Header
	switch {
	case a.Build != nil:
		header, err = c.sourceRPM(a.Build, a.Strict)
	case a.TaskID != nil:
		header, err = c.taskRPM(*a.TaskID, a.FilePath, a.Strict)
	default:
		err = refuse("either buildID or taskID and filepath must be given")
	}
	if err != nil {
		return nil, err
	}
	entries := []changelogEntry{}
	if header != nil {
		for _, e := range header.Changelog {
			if a.Author != nil && e.Author != *a.Author || before != nil && e.Date >= *before || after != nil && e.Date <= *after {
				continue
			}
			entries = append(entries, changelogEntry{
				Date: koji.Time{Time: time.Unix(e.Date, 0).UTC()}, DateTS: e.Date, Author: e.Author, Text: e.Text,
			})
		}
	}
	key := func(e changelogEntry, name string) (any, bool) {
		switch name {
		case "date", "date_ts":
			return e.DateTS, true
		case "author":
			return e.Author, true
		case "text":
			return e.Text, true
		}
		return nil, false
	}
	return arrange(opts, entries, key, func(e changelogEntry) []any { return []any{e.Date, e.Author, e.Text} })
}

func changelogTime(name string, v any) (*int64, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		return &v, nil
	case string:
		t, err := timeArg(name, v)
		at := t.Unix()
		return &at, err
	}
	return nil, refuse("%s: invalid type %s, want seconds since the epoch or a date as a string", name, typeName(v))
}

// sourceRPM reads the headers of a build's source rpm, nil when there is none.
func (c *call) sourceRPM(ref any, strict bool) (*rpmfile.Header, error) {
	b, err := c.findBuild(ref)
	if err != nil {
		return nil, err
	}
	if b == nil {
		if strict {
			return nil, noSuchBuild(ref)
		}
		return nil, nil
	}
	list, _, err := c.tx.ListRPMs(c, sqlstore.RPMFilter{Build: &b.ID, Arches: []string{"src"}}, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	var id int64
	for r, err := range list {
		if err != nil {
			return nil, err
		}
		if id == 0 {
			id = r.ID
		}
	}
	if id == 0 {
		if strict {
			return nil, refuse("Build %s has no source rpm", b.NVR)
		}
		return nil, nil
	}
	_, header, err := c.storedRPM(id, strict)
	return header, err
}
