package cli

import (
	"context"
	"fmt"
	"slices"

	"koji"
)

// labPackages are what the demo builds, in this order.
var labPackages = []string{"libgreeting", "greet"}

// setUp makes the tags, the target and the rest that builds need, as far as
// they aren't there. It may be run again at any time.
func (l *lab) setUp(ctx context.Context, s *koji.Session, d *labDistro) error {
	arch, err := labArch()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"make tag " + labTag, func() error { return labMakeTag(ctx, s, labTag, nil) }},
		{"make tag " + labBuildIn, func() error {
			return labMakeTag(ctx, s, labBuildIn, koji.Named{"parent": labTag, "arches": arch})
		}},
		{"make target " + labTag, func() error { return labMakeTarget(ctx, s) }},
		{"add packages", func() error { return labAddPackages(ctx, s) }},
		{"add external repos", func() error { return labAddRepos(ctx, s, d.repos) }},
		{"fill groups", func() error { return labFillGroups(ctx, s, d.groups) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func labMakeTag(ctx context.Context, s *koji.Session, name string, more koji.Named) error {
	var tag *koji.Tag
	if err := s.Call(ctx, "getTag", &tag, name); err != nil || tag != nil {
		return err
	}
	return s.Call(ctx, "createTag", nil, name, more)
}

func labMakeTarget(ctx context.Context, s *koji.Session) error {
	var target *koji.Target
	if err := s.Call(ctx, "getBuildTarget", &target, labTag); err != nil || target != nil {
		return err
	}
	return s.Call(ctx, "createBuildTarget", nil, labTag, labBuildIn, labTag)
}

func labAddPackages(ctx context.Context, s *koji.Session) error {
	type listed struct {
		Name string `xmlrpc:"package_name"`
	}
	var there []listed
	if err := s.Call(ctx, "listPackages", &there, koji.Named{"tagID": labTag}); err != nil {
		return err
	}
	for _, name := range labPackages {
		if slices.Contains(there, listed{name}) {
			continue
		}
		if err := s.Call(ctx, "packageListAdd", nil, labTag, name, labAdmin); err != nil {
			return err
		}
	}
	return nil
}

// labAddRepos gives the build tag exactly these external repos of ours.
func labAddRepos(ctx context.Context, s *koji.Session, repos []labRepo) error {
	var linked []koji.TagExternalRepo
	if err := s.Call(ctx, "getTagExternalRepos", &linked, labBuildIn); err != nil {
		return err
	}
	for i, r := range repos {
		var known *koji.ExternalRepo
		if err := s.Call(ctx, "getExternalRepo", &known, r.name); err != nil {
			return err
		}
		switch {
		case known == nil:
			if err := s.Call(ctx, "createExternalRepo", nil, r.name, r.url); err != nil {
				return err
			}
		case known.URL != r.url:
			if err := s.Call(ctx, "editExternalRepo", nil, r.name, koji.Named{"url": r.url}); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(linked, func(t koji.TagExternalRepo) bool { return t.ExternalRepoName == r.name }) {
			continue
		}
		if err := s.Call(ctx, "addExternalRepoToTag", nil, labBuildIn, r.name, 5*(i+1), koji.Named{"merge_mode": "koji"}); err != nil {
			return err
		}
	}
	return nil
}

// labFillGroups adds what is missing in the groups of the build tag.
func labFillGroups(ctx context.Context, s *koji.Session, groups map[string][]string) error {
	var there []koji.Group
	if err := s.Call(ctx, "getTagGroups", &there, labBuildIn); err != nil {
		return err
	}
	m := s.Multicall()
	for _, name := range sortedKeys(groups) {
		at := slices.IndexFunc(there, func(g koji.Group) bool { return g.Name == name })
		if at < 0 {
			m.Add(nil, "groupListAdd", labBuildIn, name)
		}
		for _, p := range groups[name] {
			if at < 0 || !slices.ContainsFunc(there[at].Packages, func(q koji.GroupPackage) bool { return q.Package == p }) {
				m.Add(nil, "groupPackageListAdd", labBuildIn, name, p)
			}
		}
	}
	if m.Len() == 0 {
		return nil
	}
	return m.Run(ctx)
}
