package koji

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"koji/internal/xmlrpc"
)

// ErrNoSignature says that a method's parameters have no names that we know.
var ErrNoSignature = errors.New("unknown task method")

// taskSignatures are the parameters of the task methods, as they are given by
// position; where there are several lists they are tried in order.
// Koji: reference/tasks.md §1.
var taskSignatures = map[string][]string{
	"build":            {"src, target, opts=nil"},
	"chainbuild":       {"srcs, target, opts=nil"},
	"buildSRPMFromSCM": {"url, build_tag, opts=nil"},
	"rebuildSRPM":      {"srpm, build_tag, opts=nil"},
	"buildArch":        {"pkg, root, arch, keep_srpm, opts=nil"},
	"tagBuild":         {"tag_id, build_id, force=false, fromtag=nil, ignore_success=false"},
	"maven":            {"url, target, opts=nil"},
	"buildMaven":       {"url, build_tag, opts=nil"},
	"wrapperRPM":       {"spec_url, build_target, build, task, opts=nil"},
	"chainmaven":       {"builds, target, opts=nil"},
	"image":            {"name, version, arches, target, inst_tree, opts=nil"},
	"createImage":      {"name, version, release, arch, target_info, build_tag, repo_info, inst_tree, opts=nil"},
	"indirectionimage": {"opts"},
	"appliance":        {"name, version, arch, target, ksfile, opts=nil"},
	"createAppliance":  {"name, version, release, arch, target_info, build_tag, repo_info, ksfile, opts=nil"},
	"livecd":           {"name, version, arch, target, ksfile, opts=nil"},
	"createLiveCD":     {"name, version, release, arch, target_info, build_tag, repo_info, ksfile, opts=nil"},
	"livemedia":        {"name, version, arches, target, ksfile, opts=nil"},
	"createLiveMedia":  {"name, version, release, arch, target_info, build_tag, repo_info, ksfile, opts=nil"},
	"newRepo": {
		"tag, event=nil, src=false, debuginfo=false, separate_src=false",
		"tag, event=nil, src=nil, debuginfo=nil, separate_src=nil, opts=nil",
	},
	"createrepo":     {"repo_id, arch, oldrepo"},
	"distRepo":       {"tag, repo_id, keys, task_opts"},
	"createdistrepo": {"tag, repo_id, arch, keys, opts"},
	"waitrepo":       {"tag, newer_than=nil, nvrs=nil, min_event=nil"},
	"tagNotification": {
		"recipients, is_successful, tag_info, from_info, build_info, user_info, ignore_success=nil, failure_msg=''",
	},
	"buildNotification": {"recipients, build, target, weburl"},
	"dependantTask":     {"wait_list, task_list"},
	"restart":           {"host"},
	"restartVerify":     {"task_id, host"},
	"restartHosts":      {"options=nil"},
	"shutdown":          {""},
	"sleep":             {"n"},
	"fork":              {"n=5, m=37"},
	"waittest":          {"count, seconds=10"},
	"subtask":           {"n=4"},
	"someMethod":        {"*args"},
	"default":           {"*args, **opts"},
	"winbuild":          {"name, source_url, target, opts=nil"},
	"vmExec":            {"name, task_info, opts"},
	"runroot": {
		"root, arch, command, keep=false, packages=[], mounts=[], repo_id=nil, skip_setarch=false, " +
			"weight=nil, upload_logs=nil, new_chroot=false",
	},
	"saveFailedTree":  {"buildrootID, full=false"},
	"kiwiBuild":       {"target, arches, desc_url, desc_path, opts=nil"},
	"createKiwiImage": {"name, version, release, arch, target_info, build_tag, repo_info, desc_url, desc_path, opts=nil"},
	"dudBuild":        {"dud_name, dud_version, arches, target, pkg_list, opts=nil"},
	"createDudIso": {
		"dud_name, dud_version, dud_release, arch, target_info, build_tag, repo_info, pkg_list, opts=nil",
	},
}

// TaskMethods are the task methods whose parameters are known, sorted.
func TaskMethods() []string { return slices.Sorted(maps.Keys(taskSignatures)) }

