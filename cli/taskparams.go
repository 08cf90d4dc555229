package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"koji"
	"koji/internal/pylit"
)

// param is a parameter of a task as taskinfo shows it.
type param struct {
	label, key string
	how        func(*paramReader, string, any) []string
}

// shownParams are the parameters of each method that people read, in order.
// Koji: reference/cli.md, taskinfo parameter labels.
func shownParams() map[string][]param {
	name := []param{{"Name", "name", plainParam}, {"Version", "version", plainParam}}
	created := slices.Concat(name, []param{
		{"Release", "release", plainParam},
		{"Arch", "arch", plainParam},
		{"Target Info", "target_info", plainParam},
		{"Build Tag", "build_tag", tagParam},
		{"Repo", "repo_info", plainParam},
		{"Kickstart File", "ksfile", plainParam},
	})
	spun := slices.Concat(name, []param{
		{"Arches", "arch", plainParam},
		{"Arches", "arches", plainParam},
		{"Target", "target", plainParam},
		{"Kickstart", "ksfile", plainParam},
		{"Options", "opts", mapParam},
	})
	return map[string][]param{
		"build":            {{"Source", "src", sourceParam}, {"Build Target", "target", plainParam}, {"Options", "opts", mapParam}},
		"maven":            {{"SCM URL", "url", plainParam}, {"Build Target", "target", plainParam}, {"Options", "opts", mapParam}},
		"buildSRPMFromSCM": {{"SCM URL", "url", plainParam}},
		"rebuildSRPM":      {{"SRPM", "srpm", sourceParam}, {"Build Tag", "build_tag", tagParam}, {"Options", "opts", mapParam}},
		"buildArch": {
			{"SRPM", "pkg", sourceParam},
			{"Build Tag", "root", tagParam},
			{"Build Arch", "arch", plainParam},
			{"SRPM Kept", "keep_srpm", plainParam},
			{"Options", "opts", mapParam},
		},
		"tagBuild":          {{"Destination Tag", "tag_id", tagParam}, {"Build", "build_id", buildParam}},
		"buildNotification": {{"Recipients", "recipients", listParam}, {"Build", "build", buildParam}, {"Build Target", "target", plainParam}, {"Web URL", "weburl", plainParam}},
		"buildMaven":        {{"SCM URL", "url", plainParam}, {"Build Tag", "build_tag", tagParam}, {"Options", "opts", mapParam}},
		"wrapperRPM": {
			{"Spec File URL", "spec_url", plainParam},
			{"Build Tag", "build_target", plainParam},
			{"Build", "build", buildParam},
			{"Task", "task", plainParam},
			{"Options", "opts", mapParam},
		},
		"chainmaven":      {{"Builds", "builds", mapParam}, {"Build Target", "target", plainParam}, {"Options", "opts", mapParam}},
		"winbuild":        {{"VM", "name", plainParam}, {"SCM URL", "source_url", plainParam}, {"Build Target", "target", plainParam}, {"Options", "opts", mapParam}},
		"vmExec":          {{"VM", "name", plainParam}, {"Exec Params", "task_info", listParam}, {"Options", "opts", mapParam}},
		"createLiveCD":    created,
		"createAppliance": created,
		"createLiveMedia": created,
		"createImage":     created,
		"livecd":          spun,
		"appliance":       spun,
		"livemedia":       spun,
		"image": slices.Concat(name, []param{
			{"Arches", "arches", listParam}, {"Target", "target", plainParam}, {"Installation Tree", "inst_tree", plainParam}, {"Options", "opts", mapParam},
		}),
		"newRepo":    {{"Tag", "tag", tagParam}},
		"distRepo":   {{"Tag", "tag", tagParam}, {"Repo ID", "repo_id", plainParam}, {"Keys", "keys", listParam}, {"Options", "task_opts", mapParam}},
		"createrepo": {{"Repo ID", "repo_id", plainParam}, {"Arch", "arch", plainParam}, {"Old Repo ID", "oldrepo", oldRepoID}, {"Old Repo Creation", "oldrepo", oldRepoCreation}},
		"tagNotification": {
			{"Recipients", "recipients", listParam},
			{"Successful?", "is_successful", plainParam},
			{"Tagged Into", "tag_info", tagParam},
			{"Moved From", "from_info", tagParam},
			{"Build", "build_info", buildParam},
			{"Tagged By", "user_info", plainParam},
			{"Ignore Success?", "ignore_success", plainParam},
			{"Failure Message", "failure_msg", plainParam},
		},
		"dependantTask": {{"Dependant Tasks", "wait_list", listParam}, {"Subtasks", "task_list", listParam}},
		"chainbuild":    {{"Build Groups", "srcs", groupsParam}, {"Build Target", "target", plainParam}, {"Options", "opts", mapParam}},
		"waitrepo":      {{"Build Target", "tag", tagParam}, {"Newer Than", "newer_than", plainParam}, {"NVRs", "nvrs", listParam}},
		"runroot":       nil,
	}
}

