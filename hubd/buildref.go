package hubd

import (
	"koji"
	"koji/sqlstore"
)

// findBuildID finds the build that an argument names: an id (which nobody looks
// up), n-v-r text or a struct with id, or name, version and release; 0 if there
// is none of that name. What names no build at all is a fault.
func (c *call) findBuildID(ref any) (int64, error) {
	switch ref := ref.(type) {
	case int64:
		return ref, nil
	case string:
		n, err := koji.ParseNVR(ref)
		if err != nil {
			return 0, refuse("%v", err)
		}
		return c.tx.BuildIDByNVR(c, n.Name, n.Version, n.Release)
	case map[string]any:
		for _, key := range []string{"id", "build_id"} {
			if id, ok := ref[key].(int64); ok {
				return id, nil
			}
		}
		name, okName := ref["name"].(string)
		version, okVersion := ref["version"].(string)
		release, okRelease := ref["release"].(string)
		if okName && okVersion && okRelease {
			return c.tx.BuildIDByNVR(c, name, version, release)
		}
	}
	return 0, refuse("Invalid build: %s; want an id, name-version-release, or a struct with id or with name, version and release", refText(ref))
}

// findBuild finds the build that an argument names, nil if there is none.
func (c *call) findBuild(ref any) (*koji.Build, error) {
	if text, ok := ref.(string); ok {
		n, err := koji.ParseNVR(text)
		if err != nil {
			return nil, refuse("%v", err)
		}
		return c.tx.BuildByNVR(c, n)
	}
	id, err := c.findBuildID(ref)
	if err != nil || id == 0 {
		return nil, err
	}
	return c.tx.Build(c, id)
}

// buildRef is findBuild that refuses what isn't there.
func (c *call) buildRef(ref any) (*koji.Build, error) {
	b, err := c.findBuild(ref)
	if err == nil && b == nil {
		err = noSuchBuild(ref)
	}
	return b, err
}

func noSuchBuild(ref any) error {
	if m, ok := ref.(map[string]any); ok && m["id"] == nil && m["name"] != nil {
		return refuse("No such build: %v-%v-%v", m["name"], m["version"], m["release"])
	}
	return refuse("No such build: %s", refText(ref))
}

// buildType reads the arguments that choose builds by a type: maven, win and
// image have tables of their own, others must be known.
func (c *call) buildType(name *string, info map[string]any) (sqlstore.BuildType, error) {
	if name == nil {
		return sqlstore.BuildType{}, nil
	}
	t := sqlstore.BuildType{Name: *name, Info: map[string]string{}}
	var keys []string
	switch *name {
	case "maven":
		keys = []string{"group_id", "artifact_id", "version"}
	case "win":
		keys = []string{"platform"}
	case "image":
	default:
		n, err := c.need(sqlstore.BuildTypeNames, *name)
		if err != nil {
			return t, err
		}
		if len(info) > 0 {
			return t, refuse("typeInfo is not supported for builds of type %s", *name)
		}
		t.ID = n.ID
	}
	for _, key := range keys {
		if v, ok := info[key]; ok && v != nil {
			text, isText := v.(string)
			if !isText {
				return t, fault(koji.CodeParameter, "typeInfo: %s: invalid type %s, want a string", key, typeName(v))
			}
			t.Info[key] = text
		}
	}
	return t, nil
}