// ParseTaskParams gives a task's parameters by name, defaults filled in. The
// request is as getTaskInfo decodes it: by position, the last one possibly a
// struct of named ones, or the new style, one struct with __method__. A method
// that isn't known is ErrNoSignature, and parameters that fit none of its
// signatures are an *Error with CodeParameter. The request is left as it is.
func ParseTaskParams(method string, request []any) (map[string]any, error) {
	if params, ok := newStyle(request); ok {
		return params, nil
	}
	lists, ok := taskSignatures[method]
	if !ok {
		return nil, fmt.Errorf("name parameters of %q: %w", method, ErrNoSignature)
	}
	positional, named := xmlrpc.Kwargs(request)
	var first error
	for _, list := range lists {
		params, err := parseSignature(list).bind(positional, named)
		if err == nil {
			return params, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, NewError(CodeParameter, fmt.Sprintf("%s: %v", method, first))
}

// newStyle are the parameters of a request that is one struct with __method__.
func newStyle(request []any) (map[string]any, bool) {
	if len(request) != 1 {
		return nil, false
	}
	m, ok := request[0].(map[string]any)
	if !ok {
		return nil, false
	}
	if _, marked := m["__method__"]; !marked {
		return nil, false
	}
	params := make(map[string]any, len(m))
	for k, v := range m {
		if k != "__method__" {
			params[k] = v
		}
	}
	return params, true
}

// signature is a list of parameters, as a Python function declares them.
type signature struct {
	params []param
	rest   string // takes further positional ones, "" if there may be none
	more   string // takes further named ones
}

type param struct {
	name     string
	optional bool
	value    any // if it isn't given
}

func parseSignature(list string) signature {
	var sig signature
	for field := range strings.SplitSeq(list, ", ") {
		name, value, optional := strings.Cut(field, "=")
		switch {
		case name == "":
		case strings.HasPrefix(name, "**"):
			sig.more = name[2:]
		case strings.HasPrefix(name, "*"):
			sig.rest = name[1:]
		default:
			p := param{name: name, optional: optional}
			if optional {
				p.value = defaultValue(value)
			}
			sig.params = append(sig.params, p)
		}
	}
	return sig
}

func defaultValue(text string) any {
	switch text {
	case "nil":
		return nil
	case "true", "false":
		return text == "true"
	case "[]":
		return []any{}
	case "''":
		return ""
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("signature table: default value " + text)
	}
	return n
}

// bind gives values to parameters by the rules of a Python call.
func (sig signature) bind(positional []any, named map[string]any) (map[string]any, error) {
	params := map[string]any{}
	for i, v := range positional {
		if i < len(sig.params) {
			params[sig.params[i].name] = v
		}
	}
	if n := len(sig.params); len(positional) > n && sig.rest == "" {
		return nil, fmt.Errorf("takes %d parameters but %d were given", n, len(positional))
	}
	if sig.rest != "" {
		params[sig.rest] = append([]any{}, positional[min(len(sig.params), len(positional)):]...)
	}
	further := map[string]any{}
	for k, v := range named {
		if _, twice := params[k]; twice {
			return nil, fmt.Errorf("parameter %s is given twice", k)
		}
		if sig.has(k) {
			params[k] = v
		} else {
			further[k] = v
		}
	}
	switch {
	case sig.more != "":
		params[sig.more] = further
	case len(further) > 0:
		return nil, fmt.Errorf("there is no parameter named %s", leastKey(further))
	}
	for _, p := range sig.params {
		if _, given := params[p.name]; given {
			continue
		}
		if !p.optional {
			return nil, fmt.Errorf("parameter %s is missing", p.name)
		}
		params[p.name] = p.value
	}
	return params, nil
}

func (sig signature) has(name string) bool {
	for _, p := range sig.params {
		if p.name == name {
			return true
		}
	}
	return false
}

// leastKey makes an error the same each time.
func leastKey(m map[string]any) string {
	least, first := "", true
	for k := range m {
		if first || k < least {
			least, first = k, false
		}
	}
	return least
}

// TaskParam is a parameter of a task method. One that is optional has the
// value Default if it isn't given.
type TaskParam struct {
	Name     string
	Optional bool
	Default  any
}

// TaskParams are the parameters of a task method in their order, by the first
// of its signatures; false if it isn't known.
func TaskParams(method string) ([]TaskParam, bool) {
	lists, ok := taskSignatures[method]
	if !ok {
		return nil, false
	}
	var params []TaskParam
	for _, p := range parseSignature(lists[0]).params {
		params = append(params, TaskParam{p.name, p.optional, p.value})
	}
	return params, true
}
