package tui

import (
	"path"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// subjectOf is the package that a task is about and the tag or target that it
// names, both clean, as far as its parameters tell.
func subjectOf(t koji.Task) (pkg, tag string) {
	request, ok := t.Request.([]any)
	if !ok {
		return "", ""
	}
	params, err := koji.ParseTaskParams(t.Method, request)
	if err != nil {
		return "", ""
	}
	text := func(names ...string) string {
		for _, n := range names {
			switch v := params[n].(type) {
			case string:
				return v
			case map[string]any:
				if s, ok := v["name"].(string); ok {
					return s
				}
			}
		}
		return ""
	}
	tag = text("root", "build_tag", "tag", "tag_info", "target", "build_target", "target_info")
	switch t.Method {
	case "buildArch":
		pkg = packageOfSRPM(text("pkg"))
	case "rebuildSRPM":
		pkg = packageOfSRPM(text("srpm"))
	case "buildSRPMFromSCM":
		pkg = packageOfSource(text("url"))
	case "build":
		if pkg = packageOfSource(text("src")); pkg == "" {
			pkg = packageOfSRPM(text("src"))
		}
	}
	return safetext.Clean(pkg), safetext.Clean(tag)
}

// packageOfSRPM is the name in a source package's file name.
func packageOfSRPM(file string) string {
	nvra, err := koji.ParseNVRA(path.Base(file))
	if err != nil || !strings.HasSuffix(file, ".rpm") {
		return ""
	}
	return nvra.Name
}

// packageOfSource is what a repository is called, which is nearly always the
// name of the package.
func packageOfSource(url string) string {
	if !strings.Contains(url, "://") {
		return ""
	}
	url, _, _ = strings.Cut(url, "#")
	url, _, _ = strings.Cut(url, "?")
	name := strings.TrimSuffix(path.Base(url), ".git")
	if name == "." || name == "/" {
		return ""
	}
	return name
}
