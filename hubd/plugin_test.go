package hubd

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// plugged switches plugins on. files are their own files: a name, and what is in it.
func plugged(t *testing.T, names string, files ...string) func(*Config) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(c *Config) { c.Plugins, c.PluginFolder = strings.Fields(names), dir }
}

func TestPluginConfiguration(t *testing.T) {
	t.Parallel()
	store := sqlstoretest.SQLite(t)
	path := configFile(t, "[hub]\nPlugins = sidetag_hub  runroot_hub\n\nPluginPath = /usr/lib/koji-hub-plugins:/x\n")
	cfg, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "plugins", []string{"sidetag_hub", "runroot_hub"}, cfg.Plugins)
	want(t, "folder", filepath.Join(filepath.Dir(path), "plugins"), cfg.PluginFolder)

	for name, x := range map[string]struct {
		change  func(*Config)
		methods []string
		missing []string
		err     string // what it must tell; "" for none
	}{
		"none":                {plugged(t, ""), nil, []string{"createSideTag", "runroot", "saveFailedTree"}, ""},
		"one":                 {plugged(t, "runroot_hub"), []string{"runroot"}, []string{"createSideTag"}, ""},
		"by both names":       {plugged(t, "sidetag sidetag_hub echo"), []string{"createSideTag"}, []string{"runroot"}, ""},
		"one that isn't ours": {plugged(t, "echo protonmsg"), nil, nil, "protonmsg"},
		"unreadable":          {plugged(t, "sidetag", "sidetag.conf", "x = 1\n"), nil, nil, "sidetag.conf:1"},
		"no flag":             {plugged(t, "sidetag", "sidetag.conf", "[sidetag]\n\nremove_empty = perhaps\n"), nil, nil, "sidetag.conf:3"},
		"no such field":       {plugged(t, "sidetag", "sidetag.conf", "[sidetag]\nname_template = {basetag}-{user}\n"), nil, nil, "{basetag}-{user}"},
		"other section":       {plugged(t, "sidetag", "sidetag.conf", "[other]\nremove_empty = perhaps\n"), []string{"createSideTag"}, nil, ""},
	} {
		cfg, err := LoadConfig("")
		if err != nil {
			t.Fatal(err)
		}
		cfg.KojiDir = t.TempDir()
		x.change(cfg)
		h, err := New(cfg, store, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if x.err != "" {
			if err == nil || !strings.Contains(err.Error(), x.err) {
				t.Errorf("%s: want an error about %s, got %v", name, x.err, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, m := range x.methods {
			if h.methods[m] == nil {
				t.Errorf("%s: there is no method %s", name, m)
			}
		}
		for _, m := range x.missing {
			if h.methods[m] != nil {
				t.Errorf("%s: there is a method %s", name, m)
			}
		}
	}
}

func TestEchoPlugin(t *testing.T) {
	t.Parallel()
	eachHub(t, plugged(t, "echo"), func(h *testHub) {
		var log bytes.Buffer
		h.hub.log = slog.New(slog.NewTextHandler(&log, nil))
		h.call("kojiadmin", "createTag", "base")
		h.call("kojiadmin", "packageListAdd", "base", "bash", "alice")
		for _, text := range []string{"event=prePackageListChange", "event=postPackageListChange", "event=preCommit", "event=postCommit", "method=packageListAdd", "action=add"} {
			if !strings.Contains(log.String(), text) {
				t.Errorf("the log has no %s:\n%s", text, &log)
			}
		}
	})
}

func TestRunroot(t *testing.T) {
	t.Parallel()
	eachHub(t, plugged(t, "runroot_hub"), func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "build", nil, "x86_64 i686")
		h.call("kojiadmin", "createTag", "narrow", nil, "i686")
		h.call("kojiadmin", "createTag", "alien", nil, "s390x")
		h.call("kojiadmin", "createTag", "bare")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "runroot", "build", "x86_64", "ls") // there is no channel runroot yet
		h.call("kojiadmin", "addChannel", "runroot")
		h.call("kojiadmin", "grantPermission", "alice", "runroot", true)
		for _, user := range []string{"", "bob"} {
			h.wantFault(koji.CodeActionNotAllowed, user, "runroot", "build", "x86_64", "ls")
		}
		for name, args := range map[string][]any{
			"no tag":    {"nosuch", "x86_64", "ls"},
			"no arch":   {"build", "", "ls"},
			"two":       {"build", "x86_64 i686", "ls"},
			"bad arch":  {"build", "../x", "ls"},
			"number":    {"build", "x86_64", 5},
			"empty":     {"build", "x86_64", " "},
			"no words":  {"build", "x86_64", []any{}},
			"no text":   {"build", "x86_64", []any{"ls", 5}},
			"noarch":    {"narrow", "noarch", "ls"}, // no host in the channel
			"no arches": {"bare", "noarch", "ls"},
			"channel":   {"build", "x86_64", "ls", "nosuch"},
		} {
			if f := h.fault("alice", "runroot", args...); f.Code != koji.CodeGeneric {
				t.Errorf("%s: %v", name, f)
			}
		}
		h.call("kojiadmin", "addHostToChannel", "builder2", "runroot")
		h.wantFault(koji.CodeGeneric, "alice", "runroot", "alien", "noarch", "ls")
		task := func(args ...any) []any {
			t.Helper()
			info := h.call("", "getTaskInfo", h.call("alice", "runroot", args...), true)
			return pick(info, "method", "arch", "priority", "request")
		}
		want(t, "a command", []any{"runroot", "x86_64", int64(15), []any{"build", "x86_64", "ls -l"}}, task("build", "x86_64", "ls -l"))
		opts := map[string]any{"__starstar": true, "packages": []any{"bash"}, "keep": true}
		want(t, "with options", []any{"runroot", "i686", int64(15), []any{"build", "i686", []any{"ls", "-l"}, opts}},
			task("build", "i686", []any{"ls", "-l"}, koji.Named{"packages": []any{"bash"}, "keep": true}))
		want(t, "noarch, where all hosts will do", "noarch", task("build", "noarch", "ls")[1])
		want(t, "noarch, where the tag has not every arch", "i386", task("narrow", "noarch", "ls")[1])
	})
}

