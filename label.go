package koji

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"koji/internal/xmlrpc"
)

// TaskLabel says in a few words what a task does, such as
// "buildArch (foo-1-1.src.rpm, x86_64)". It needs the task's Request, decoded
// or as a document's text; without one it is the method and the arch.
// Koji: reference/tasks.md §3.
func TaskLabel(t Task) string {
	plain := fmt.Sprintf("%s (%s)", t.Method, t.Arch)
	if t.Request == nil {
		return plain
	}
	request, err := taskRequest(t.Request)
	if err != nil || t.Method == "" {
		return malformedTask
	}
	params, err := ParseTaskParams(t.Method, request)
	switch {
	case errors.Is(err, ErrNoSignature):
		return plain
	case err != nil:
		return fmt.Sprintf("%s (%s, unknown args)", t.Method, t.Arch)
	}
	p := &labelParams{params: params}
	extra := p.extra(t.Method)
	switch {
	case p.bad:
		return malformedTask
	case extra == "":
		return plain
	}
	return fmt.Sprintf("%s (%s)", t.Method, extra)
}

const malformedTask = "malformed task"

// taskRequest is the parameters of a request in any of the forms it comes in.
func taskRequest(request any) ([]any, error) {
	switch r := request.(type) {
	case []any:
		return r, nil
	case string:
		_, params, err := xmlrpc.UnmarshalCall([]byte(r))
		return params, err
	}
	return nil, fmt.Errorf("request is a %T", request)
}

// labelParams reads parameters for a label; bad is set once one isn't of the
// kind that it should be.
type labelParams struct {
	params map[string]any
	bad    bool
}

// extra is what stands in a label's brackets, "" for the arch.
func (p *labelParams) extra(method string) string {
	switch method {
	case "build":
		return list(p.name("target"), p.source("src"))
	case "maven":
		return list(p.name("target"), p.source("url"))
	case "indirectionimage":
		opts := &labelParams{params: p.object("opts"), bad: p.bad}
		extra := list(opts.text("name"), opts.text("version"), opts.text("release"))
		p.bad = opts.bad
		return extra
	case "buildSRPMFromSCM":
		return p.source("url")
	case "buildArch":
		return list(p.file("pkg"), p.text("arch"))
	case "buildMaven":
		return p.name("build_tag")
	case "wrapperRPM":
		return list(p.name("build_target"), p.nvr("build"))
	case "winbuild":
		return list(p.name("target"), p.source("source_url"))
	case "vmExec":
		return p.text("name")
	case "buildNotification":
		return p.nvr("build")
	case "newRepo", "distRepo":
		return p.name("tag")
	case "createrepo":
		return p.text("arch")
	case "createdistrepo":
		return list(p.text("repo_id"), p.text("arch"))
	case "dependantTask":
		return p.methods("task_list")
	case "chainbuild", "chainmaven":
		return p.name("target")
	case "waitrepo":
		return list(p.name("tag"), p.texts("nvrs", ", "))
	case "livecd", "appliance":
		return list(p.text("arch"), p.joined("name", "version"), p.file("ksfile"))
	case "livemedia":
		return list(p.texts("arches", ","), p.joined("name", "version"), p.file("ksfile"))
	case "image":
		return list(p.texts("arches", ","), p.joined("name", "version"), p.text("inst_tree"))
	case "createLiveCD", "createAppliance", "createLiveMedia":
		return list(p.name("target_info"), p.joined("name", "version", "release"), p.file("ksfile"), p.text("arch"))
	case "createImage":
		return list(p.name("target_info"), p.joined("name", "version", "release"), p.text("inst_tree"), p.text("arch"))
	case "restart", "restartVerify":
		return p.name("host")
	}
	return ""
}

// list is the parts that aren't empty, separated by commas.
func list(parts ...string) string {
	var present []string
	for _, s := range parts {
		if s != "" {
			present = append(present, s)
		}
	}
	return strings.Join(present, ", ")
}

// text is a string or a number as it is, "" for nil.
func (p *labelParams) text(key string) string { return p.asText(p.params[key]) }

func (p *labelParams) asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64, int, float64:
		return fmt.Sprint(v)
	}
	p.bad = true
	return ""
}

func (p *labelParams) object(key string) map[string]any {
	m, ok := p.params[key].(map[string]any)
	p.bad = p.bad || !ok
	return m
}

// name is a reference to a tag, target or host: its name or id, or its record.
func (p *labelParams) name(key string) string {
	record, ok := p.params[key].(map[string]any)
	if !ok {
		return p.text(key)
	}
	if record["name"] == nil {
		return p.asText(record["id"])
	}
	return p.asText(record["name"])
}

// nvr is a build by its record, name or id.
func (p *labelParams) nvr(key string) string {
	b, ok := p.params[key].(map[string]any)
	if !ok {
		return p.text(key)
	}
	if b["nvr"] != nil {
		return p.asText(b["nvr"])
	}
	name := b["package_name"]
	if name == nil {
		name = b["name"]
	}
	parts := []string{p.asText(name), p.asText(b["version"]), p.asText(b["release"])}
	for _, part := range parts {
		p.bad = p.bad || part == ""
	}
	return strings.Join(parts, "-")
}

// joined is the values of several keys with dashes between them.
func (p *labelParams) joined(keys ...string) string {
	var parts []string
	for _, k := range keys {
		if s := p.text(k); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "-")
}

// texts is a list of strings, or one string that stands for itself.
func (p *labelParams) texts(key, between string) string {
	items, ok := p.params[key].([]any)
	if !ok {
		return p.text(key)
	}
	parts := make([]string, 0, len(items))
	for _, v := range items {
		parts = append(parts, p.asText(v))
	}
	return strings.Join(parts, between)
}

// methods is the first element of each element of a list.
func (p *labelParams) methods(key string) string {
	items, ok := p.params[key].([]any)
	p.bad = p.bad || !ok
	var names []string
	for _, v := range items {
		call, ok := v.([]any)
		if !ok || len(call) == 0 {
			p.bad = true
			return ""
		}
		names = append(names, p.asText(call[0]))
	}
	return strings.Join(names, ", ")
}

// file is a path's last element.
func (p *labelParams) file(key string) string {
	s := p.text(key)
	if s == "" {
		return ""
	}
	return path.Base(s)
}

// source is an uploaded file's name, or what an SCM URL is about.
func (p *labelParams) source(key string) string {
	if s := p.text(key); strings.Contains(s, "://") {
		return scmInfo(s)
	}
	return p.file(key)
}

// scmInfo is the repository's path, the module if there is one, and the
// revision: "/rpms/foo:main" of git+https://host/rpms/foo#main.
func scmInfo(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, revision, _ := strings.Cut(rest, "#")
	repo, module, _ := strings.Cut(rest, "?")
	if slash := strings.IndexByte(repo, '/'); slash >= 0 {
		repo = repo[slash:]
	} else {
		repo = ""
	}
	parts := []string{repo}
	if module != "" {
		parts = append(parts, module)
	}
	if revision != "" {
		parts = append(parts, revision)
	}
	return strings.Join(parts, ":")
}
