package kojid

import (
	"math/rand/v2"
	"slices"
	"strings"

	"koji"
	"koji/internal/fnmatch"
	"koji/internal/rpmfile"
)

// archRules are what a source package says about where it builds.
type archRules struct{ build, exclusive, exclude []string }

func rulesOf(h *rpmfile.Header) archRules {
	return archRules{build: h.BuildArchs, exclusive: h.ExclusiveArch, exclude: h.ExcludeArch}
}

// archList is which arches a package is built for: those of the build tag and
// the package's extra ones, as its header restricts them. An override, for
// scratch builds, replaces them; what the tag can't build falls out in any case.
func archList(tagArches, extra []string, r archRules, override []string) ([]string, error) {
	list := slices.Concat(tagArches, extra)
	if len(r.build) > 0 {
		list = slices.Clone(r.build)
	}
	if len(r.exclusive) > 0 {
		list = slices.DeleteFunc(list, func(a string) bool { return !slices.Contains(r.exclusive, a) })
	}
	list = slices.DeleteFunc(list, func(a string) bool { return slices.Contains(r.exclude, a) })
	noarch := slices.Contains(r.build, "noarch") || slices.Contains(r.exclusive, "noarch")
	if noarch && !slices.Contains(r.exclude, "noarch") {
		list = append(list, "noarch")
	}
	if len(override) > 0 {
		list = slices.Clone(override)
	}
	var out []string
	for _, a := range list {
		if slices.Contains(out, a) {
			continue
		}
		if a == "noarch" || slices.Contains(canonical(tagArches), koji.CanonicalArch(a)) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, buildError("No matching arches were found")
	}
	return out, nil
}

func canonical(arches []string) []string {
	var out []string
	for _, a := range arches {
		if c := koji.CanonicalArch(a); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// taskArch is the arch of a task that builds for an arch: which hosts may take
// it. What is noarch can go to any host, unless header or tag (its extra
// noarch_arches) know better; then pick chooses one of those allowed.
func taskArch(arch string, literal, tagArches, noarchArches []string, r archRules, pick func(n int) int) (string, error) {
	switch {
	case fnmatch.MatchAny(literal, arch):
		return arch, nil
	case arch != "noarch":
		return koji.CanonicalArch(arch), nil
	}
	all := canonical(tagArches)
	allowed := slices.Clone(all)
	keep := func(only []string) {
		allowed = slices.DeleteFunc(allowed, func(a string) bool { return !slices.Contains(only, a) })
	}
	without := func(list []string) []string {
		return canonical(slices.DeleteFunc(slices.Clone(list), func(a string) bool { return a == "noarch" }))
	}
	if only := without(r.exclusive); len(only) > 0 {
		keep(only)
	}
	if only := without(noarchArches); len(only) > 0 {
		keep(only)
	}
	not := without(r.exclude)
	allowed = slices.DeleteFunc(allowed, func(a string) bool { return slices.Contains(not, a) })
	switch {
	case len(allowed) == len(all):
		return "noarch", nil
	case len(allowed) == 0:
		return "", buildError("No arches of the build tag are left for noarch: header and tag exclude all of %s", strings.Join(all, " "))
	}
	return allowed[pick(len(allowed))], nil
}

// noarchArches is a tag's extra of that name: words, or a list of them.
func noarchArches(extra map[string]any) []string {
	switch v := extra["noarch_arches"].(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var out []string
		for _, a := range v {
			if s, ok := a.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// tagArches are a build tag's arches.
func tagArches(tag *koji.BuildConfig) ([]string, error) {
	if tag.Arches == nil || len(strings.Fields(*tag.Arches)) == 0 {
		return nil, buildError("No arches for tag %s [%d]", tag.Name, tag.ID)
	}
	return strings.Fields(*tag.Arches), nil
}

// taskArch applies the rule of that name with this builder's settings.
func (t *Task) taskArch(arch string, tag *koji.BuildConfig, r archRules) (string, error) {
	arches, err := tagArches(tag)
	if err != nil {
		return "", err
	}
	return taskArch(arch, t.cfg.LiteralTaskArches, arches, noarchArches(tag.Extra), r, rand.IntN)
}

// buildrootArch is the arch of the buildroot for a task: what is asked for, or
// for noarch an arch that host and tag have in common, the task's own first.
func buildrootArch(arch, taskArch string, hostArches, tagArches []string, pick func(n int) int) (string, error) {
	var common []string
	host := canonical(hostArches)
	for _, a := range canonical(tagArches) {
		if slices.Contains(host, a) {
			common = append(common, a)
		}
	}
	if len(common) == 0 {
		return "", &refusal{msg: "failed host check: this host has none of the tag's arches"}
	}
	switch {
	case arch != "noarch":
		if !slices.Contains(common, koji.CanonicalArch(arch)) {
			return "", &refusal{msg: "failed host check: this host does not build for " + arch}
		}
		return arch, nil
	case slices.Contains(common, koji.CanonicalArch(taskArch)):
		return koji.CanonicalArch(taskArch), nil
	}
	return common[pick(len(common))], nil
}