func TestSaveFailedTree(t *testing.T) {
	t.Parallel()
	eachHub(t, plugged(t, "save_failed_tree", "save_failed_tree.conf", "[permissions]\nallowed_methods = buildArch, buildMaven\n"), func(h *testHub) {
		t := h.t
		h.multiTag(nil)
		repo := h.call("builder1", "host.repoInit", "build", h.openTask("newRepo", "build")).([]any)[0].(int64)
		broken := func(method string) (task int64, root any) {
			task = h.openTask(method, "x", "build", "x86_64")
			return task, h.call("builder1", "host.newBuildRoot", repo, "x86_64", task)
		}
		fail := func(task int64) {
			h.call("builder1", "host.failTask", task, "<methodResponse><params><param><value>x</value></param></params></methodResponse>")
		}
		task, root := broken("buildArch")
		f := h.fault("kojiadmin", "saveFailedTree", root)
		if f.Code != koji.CodePreBuild || !strings.Contains(f.Text, "OPEN") {
			t.Errorf("of a task that runs: %v", f)
		}
		fail(task)
		for _, user := range []string{"", "bob"} {
			h.wantFault(koji.CodeActionNotAllowed, user, "saveFailedTree", root)
		}
		for _, bad := range []any{"x", nil, 1.5, []any{}} {
			h.wantFault(koji.CodeParameter, "kojiadmin", "saveFailedTree", bad)
		}
		h.wantFault(koji.CodeGeneric, "kojiadmin", "saveFailedTree", 12345)
		other, otherRoot := broken("createrepo")
		fail(other)
		h.wantFault(koji.CodePreBuild, "kojiadmin", "saveFailedTree", otherRoot)

		id := h.call("kojiadmin", "saveFailedTree", root, true, koji.Named{"volume": "x"})
		want(t, "task", []any{"saveFailedTree", int64(koji.TaskAssigned), []any{root, true, map[string]any{"__starstar": true, "volume": "x"}}},
			pick(h.call("", "getTaskInfo", id, true), "method", "state", "request"))
		h.call("kojiadmin", "disableHost", "builder1")
		h.wantFault(koji.CodePreBuild, "kojiadmin", "saveFailedTree", root)
	})
}
