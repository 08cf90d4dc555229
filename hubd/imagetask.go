package hubd

import (
	"slices"
	"strings"

	"koji"
)

// How users ask for images.

type buildImageArgs struct {
	Name     string         `rpc:"name"`
	Version  string         `rpc:"version"`
	Arch     any            `rpc:"arch"`
	Target   string         `rpc:"target"`
	KSFile   string         `rpc:"ksfile"`
	Type     string         `rpc:"img_type"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
}

// buildImage makes a task of the image's type, which is its permission's and its channel's name too.
func buildImage(c *call, a buildImageArgs) (any, error) {
	if !slices.Contains([]string{"livecd", "appliance", "livemedia"}, a.Type) {
		return nil, refuse("Unsupported image type: %s; one of livecd, appliance, livemedia", a.Type)
	}
	if err := c.needPerm(a.Type); err != nil {
		return nil, err
	}
	arch := any("noarch") // of a livemedia task, which has a subtask for each arch
	if a.Type != "livemedia" {
		arch = a.Arch
	}
	return c.submitImage(a.Type, []any{a.Name, a.Version, a.Arch, a.Target, a.KSFile, orEmpty(a.Opts)}, arch, a.Priority, a.Type)
}

// submitImage makes an image task in a channel.
func (c *call) submitImage(method string, params []any, arch, priority any, channel string) (any, error) {
	o, err := c.submitted(priority, channel)
	if err != nil {
		return nil, err
	}
	if o.Arch, err = archText(arch); err != nil {
		return nil, err
	}
	o.Method, o.Params = method, params
	return c.makeTask(o)
}

type buildImageOzArgs struct {
	Name     string         `rpc:"name"`
	Version  string         `rpc:"version"`
	Arches   any            `rpc:"arches"`
	Target   string         `rpc:"target"`
	Tree     string         `rpc:"inst_tree"`
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
}

func buildImageOz(c *call, a buildImageOzArgs) (any, error) {
	if _, err := archText(a.Arches); err != nil {
		return nil, err
	}
	return c.submitImage("image", []any{a.Name, a.Version, a.Arches, a.Target, a.Tree, orEmpty(a.Opts)}, "noarch", a.Priority, "image")
}

type buildImageIndirectionArgs struct {
	Opts     map[string]any `rpc:"opts=nil"`
	Priority any            `rpc:"priority=nil"`
}

func buildImageIndirection(c *call, a buildImageIndirectionArgs) (any, error) {
	if !truthy(a.Opts["scratch"]) && a.Opts["indirection_template_url"] == nil {
		return nil, fault(koji.CodeActionNotAllowed, "Non-scratch builds must provide a URL for the indirection template")
	}
	arch, ok := a.Opts["arch"].(string)
	if !ok {
		return nil, fault(koji.CodeParameter, "opts: arch: invalid type %s, want a string", typeName(a.Opts["arch"]))
	}
	return c.submitImage("indirectionimage", []any{a.Opts}, arch, a.Priority, "image")
}

// kiwiPlugin is Koji's plugin kiwi: images that kiwi makes of a description in a repository.
type kiwiPlugin struct{}

func (kiwiPlugin) install(h *Hub) error {
	return h.addMethods([]method{writes("kiwiBuild", perm("image"), "Creates a kiwiBuild task.", kiwiBuild)})
}

type kiwiBuildArgs struct {
	Target           string  `rpc:"target"`
	Arches           any     `rpc:"arches"`
	DescURL          string  `rpc:"desc_url"`
	DescPath         string  `rpc:"desc_path"`
	OptionalArches   any     `rpc:"optional_arches=nil"`
	Profile          *string `rpc:"profile=nil"`
	Scratch          bool    `rpc:"scratch=false"`
	Priority         any     `rpc:"priority=nil"`
	MakePrep         bool    `rpc:"make_prep=false"`
	Repos            []any   `rpc:"repos=nil"`
	Release          *string `rpc:"release=nil"`
	Type             *string `rpc:"type=nil"`
	TypeAttr         []any   `rpc:"type_attr=nil"`
	BundleName       *string `rpc:"result_bundle_name_format=nil"`
	UseBuildrootRepo bool    `rpc:"use_buildroot_repo=true"`
	Version          *string `rpc:"version=nil"`
	RepoReleasever   *string `rpc:"repo_releasever=nil"`
}

func kiwiBuild(c *call, a kiwiBuildArgs) (any, error) {
	arches, optional, err := c.imageTarget(a.Target, a.Arches, a.OptionalArches)
	if err != nil {
		return nil, err
	}
	opts := map[string]any{
		"optional_arches": optional, "profile": a.Profile, "scratch": a.Scratch, "make_prep": a.MakePrep, "repos": append([]any{}, a.Repos...),
		"release": a.Release, "type": a.Type, "type_attr": append([]any{}, a.TypeAttr...), "result_bundle_name_format": a.BundleName,
		"use_buildroot_repo": a.UseBuildrootRepo, "version": a.Version, "repo_releasever": a.RepoReleasever,
	}
	return c.submitImage("kiwiBuild", []any{a.Target, arches, a.DescURL, a.DescPath, opts}, "noarch", a.Priority, "image")
}

// imageTarget checks for whom an image is to be: a target that is there, and
// arches, of which the optional ones may fail.
func (c *call) imageTarget(target string, arches, optional any) (wanted, maybe []any, err error) {
	if _, err := c.targetRef(target); err != nil {
		return nil, nil, err
	}
	if wanted, err = imageArches("arches", arches); err != nil {
		return nil, nil, err
	}
	maybe, err = imageArches("optional_arches", optional)
	return wanted, maybe, err
}

// imageArches is an argument that lists arches, as an array or as text. Nil is none.
func imageArches(name string, v any) ([]any, error) {
	text, err := archText(v)
	if err != nil {
		return nil, err
	}
	list, err := koji.ArchList(text)
	if err != nil {
		return nil, refuse("%s: %v", name, err)
	}
	arches := make([]any, len(list))
	for i, a := range list {
		arches[i] = a
	}
	return arches, nil
}

// dudPlugin is Koji's plugin dud: driver update disks of rpms.
type dudPlugin struct{}

func (dudPlugin) install(h *Hub) error {
	return h.addMethods([]method{writes("dudBuild", perm("image"), "Creates a dudBuild task.", dudBuild)})
}

type dudBuildArgs struct {
	Name           string  `rpc:"dud_name"`
	Version        string  `rpc:"dud_version"`
	Arches         any     `rpc:"arches"`
	Target         string  `rpc:"target"`
	Packages       any     `rpc:"pkg_list"`
	OptionalArches any     `rpc:"optional_arches=nil"`
	Scratch        bool    `rpc:"scratch=false"`
	AllDeps        bool    `rpc:"alldeps=false"`
	SCMURL         *string `rpc:"scmurl=nil"`
	Priority       any     `rpc:"priority=nil"`
}

func dudBuild(c *call, a dudBuildArgs) (any, error) {
	arches, optional, err := c.imageTarget(a.Target, a.Arches, a.OptionalArches)
	if err != nil {
		return nil, err
	}
	packages, ok := a.Packages.([]any)
	if text, isText := a.Packages.(string); isText {
		for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
			packages, ok = append(packages, name), true
		}
	}
	if !ok {
		return nil, fault(koji.CodeParameter, "pkg_list: invalid type %s, want an array", typeName(a.Packages))
	}
	opts := map[string]any{"optional_arches": optional, "scratch": a.Scratch, "alldeps": a.AllDeps, "scmurl": a.SCMURL}
	return c.submitImage("dudBuild", []any{a.Name, a.Version, arches, a.Target, packages, opts}, "noarch", a.Priority, "image")
}
