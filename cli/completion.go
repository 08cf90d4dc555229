package cli

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"koji"
	"koji/profiles"
)

// completionPatience is how long a person waits for names after pressing tab,
// completionAge how old they may be.
const (
	completionPatience = 3 * time.Second
	completionAge      = time.Minute
	completionLimit    = 2000
)

// completer finds what may come next on a command line. What it can't find it
// leaves out: there is no place for errors.
type completer struct {
	env *Env
	ctx context.Context // of the one question that is answered
}

// kind is a sort of names; a command's usage and its flags tell which they take.
type kind string

const (
	kindTags          kind = "tags"
	kindTargets       kind = "targets"
	kindPackages      kind = "packages"
	kindHosts         kind = "hosts"
	kindChannels      kind = "channels"
	kindUsers         kind = "users"
	kindPermissions   kind = "permissions"
	kindVolumes       kind = "volumes"
	kindExternalRepos kind = "external-repos"
	kindArches        kind = "arches"
	kindMethods       kind = "methods"
	kindTasks         kind = "tasks"
	kindGenerators    kind = "content-generators"
	kindGroups        kind = "groups" // of the tag that stands first
	kindTaskMethods   kind = "task-methods"
	kindProfiles      kind = "profiles"
	kindCategories    kind = "categories"
	kindSearchTypes   kind = "search-types"
	kindNew           kind = "new" // what isn't there yet
	kindFiles         kind = "files"
)

// kindOf is the sort of what stands for a placeholder in a command's usage.
func kindOf(command, placeholder string) kind {
	switch placeholder {
	case "tag", "tag1", "tag2", "src-tag", "parent", "parent-tag", "build tag", "dest tag", "basetag", "sidetag":
		return kindTags
	case "dst-tag", "channel_name", "volume-name":
		return kindNew
	case "target":
		return kindTargets
	case "hostname":
		if command == "add-host" {
			return kindNew
		}
		return kindHosts
	case "channel", "channelname", "old-name":
		return kindChannels
	case "username", "user":
		if command == "add-user" {
			return kindNew
		}
		return kindUsers
	case "permission":
		return kindPermissions
	case "volume":
		return kindVolumes
	case "repo":
		return kindExternalRepos
	case "arch":
		return kindArches
	case "method_name":
		return kindMethods
	case "method":
		return kindTaskMethods
	case "task_id", "task id", "task_id|build", "task_id|n-v-r":
		return kindTasks
	case "content generator", "cg":
		return kindGenerators
	case "group", "target group", "required group", "requirement", "blocked req":
		return kindGroups
	case "owner":
		return kindUsers
	case "profile":
		return kindProfiles
	case "category":
		return kindCategories
	case "search_type":
		return kindSearchTypes
	case "name":
		return map[string]kind{
			"call": kindMethods, "edit-tag": kindTags, "remove-tag": kindTags, "edit-target": kindTargets, "remove-target": kindTargets, "edit-external-repo": kindExternalRepos,
		}[command]
	case "package", "pkg":
		switch command {
		case "import", "import-sig":
			return kindFiles
		case "tag-build", "untag-build", "move-build":
			return kindNew // builds: too many to list
		}
		return kindPackages
	}
	if strings.ContainsAny(placeholder, "/") || strings.Contains(placeholder, "file") || strings.Contains(placeholder, "path") || strings.Contains(placeholder, "dir") || placeholder == "config" {
		return kindFiles
	}
	return kindNew
}

// kindOfFlag is the sort of a flag's value.
func kindOfFlag(name string) kind {
	switch name {
	case "tag", "parent", "build-tag", "dest-tag", "inherit-from":
		return kindTags
	case "target":
		return kindTargets
	case "package":
		return kindPackages
	case "host", "buildhost":
		return kindHosts
	case "channel", "channel-override":
		return kindChannels
	case "owner", "user", "old-user", "from", "editor", "runas":
		return kindUsers
	case "perm", "permission":
		return kindPermissions
	case "volume", "oldvolume":
		return kindVolumes
	case "external-repo":
		return kindExternalRepos
	case "arch", "arches", "arch-override", "extra-arches", "optional-arches":
		return kindArches
	case "method":
		return kindTaskMethods
	case "cg":
		return kindGenerators
	case "profile":
		return kindProfiles
	}
	return ""
}

// placeholders are the arguments in a command's usage, each once, and whether
// the last may be given again.
func placeholders(use string) (names []string, repeated bool) {
	rest := use
	for {
		before, after, found := strings.Cut(rest, "<")
		if !found {
			return names, strings.Contains(use, "...")
		}
		var name string
		name, rest, _ = strings.Cut(after, ">")
		words := strings.Fields(before)
		switch {
		case name == "options" || len(words) > 0 && strings.HasPrefix(words[len(words)-1], "--"):
		case len(names) > 0 && names[len(names)-1] == name:
		default:
			names = append(names, name)
		}
	}
}

// attach gives all commands and their flags what completes them.
func (c *completer) attach(root *cobra.Command) {
	root.ValidArgsFunction = func(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return chosen(slices.Sorted(maps.Keys(c.env.plugins())), word)
	}
	c.attachFlags(root)
	for _, cmd := range root.Commands() {
		c.attachCommand(cmd)
		for _, sub := range cmd.Commands() {
			c.attachCommand(sub)
		}
	}
}

func (c *completer) attachCommand(cmd *cobra.Command) {
	c.attachFlags(cmd)
	if cmd.ValidArgs != nil || cmd.HasSubCommands() {
		return
	}
	names, repeated := placeholders(cmd.Use)
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		at := len(args)
		if at >= len(names) {
			if !repeated || len(names) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			at = len(names) - 1
		}
		return c.names(kindOf(cmd.Name(), names[at]), args, word)
	}
}

