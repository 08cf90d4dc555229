package hubd

import (
	"path"

	"koji"
	"koji/sqlstore"
)

func importMethods() []method {
	return []method{
		writes("importRPM", perm("admin"), "Imports an uploaded rpm; creates the build when it is a srpm.", importRPM),
		writes("addExternalRPM", perm("admin"), "Records an rpm that lives in an external repo (test helper).", addExternalRPM),
		writes("mergeScratch", perm("admin"), "Imports arch rpms of a scratch build into an existing build.", mergeScratch),
	}
}

type importRPMArgs struct {
	Path     string `rpc:"path"`
	BaseName string `rpc:"basename"`
}

// importedRPM is what importRPM tells of the rpm it stored.
type importedRPM struct {
	ID             int64       `xmlrpc:"id"`
	Name           string      `xmlrpc:"name"`
	Version        string      `xmlrpc:"version"`
	Release        string      `xmlrpc:"release"`
	Epoch          *int64      `xmlrpc:"epoch"`
	Arch           string      `xmlrpc:"arch"`
	SourcePackage  *int64      `xmlrpc:"sourcepackage"` // 1, or nil for a binary one
	SourceRPM      *string     `xmlrpc:"sourcerpm"`
	ExternalRepoID int64       `xmlrpc:"external_repo_id"`
	BuildTime      int64       `xmlrpc:"buildtime"`
	PayloadHash    string      `xmlrpc:"payloadhash"`
	Size           int64       `xmlrpc:"size"`
	Draft          bool        `xmlrpc:"draft"`
	BuildID        int64       `xmlrpc:"build_id"`
	Build          *koji.Build `xmlrpc:"build"`
	BuildrootID    *int64      `xmlrpc:"buildroot_id"`
	BRootID        *int64      `xmlrpc:"brootid"`
}

func importRPM(c *call, a importRPMArgs) (_ any, err error) {
	if a.BaseName == "" || path.Base(a.BaseName) != a.BaseName {
		return nil, refuse("Invalid upload filename: %s", a.BaseName)
	}
	in, err := c.newIntake("DEFAULT")
	if err != nil {
		return nil, err
	}
	defer func() { in.close(err) }()
	r, err := in.takeRPM(path.Join(a.Path, a.BaseName), nil)
	if err != nil {
		return nil, err
	}
	b, err := c.buildOfRPM(r)
	if err != nil {
		return nil, err
	}
	if err := in.useVolume(b.VolumeName); err != nil {
		return nil, err
	}
	if err := in.gather("packages"); err != nil {
		return nil, err
	}
	record, err := c.importRPM(in, b, r, nil)
	if err != nil {
		return nil, err
	}
	btype, err := c.need(sqlstore.BuildTypeNames, "rpm")
	if err != nil {
		return nil, err
	}
	if err := c.tx.AddBuildType(c, b.ID, btype.ID); err != nil {
		return nil, err
	}
	if err := c.tx.UpdateTagsOfBuild(c, b.ID, sqlstore.TagImport, c.session.user); err != nil {
		return nil, err
	}
	dest := c.hub.below(c.hub.paths.Build("", b.Name, b.Version, b.Release))
	if err := in.linkVolume(b.VolumeName, dest); err != nil {
		return nil, err
	}
	if err := in.merge(dest); err != nil {
		return nil, err
	}
	in.leaveLinks(b.VolumeName, dest)
	answer := importedRPM{
		ID: record.ID, Name: record.Name, Version: record.Version, Release: record.Release, Epoch: record.Epoch, Arch: record.Arch,
		BuildTime: record.BuildTime, PayloadHash: record.PayloadHash, Size: record.Size, Draft: b.Draft, BuildID: b.ID, Build: b,
	}
	if r.header.Source {
		one := int64(1)
		answer.SourcePackage = &one
	} else {
		answer.SourceRPM = &r.header.SourceRPM
	}
	return answer, nil
}

// buildOfRPM is the build that an rpm belongs to, by its name if it is a source
// rpm, else by the name of its source. A source rpm makes a build that isn't
// there; one that has failed, or whose content is gone, is not used again.
func (c *call) buildOfRPM(r *takenRPM) (*koji.Build, error) {
	h := r.header
	n := koji.NVR{Name: h.Name, Version: h.Version, Release: h.Release}
	if !h.Source {
		source, err := koji.ParseNVRA(h.SourceRPM)
		if err != nil {
			return nil, refuse("%s names no source rpm: %v", r.name, err)
		}
		n = source.NVR
	}
	b, err := c.lockBuildOf(n.Name, n.Version, n.Release)
	switch {
	case err != nil:
		return nil, err
	case b != nil && b.State != koji.BuildComplete:
		return nil, refuse("Build %s is %s: nothing can be imported into it", b.NVR, b.State)
	case b != nil:
		return b, nil
	case !h.Source:
		return nil, refuse("No matching build: %s, the source of %s", n, r.name)
	}
	volume, err := c.volumeOfImport(map[string]any{
		"package": h.Name, "version": h.Version, "release": h.Release, "buildroots": []any{}, "import": true, "import_type": "rpm",
	})
	if err != nil {
		return nil, err
	}
	data := map[string]any{"name": h.Name, "version": h.Version, "release": h.Release}
	if h.Epoch != nil {
		data["epoch"] = *h.Epoch
	}
	build, name, err := c.newBuildOf(data)
	if err != nil {
		return nil, err
	}
	build.State, build.Completed, build.Owner, build.Volume = koji.BuildComplete, build.Started, c.session.user, volume.ID
	id, err := c.beginBuild(name, build)
	if err != nil {
		return nil, err
	}
	return c.tx.Build(c, id)
}

type addExternalRPMArgs struct {
	RPM    map[string]any `rpc:"rpminfo"`
	Repo   any            `rpc:"external_repo"`
	Strict bool           `rpc:"strict=true"`
}

func addExternalRPM(c *call, a addExternalRPMArgs) (any, error) {
	repo, err := c.externalRepoOf(a.Repo, map[any]sqlstore.Name{})
	if err != nil {
		return nil, err
	}
	return c.addExternalRPM(a.RPM, repo, a.Strict)
}