// paramReader turns references into names.
type paramReader struct {
	ctx context.Context
	s   *koji.Session
	top koji.Paths
	err error
}

// requestLines are a task's parameters in words; none for a method without
// labels.
func requestLines(ctx context.Context, s *koji.Session, task koji.Task, top koji.Paths) ([]string, error) {
	shown := shownParams()[task.Method]
	request, _ := task.Request.([]any)
	if len(shown) == 0 || request == nil {
		return nil, nil
	}
	params, err := koji.ParseTaskParams(task.Method, request)
	if err != nil {
		return []string{"Unable to parse the request: " + err.Error()}, nil
	}
	r := &paramReader{ctx: ctx, s: s, top: top}
	var lines []string
	for _, p := range shown {
		if value := params[p.key]; value != nil {
			lines = append(lines, p.how(r, p.label, value)...)
		}
	}
	return lines, r.err
}

func plainParam(_ *paramReader, label string, v any) []string {
	return []string{fmt.Sprintf("%s: %s", label, paramText(v))}
}

// paramText is a value as people read it: a record by its name.
func paramText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		return joined(v)
	case map[string]any:
		for _, key := range []string{"nvr", "name", "id"} {
			if v[key] != nil {
				return paramText(v[key])
			}
		}
	}
	return pylit.Repr(v)
}

func joined(items []any) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = paramText(item)
	}
	return strings.Join(words, ", ")
}

func listParam(_ *paramReader, label string, v any) []string {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	return []string{label + ": " + joined(items)}
}

// sourceParam is an uploaded file by its path, or a URL.
func sourceParam(r *paramReader, label string, v any) []string {
	source := paramText(v)
	if !strings.Contains(source, "://") {
		source = r.top.Work("") + "/" + source
	}
	return []string{label + ": " + source}
}

func mapParam(_ *paramReader, label string, v any) []string {
	members, ok := v.(map[string]any)
	if !ok {
		return plainParam(nil, label, v)
	}
	if len(members) == 0 {
		return nil
	}
	lines := []string{label + ":"}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		value := members[key]
		shown, isText := value.(string)
		if !isText {
			shown = pylit.Repr(value)
		}
		lines = append(lines, fmt.Sprintf("  %s: %s", key, shown))
	}
	return lines
}

// tagParam names a tag that is known by its id.
func tagParam(r *paramReader, label string, v any) []string {
	if _, isID := v.(int64); !isID {
		return plainParam(r, label, v)
	}
	var tag *koji.Tag
	if err := r.s.Call(r.ctx, "getTag", &tag, v, koji.Named{"event": "auto"}); err != nil || tag == nil {
		if err != nil && !koji.HasCode(err, koji.CodeGeneric) {
			r.err = err
		}
		return plainParam(r, label, v)
	}
	name := tag.Name
	if tag.RevokeEvent != nil {
		name += " (deleted)"
	}
	return []string{label + ": " + name}
}

// buildParam names a build that is known by its id.
func buildParam(r *paramReader, label string, v any) []string {
	if _, isID := v.(int64); !isID {
		return plainParam(r, label, v)
	}
	var b *koji.Build
	if err := r.s.Call(r.ctx, "getBuild", &b, v); err != nil || b == nil {
		r.err = err
		return plainParam(r, label, v)
	}
	return []string{label + ": " + b.NVR}
}

func oldRepoID(_ *paramReader, label string, v any) []string {
	repo, ok := v.(map[string]any)
	if !ok {
		return plainParam(nil, label, v)
	}
	return []string{fmt.Sprintf("%s: %s", label, paramText(repo["id"]))}
}

func oldRepoCreation(_ *paramReader, label string, v any) []string {
	repo, _ := v.(map[string]any)
	ts, ok := repo["create_ts"].(float64)
	if !ok {
		return nil
	}
	return []string{label + ": " + longTime(&ts)}
}

// groupsParam numbers the groups of a chain of builds.
func groupsParam(_ *paramReader, label string, v any) []string {
	groups, _ := v.([]any)
	lines := []string{label + ":"}
	for i, group := range groups {
		items, _ := group.([]any)
		lines = append(lines, fmt.Sprintf("  %d: %s", i+1, joined(items)))
	}
	return lines
}