func (c *completer) attachFlags(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		k := kindOfFlag(f.Name)
		if k == "" || f.NoOptDefVal != "" {
			return
		}
		// That a flag has one already can only be in a tree that was asked twice.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, func(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return c.names(k, args, word)
		})
	})
}

// names are those of a kind that begin with word. After a comma in a list of
// arches the next one begins.
func (c *completer) names(k kind, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch k {
	case kindFiles:
		return nil, cobra.ShellCompDirectiveDefault
	case kindNew, "":
		return nil, cobra.ShellCompDirectiveNoFileComp
	case kindCategories:
		return chosen(append(categories(), all), word)
	case kindSearchTypes:
		return chosen(searchTypes(), word)
	case kindTaskMethods:
		return chosen(koji.TaskMethods(), word)
	case kindProfiles:
		entries, err := profiles.List(profiles.Options{ConfigFile: c.env.globals.config})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found := make([]string, len(entries))
		for i, e := range entries {
			found[i] = e.Name
		}
		return chosen(found, word)
	case kindPackages:
		if word == "" {
			return nil, cobra.ShellCompDirectiveNoFileComp // too many
		}
		return chosen(c.live(k, word), word)
	case kindGroups:
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return chosen(c.live(k, args[0]), word)
	}
	return chosen(c.live(k, ""), word)
}

func chosen(names []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, word) }), cobra.ShellCompDirectiveNoFileComp
}

// live asks the hub for names, or takes those that it told less than a minute
// ago. about narrows the question.
func (c *completer) live(k kind, about string) []string {
	p, err := c.env.Profile()
	if err != nil {
		return nil
	}
	file := completionFile(p.Server, k, about)
	if names, ok := recentNames(file); ok {
		return names
	}
	ctx, cancel := context.WithTimeout(c.ctx, completionPatience)
	defer cancel()
	o := c.env.options(p)
	o.MaxRetries, o.Timeout = -1, completionPatience
	s, err := koji.New(o)
	if err != nil {
		return nil
	}
	defer s.Close()
	names, err := askNames(ctx, s, k, about)
	if err != nil {
		return nil
	}
	keepNames(file, names)
	return names
}

// askNames gets names from the hub. One after a tab describes it.
func askNames(ctx context.Context, s *koji.Session, k kind, about string) ([]string, error) {
	switch k {
	case kindMethods:
		var names []string
		err := s.Call(ctx, "system.listMethods", &names)
		slices.Sort(names)
		return names, err
	case kindGenerators:
		var found map[string]any
		err := s.Call(ctx, "listCGs", &found)
		return slices.Sorted(maps.Keys(found)), err
	case kindArches:
		var names []string
		err := s.Call(ctx, "getAllArches", &names)
		return names, err
	case kindTasks:
		return askTasks(ctx, s)
	}
	question := map[kind]struct {
		method, key string
		args        []any
	}{
		kindTags:          {"listTags", "name", nil},
		kindTargets:       {"getBuildTargets", "name", nil},
		kindPackages:      {"listPackagesSimple", "package_name", []any{about, map[string]any{"limit": completionLimit, "order": "package_name"}}},
		kindHosts:         {"listHosts", "name", nil},
		kindChannels:      {"listChannels", "name", nil},
		kindUsers:         {"listUsers", "name", nil},
		kindPermissions:   {"getAllPerms", "name", nil},
		kindVolumes:       {"listVolumes", "name", nil},
		kindExternalRepos: {"listExternalRepos", "name", nil},
		kindGroups:        {"getTagGroups", "name", []any{about, koji.Named{"incl_pkgs": false, "incl_reqs": false}}},
	}[k]
	var rows []map[string]any
	if err := s.Call(ctx, question.method, &rows, question.args...); err != nil {
		return nil, err
	}
	var names []string
	for _, row := range rows {
		// A name that would be several words or lines isn't completed.
		if name, ok := row[question.key].(string); ok && !strings.ContainsAny(name, "\n\t\r") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// askTasks are the tasks that go on, the newest first.
func askTasks(ctx context.Context, s *koji.Session) ([]string, error) {
	var rows []koji.Task
	unfinished := []koji.TaskState{koji.TaskFree, koji.TaskOpen, koji.TaskAssigned}
	err := s.Call(ctx, "listTasks", &rows, map[string]any{"state": unfinished, "decode": true}, map[string]any{"order": "-id", "limit": 100})
	names := make([]string, len(rows))
	for i, t := range rows {
		label := strings.Join(strings.Fields(koji.TaskLabel(t)), " ")
		names[i] = strconv.FormatInt(t.ID, 10) + "\t" + label
	}
	return names, err
}

// completionFile is where the names of a kind are kept, "" if nowhere.
func completionFile(server string, k kind, about string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "koji", "completion", fmt.Sprintf("%x", sha256.Sum256([]byte(server+"\x00"+string(k)+"\x00"+about)))[:32])
}

func recentNames(file string) ([]string, bool) {
	info, err := os.Stat(file)
	if err != nil || time.Since(info.ModTime()).Abs() > completionAge {
		return nil, false
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), true
}

// keepNames writes names for the next minute. Where that isn't possible the
// hub is asked again.
func keepNames(file string, names []string) {
	if file == "" || os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(file), "new-*")
	if err != nil {
		return
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(strings.Join(names, "\n"))
	if f.Close() == nil && err == nil {
		_ = os.Rename(f.Name(), file)
	}
}
