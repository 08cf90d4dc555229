package hubd

import (
	"path"
	"strings"

	"koji"
)

// What callers tell of archives and builds of the types maven, win and image.

// infoText is a text that must be among what is told.
func infoText(what string, info map[string]any, key string) (string, error) {
	v, there := info[key]
	if !there || v == nil {
		return "", refuse("Invalid %s info: no %s", what, key)
	}
	text, ok := v.(string)
	if !ok {
		return "", refuse("Invalid %s info: %s: invalid type %s, want a string", what, key, typeName(v))
	}
	return text, nil
}

// mavenInfo reads a Maven identity. Its members become folders.
func mavenInfo(info map[string]any) (*koji.MavenInfo, error) {
	m := &koji.MavenInfo{}
	for _, f := range []struct {
		key  string
		into *string
	}{{"group_id", &m.GroupID}, {"artifact_id", &m.ArtifactID}, {"version", &m.Version}} {
		text, err := infoText("Maven", info, f.key)
		if err != nil {
			return nil, err
		}
		if text == "" || strings.Contains(text, "/") || text == "." || len(text) > longestName || badText(text) {
			return nil, refuse("Invalid Maven info: %s: %q", f.key, text)
		}
		*f.into = text
	}
	for _, part := range append(strings.Split(m.GroupID, "."), m.ArtifactID, m.Version) {
		if part == "" || part == "." || part == ".." {
			return nil, refuse("Invalid Maven info: %s can't become a folder", gav(*m))
		}
	}
	return m, nil
}

// mavenFolder is where Maven looks for an artifact's files.
func mavenFolder(m koji.MavenInfo) string {
	return path.Join(strings.ReplaceAll(m.GroupID, ".", "/"), m.ArtifactID, m.Version)
}

// gav is a Maven identity as people write it.
func gav(m koji.MavenInfo) string { return m.GroupID + ":" + m.ArtifactID + ":" + m.Version }

// winInfo reads what is told of a Windows archive. The folder is relative,
// whatever slashes are around it.
func winInfo(info map[string]any) (*koji.WinInfo, error) {
	relpath, err := infoText("Windows", info, "relpath")
	if err != nil {
		return nil, err
	}
	w := &koji.WinInfo{Relpath: strings.Trim(relpath, "/")}
	if w.Relpath != "" && !plainPath(w.Relpath) {
		return nil, refuse("Invalid Windows info: relpath: %q", relpath)
	}
	if w.Platforms, err = wordsOf("platforms", info["platforms"]); err != nil {
		return nil, err
	}
	if w.Platforms == "" {
		return nil, fault(koji.CodeBuild, "Invalid Windows info: no platforms")
	}
	flags, err := wordsOf("flags", info["flags"])
	if flags != "" {
		w.Flags = &flags
	}
	return w, err
}

// wordsOf are words as they are stored: separated by spaces.
func wordsOf(key string, v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []any:
		for _, item := range v {
			if _, ok := item.(string); !ok {
				return "", refuse("Invalid Windows info: %s: invalid type %s, want a string", key, typeName(item))
			}
		}
		return strings.Join(textOf(v), " "), nil
	}
	return "", refuse("Invalid Windows info: %s: invalid type %s, want an array", key, typeName(v))
}

// imageInfo reads what is told of an image.
func imageInfo(info map[string]any) (*koji.ImageInfo, error) {
	arch, err := infoText("image", info, "arch")
	if err != nil {
		return nil, err
	}
	if err := checkArch(arch); err != nil {
		return nil, refuse("Invalid image info: %v", err)
	}
	return &koji.ImageInfo{Arch: arch}, nil
}
