package hubd

import (
	"fmt"
	"strings"
	"time"

	"koji"
	"koji/sqlstore"
)

func deleteMethods() []method {
	return []method{
		reads("buildReferences", anyone, "Maps of what still refers to a build (tags, rpms, component_of, archives, images, last_used).", buildReferences),
		writes("deleteBuild", perm("admin"), "Deletes a build if unreferenced; rpm/archive rows stay, state becomes DELETED; boolean result.", deleteBuild),
		writes("resetBuild", perm("admin"), "Wipes content of a build and marks it CANCELED so it can be imported again.", resetBuild),
	}
}

// references are what still refers to a build; nil is what was not looked for.
type references struct {
	tags        []taggedIn
	rpms        []sqlstore.RPMReference
	componentOf []int64
	archives    []sqlstore.ArchiveReference
	lastUsed    *float64
	all         bool // all was looked for
}

// answer is what callers are told.
func (r *references) answer() map[string]any {
	answer := map[string]any{"tags": r.tags}
	if r.rpms != nil {
		answer["rpms"] = r.rpms
	}
	if r.componentOf != nil {
		answer["component_of"] = r.componentOf
	}
	if r.archives != nil {
		answer["archives"] = r.archives
	}
	if r.all {
		answer["last_used"] = r.lastUsed
		answer["images"] = r.componentOf // as older clients know it
	}
	return answer
}

// taggedIn is a tag that a build is in.
type taggedIn struct {
	ID   int64  `xmlrpc:"tag_id"`
	Name string `xmlrpc:"name"`
}

type buildReferencesArgs struct {
	Build any    `rpc:"build"`
	Limit *int64 `rpc:"limit=nil"`
	Lazy  bool   `rpc:"lazy=false"`
}

func buildReferences(c *call, a buildReferencesArgs) (any, error) {
	b, err := c.buildRef(a.Build)
	if err != nil {
		return nil, err
	}
	if a.Limit != nil && *a.Limit < 0 {
		return nil, fault(koji.CodeParameter, "buildReferences: limit: %d is no number of rows", *a.Limit)
	}
	refs, err := c.buildReferences(b.ID, a.Limit, a.Lazy)
	if err != nil {
		return nil, err
	}
	return refs.answer(), nil
}

// buildReferences looks for what refers to a build: of each kind but tags at
// most limit, and if lazy no further than the first kind of which there is any.
func (c *call) buildReferences(id int64, limit *int64, lazy bool) (*references, error) {
	r := &references{tags: []taggedIn{}}
	tags, err := c.tx.BuildTags(c, id)
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		r.tags = append(r.tags, taggedIn{t.ID, t.Name})
	}
	if lazy && len(r.tags) > 0 {
		return r, nil
	}
	if r.rpms, err = c.tx.RPMsBuiltWith(c, id, limit); err != nil || lazy && len(r.rpms) > 0 {
		return r, err
	}
	if r.componentOf, err = c.tx.ComponentOf(c, id, limit); err != nil || lazy && len(r.componentOf) > 0 {
		return r, err
	}
	if r.archives, err = c.tx.ArchivesBuiltWith(c, id, limit); err != nil || lazy && len(r.archives) > 0 {
		return r, err
	}
	used, err := c.tx.LastUse(c, id)
	if err == nil && used != nil {
		r.lastUsed = &used.TS
	}
	r.all = true
	return r, err
}

// keeps says why a build can't be deleted, "" if it can.
func (r *references) keeps(minAge time.Duration, now time.Time) string {
	switch {
	case len(r.tags) > 0:
		names := make([]string, len(r.tags))
		for i, t := range r.tags {
			names[i] = t.Name
		}
		return "tagged: " + strings.Join(names, ", ")
	case len(r.rpms) > 0:
		return fmt.Sprintf("used in buildroots, of %s-%s-%s.%s for one", r.rpms[0].Name, r.rpms[0].Version, r.rpms[0].Release, r.rpms[0].Arch)
	case len(r.componentOf) > 0:
		return fmt.Sprintf("component of archive %d", r.componentOf[0])
	case len(r.archives) > 0:
		return fmt.Sprintf("used in archive buildroots, of %s for one", r.archives[0].FileName)
	case r.lastUsed != nil && now.Sub(koji.FromSeconds(*r.lastUsed)) < minAge:
		return "used in recent buildroot"
	}
	return ""
}

type deleteBuildArgs struct {
	Build     any     `rpc:"build"`
	Strict    bool    `rpc:"strict=true"`
	MinRefAge float64 `rpc:"min_ref_age=604800"`
}

func deleteBuild(c *call, a deleteBuildArgs) (any, error) {
	b, err := c.lockedBuildRef(a.Build)
	switch {
	case err != nil:
		return nil, err
	case b.State == koji.BuildDeleted:
		return nil, nil
	case b.State == koji.BuildBuilding:
		return nil, refuse("Cannot delete build %s: it is BUILDING; cancel it first", b.NVR)
	}
	ten := int64(10)
	refs, err := c.buildReferences(b.ID, &ten, true)
	if err != nil {
		return nil, err
	}
	if why := refs.keeps(time.Duration(a.MinRefAge*float64(time.Second)), c.tx.Now()); why != "" {
		if a.Strict {
			return nil, refuse("Cannot delete build %s, %s", b.NVR, why)
		}
		return false, nil
	}
	err = c.changeBuild(b, "state", int64(b.State), int64(koji.BuildDeleted), func() error {
		if err := c.tx.DeleteBuild(c, b.ID, c.session.user); err != nil {
			return err
		}
		return c.dropBuildFiles(b)
	})
	return err == nil, err
}

// lockedBuildRef is a build that must be there, locked.
func (c *call) lockedBuildRef(ref any) (*koji.Build, error) {
	b, err := c.buildRef(ref)
	if err != nil {
		return nil, err
	}
	if _, _, err := c.tx.LockBuild(c, b.ID); err != nil {
		return nil, err
	}
	return c.tx.Build(c, b.ID)
}

// resetBuild is for emergencies: what refers to the build is not asked. A build
// that isn't there needs no reset.
func resetBuild(c *call, a buildOnlyArgs) (any, error) {
	b, err := c.findBuild(a.Build)
	if err != nil || b == nil {
		return nil, err
	}
	if b, err = c.lockedBuildRef(b.ID); err != nil {
		return nil, err
	}
	return nil, c.changeBuild(b, "state", int64(b.State), int64(koji.BuildCanceled), func() error {
		if err := c.tx.ResetBuild(c, b.ID, c.tx.Now()); err != nil {
			return err
		}
		return c.dropBuildFiles(b)
	})
}
