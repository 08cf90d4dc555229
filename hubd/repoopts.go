package hubd

import (
	"slices"

	"koji"
	"koji/internal/fnmatch"
)

// repoOpts are the options that a repo is made with. Koji:
// reference/scheduler_repos.md, "Options".
type repoOpts map[string]any

var repoOptNames = []string{"src", "debuginfo", "separate_src", "maven"}

// readRepoOpts reads options as callers give them: nil values count as not
// given; unknown names are refused when strict, else ignored.
func readRepoOpts(v any, strict bool) (repoOpts, error) {
	opts := repoOpts{}
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		return nil, fault(koji.CodeParameter, "opts: invalid type %s, want a struct", typeName(v))
	}
	for key, value := range m {
		switch {
		case !slices.Contains(repoOptNames, key):
			if strict {
				return nil, fault(koji.CodeParameter, "Invalid repo option: %s", key)
			}
		case value != nil:
			opts[key] = truthy(value)
		}
	}
	return opts, nil
}

// standardRepoOpts are what a tag's repos are made with when nobody asks for
// another thing; the tag comes with its extra.
func (c *call) standardRepoOpts(tag *koji.Tag) repoOpts {
	cfg := c.hub.cfg
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return fnmatch.Match(p, tag.Name) })
	}
	opts := repoOpts{
		"src": matches(cfg.SourceTags), "debuginfo": matches(cfg.DebuginfoTags), "separate_src": matches(cfg.SeparateSourceTags), "maven": false,
	}
	if v, ok := tag.Extra["with_debuginfo"]; ok {
		opts["debuginfo"] = truthy(v)
	}
	if own, err := readRepoOpts(tag.Extra["repo.opts"], false); err != nil {
		c.log().Warn("tag's repo.opts is no object", "tag", tag.Name)
	} else {
		for key, v := range own {
			opts[key] = v
		}
	}
	if cfg.EnableMaven && tag.MavenSupport {
		opts["maven"] = true
	}
	return opts
}

// repoOptsOf are the options of a tag's repo with what was asked for, and of
// the latter those that differ from what the tag's repos have anyway.
func (c *call) repoOptsOf(tag *koji.Tag, asked repoOpts) (all, custom repoOpts) {
	all, custom = c.standardRepoOpts(tag), repoOpts{}
	for key, v := range asked {
		if all[key] != v {
			custom[key] = v
		}
		all[key] = v
	}
	return all, custom
}

// fits says whether a repo has the options that are wanted, and none of its own beside.
func (o repoOpts) fits(r *koji.Repo) bool {
	has, _ := r.Opts.(map[string]any)
	custom, _ := r.CustomOpts.(map[string]any)
	for key, v := range o {
		if has[key] != v {
			return false
		}
	}
	for key, v := range custom {
		if o[key] != v {
			return false
		}
	}
	return true
}

// is says whether stored options are the same.
func (o repoOpts) is(stored any) bool {
	m, _ := stored.(map[string]any)
	if len(m) != len(o) {
		return false
	}
	for key, v := range o {
		if m[key] != v {
			return false
		}
	}
	return true
}
