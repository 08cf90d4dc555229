package hubd

import (
	"context"

	"koji"
	"koji/internal/fnmatch"
	"koji/internal/policy"
	"koji/sqlstore"
)

// The tests of policies that look at a build. Koji: reference/policy.md.

// policyBuild is the build that the data names, nil if it names none that is there.
func (c *call) policyBuild(data policy.Data) (*koji.Build, error) {
	if data["build"] == nil {
		return nil, nil
	}
	return c.findBuild(data["build"])
}

func (c *call) policyPackage(data policy.Data) ([]string, error) {
	if v := data["package"]; v != nil {
		n, found, err := c.find(sqlstore.PackageNames, v)
		if err != nil || found {
			return []string{n.Name}, err
		}
		return textOf(v), nil
	}
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	return []string{b.PackageName}, nil
}

func policyNewPackage(ctx context.Context, data policy.Data, _ []string) (bool, error) {
	c := ctx.(*call)
	names, err := c.policyPackage(data)
	if err != nil || len(names) == 0 {
		return false, err
	}
	_, found, err := c.tx.NameByName(c, sqlstore.PackageNames, names[0])
	return !found, err
}

// policyBuildText is version or release, of the data or of its build.
func (c *call) policyBuildText(data policy.Data, field string) ([]string, error) {
	if v := data[field]; v != nil {
		return textOf(v), nil
	}
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	if field == "version" {
		return []string{b.Version}, nil
	}
	return []string{b.Release}, nil
}

func (c *call) policyVolume(data policy.Data) ([]string, error) {
	if v := data["volume"]; v != nil {
		n, _, err := c.find(sqlstore.VolumeNames, v)
		return []string{n.Name}, err
	}
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	return []string{b.VolumeName}, nil
}

func (c *call) policySource(data policy.Data) ([]string, error) {
	if v := data["source"]; v != nil {
		return textOf(v), nil
	}
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	if b.Source != nil {
		return []string{*b.Source}, nil
	}
	if b.TaskID == nil {
		return nil, nil
	}
	request, _, found, err := c.tx.TaskDocuments(c, *b.TaskID)
	if err != nil || !found {
		return nil, err
	}
	t, err := c.tx.Task(c, *b.TaskID)
	if err != nil || t == nil {
		return nil, err
	}
	params, err := decodeRequest(t.ID, request)
	if err != nil {
		return nil, err
	}
	return textOf(c.taskData(t.Method, params)["source"]), nil
}

func (c *call) policyBuildTags(data policy.Data) ([]string, error) {
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	return c.tx.TagsOfBuild(c, b.ID)
}

// policyBuildtagIDs are the tags that something is, or was, built from.
func (c *call) policyBuildtagIDs(data policy.Data) ([]int64, error) {
	var refs []any
	switch {
	case data["build_tag"] != nil:
		refs = []any{data["build_tag"]}
	case data["build_tags"] != nil:
		refs, _ = data["build_tags"].([]any)
	case data["target"] != nil:
		t, err := c.targetRef(data["target"])
		if err != nil || t == nil {
			return nil, err
		}
		return []int64{t.BuildTag}, nil
	default:
		b, err := c.policyBuild(data)
		if err != nil || b == nil {
			return nil, err
		}
		return c.tx.BuildrootTags(c, b.ID)
	}
	var ids []int64
	for _, ref := range refs {
		if ref == nil {
			continue
		}
		id, _, err := c.tagID(ref)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (c *call) policyBuildtag(data policy.Data) ([]string, error) {
	ids, err := c.policyBuildtagIDs(data)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, id := range ids {
		n, _, err := c.tx.NameByID(c, sqlstore.TagNames, id)
		if err != nil {
			return nil, err
		}
		names = append(names, n.Name)
	}
	return names, nil
}

func (c *call) policyBuildtagAncestors(data policy.Data) ([]string, error) {
	ids, err := c.policyBuildtagIDs(data)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, id := range ids {
		walk, err := c.tx.Ancestors(c, id, nil)
		if err != nil {
			return nil, err
		}
		for _, a := range walk {
			names = append(names, a.Name)
		}
	}
	return names, nil
}

func (c *call) policyBuildTypes(data policy.Data) ([]string, error) {
	if v := data["btypes"]; v != nil {
		return textOf(v), nil
	}
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	return c.tx.TypesOfBuild(c, b.ID)
}

func (c *call) policyGenerators(data policy.Data) ([]string, error) {
	if v, given := data["cg_list"]; given {
		refs, ok := v.([]any)
		if !ok {
			refs = []any{v}
		}
		var names []string
		for _, ref := range refs {
			n, found, err := c.find(sqlstore.GeneratorNames, ref)
			if err != nil {
				return nil, err
			}
			if !found {
				n.Name = refText(ref)
			}
			names = append(names, n.Name)
		}
		return names, nil
	}
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return nil, err
	}
	return c.tx.BuildGenerators(c, b.ID)
}

// policyAllGenerators is cg_match_all: false for none, and for a part that no generator made.
func policyAllGenerators(ctx context.Context, data policy.Data, args []string) (bool, error) {
	names, err := ctx.(*call).policyGenerators(data)
	if err != nil || len(names) == 0 {
		return false, err
	}
	for _, name := range names {
		if name == "" || !fnmatch.MatchAny(args, name) {
			return false, nil
		}
	}
	return true, nil
}

func policyImported(ctx context.Context, data policy.Data, _ []string) (bool, error) {
	c := ctx.(*call)
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return truthy(data["import"]), err
	}
	return c.tx.BuildImported(c, b.ID)
}

// policyBuildOwner says whether the user owns the build, or is in the group that does.
func policyBuildOwner(ctx context.Context, data policy.Data, _ []string) (bool, error) {
	c := ctx.(*call)
	b, err := c.policyBuild(data)
	if err != nil || b == nil {
		return false, err
	}
	who, err := c.policyUserID(data)
	if err != nil || who == 0 {
		return false, err
	}
	if b.OwnerID == who {
		return true, nil
	}
	owner, err := c.tx.User(c, b.OwnerID)
	if err != nil || owner == nil || owner.UserType != koji.UserGroup {
		return false, err
	}
	return c.isMember(who, b.OwnerID)
}

func policyDraft(ctx context.Context, data policy.Data, _ []string) (bool, error) {
	if v, given := data["draft"]; given {
		return truthy(v), nil
	}
	b, err := ctx.(*call).policyBuild(data)
	return b != nil && b.Draft, err
}
