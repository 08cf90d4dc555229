package hubd

import (
	"context"
	"testing"
	"time"

	"koji"
	"koji/sqlstore"
)

// build makes a COMPLETE build of alice's.
func (h *testHub) build(name, version, release string, change ...func(*sqlstore.NewBuild)) int64 {
	h.t.Helper()
	var id int64
	h.write(func(ctx context.Context, tx *sqlstore.Tx) error {
		pkg, err := tx.AddName(ctx, sqlstore.PackageNames, name)
		if err != nil {
			return err
		}
		owner, _, err := tx.NameByName(ctx, sqlstore.UserNames, "alice")
		if err != nil {
			return err
		}
		n := sqlstore.NewBuild{
			Package: pkg, Version: version, Release: release, State: koji.BuildComplete, Owner: owner.ID, Started: tx.Now(), Completed: tx.Now(),
		}
		for _, f := range change {
			f(&n)
		}
		id, err = tx.InsertBuild(ctx, n)
		return err
	})
	return id
}

// tag puts builds into a tag, whatever it lists.
func (h *testHub) tag(tag string, builds ...any) {
	h.t.Helper()
	for _, b := range builds {
		h.call("kojiadmin", "tagBuildBypass", tag, b)
	}
}

// parent has a tag inherit from another.
func (h *testHub) parent(tag, parent string, change ...any) {
	h.t.Helper()
	id := pick(h.call("", "getTag", parent), "id")[0]
	h.call("kojiadmin", "setInheritanceData", tag, []any{link(id, 0, change...)})
}

func nvrs(v any) []any { return column(v, "nvr") }

func TestTaggedBuilds(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"base", "dist", "build"} {
			h.call("kojiadmin", "createTag", tag, nil, "x86_64")
		}
		for _, p := range []string{"bash", "vim", "zlib", "gone"} {
			h.call("kojiadmin", "packageListAdd", "base", p, "alice")
		}
		for _, p := range []string{"bash", "vim", "zlib", "gone", "unlisted"} {
			h.build(p, "1", "1")
		}
		h.build("bash", "2", "1")
		h.build("bash", "3", "1")
		h.build("vim", "9", "1")
		h.parent("dist", "base")
		h.parent("build", "dist")
		h.tag("base", "bash-2-1", "bash-1-1", "vim-1-1", "zlib-1-1", "gone-1-1", "unlisted-1-1")
		h.tag("dist", "bash-3-1", "vim-9-1")

		want(t, "a tag's own builds, newest tagged first", []any{"gone-1-1", "zlib-1-1", "vim-1-1", "bash-1-1", "bash-2-1"}, nvrs(h.call("", "listTagged", "base")))
		want(t, "no builds of its own", []any{}, nvrs(h.call("", "listTagged", "build")))
		want(t, "with inheritance", []any{"vim-9-1", "bash-3-1", "gone-1-1", "zlib-1-1", "vim-1-1", "bash-1-1", "bash-2-1"},
			nvrs(h.call("", "listTagged", "build", koji.Named{"inherit": true})))
		want(t, "the latest, not by version but by tagging", []any{"gone-1-1", "zlib-1-1", "vim-1-1", "bash-1-1"}, nvrs(h.call("", "getLatestBuilds", "base")))
		want(t, "the latest of all tags", []any{"vim-9-1", "bash-3-1", "gone-1-1", "zlib-1-1"}, nvrs(h.call("", "getLatestBuilds", "build")))
		want(t, "the latest two", []any{"vim-9-1", "bash-3-1", "gone-1-1", "zlib-1-1", "vim-1-1", "bash-1-1"},
			nvrs(h.call("", "listTagged", "build", koji.Named{"inherit": true, "latest": 2})))
		want(t, "of one package", []any{"bash-3-1"}, nvrs(h.call("", "getLatestBuilds", "build", nil, "bash")))
		want(t, "by prefix", []any{"bash-1-1", "bash-2-1"}, nvrs(h.call("", "listTagged", "base", koji.Named{"prefix": "BA"})))
		want(t, "of an owner", []any{}, nvrs(h.call("", "listTagged", "base", koji.Named{"owner": "bob"})))
		want(t, "where it is from", []any{"dist", "dist", "base", "base"}, column(h.call("", "getLatestBuilds", "build"), "tag_name"))

		before := pick(h.call("", "getLastEvent"), "id")[0]
		h.call("kojiadmin", "packageListBlock", "build", "gone")
		h.call("kojiadmin", "packageListBlock", "dist", "zlib")
		want(t, "without what is blocked", []any{"vim-9-1", "bash-3-1"}, nvrs(h.call("", "getLatestBuilds", "build")))
		want(t, "blocked below is listed above", []any{"gone-1-1", "zlib-1-1", "vim-1-1", "bash-1-1"}, nvrs(h.call("", "getLatestBuilds", "base")))
		h.call("kojiadmin", "untagBuild", "dist", "bash-3-1")
		want(t, "as it was before", []any{"vim-9-1", "bash-3-1", "gone-1-1", "zlib-1-1"}, nvrs(h.call("", "getLatestBuilds", "build", before)))
		want(t, "as it is", []any{"vim-9-1", "bash-1-1"}, nvrs(h.call("", "getLatestBuilds", "build")))

		h.parent("dist", "base", "pkg_filter", "ba|zl")
		want(t, "only packages whose entry passes the filter", []any{"bash-1-1"}, nvrs(h.call("", "getLatestBuilds", "build")))
		h.call("kojiadmin", "tagBuild", "base", "bash-2-1", true) // a task; nothing is tagged yet
		want(t, "before the task ran", "bash-1-1", nvrs(h.call("", "getLatestBuilds", "base", nil, "bash"))[0])
		h.call("kojiadmin", "tagBuildBypass", "base", "bash-2-1", true)
		want(t, "tagged again is newest", "bash-2-1", nvrs(h.call("", "getLatestBuilds", "base", nil, "bash"))[0])
		want(t, "no such tag by id", []any{}, h.call("", "getLatestBuilds", 4711))
		want(t, "no such tag, not strict", []any{}, h.call("", "listTagged", "none", koji.Named{"strict": false}))
		h.wantFault(koji.CodeGeneric, "", "listTagged", "none")
		h.wantFault(koji.CodeParameter, "", "listTagged", "base", koji.Named{"latest": -1})
		want(t, "untagged", []any{"bash"}, column(h.call("", "untaggedBuilds"), "name"))
	})
}

func TestTagging(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"one", "two"} {
			h.call("kojiadmin", "createTag", tag)
		}
		h.call("kojiadmin", "packageListAdd", "one", "bash", "alice")
		b := h.build("bash", "1", "1")
		var heard []string
		for _, event := range []string{"preTag", "postTag", "preUntag", "postUntag"} {
			h.hub.On(event, func(_ context.Context, event string, info map[string]any) error {
				heard = append(heard, event+" "+info["tag"].(*koji.Tag).Name+" "+info["user"].(*koji.User).Name)
				return nil
			})
		}
		task := h.call("alice", "tagBuild", "one", "bash-1-1").(int64)
		h.call("kojiadmin", "assignTask", task, "builder1")
		h.call("builder1", "host.openTask", task)
		notices := h.told(koji.NoticeTag, func() { h.call("builder1", "host.tagBuild", task, "one", b) })
		if len(notices) != 1 || notices[0].Tag.Name != "one" {
			t.Errorf("notices of tagging: %v", notices)
		}
		h.wantFault(koji.CodeTag, "builder1", "host.tagBuild", task, "one", b)
		// The package isn't listed in two: force helps admins only.
		h.wantFault(koji.CodeTag, "kojiadmin", "moveBuild", "one", "two", b)
		h.wantFault(koji.CodeTag, "alice", "moveBuild", "one", "two", b, true)
		move := h.call("kojiadmin", "moveBuild", "one", "two", b, true).(int64)
		h.call("kojiadmin", "assignTask", move, "builder1")
		h.call("builder1", "host.openTask", move)
		h.call("builder1", "host.tagBuild", move, "two", b, true, "one")
		want(t, "after the move", []any{"two"}, column(h.call("", "listTags", b), "name"))
		want(t, "callbacks", []string{
			"preTag one alice", "postTag one alice", "preTag one alice",
			"preUntag one kojiadmin", "postUntag one kojiadmin", "preTag two kojiadmin", "postTag two kojiadmin",
		}, heard)
		h.wantFault(koji.CodeTag, "kojiadmin", "untagBuild", "one", b)
		want(t, "untag what isn't there", nil, h.call("kojiadmin", "untagBuild", "one", b, false))
		building := h.build("bash", "2", "1", func(n *sqlstore.NewBuild) { n.State, n.Completed = koji.BuildBuilding, time.Time{} })
		h.wantFault(koji.CodeTag, "kojiadmin", "tagBuildBypass", "one", building, true)
	})
}

func TestTaggingPolicy(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) {
		cfg.Policies = []PolicyText{{Name: "tag", Text: "operation untag :: deny not from there\nuser alice && tag one :: allow\nall :: deny", File: "test", Lines: []int{1, 2, 3}}}
	}, func(h *testHub) {
		h.call("kojiadmin", "createTag", "one")
		h.call("kojiadmin", "packageListAdd", "one", "bash", "alice")
		b := h.build("bash", "1", "1")
		h.wantFault(koji.CodeActionNotAllowed, "bob", "tagBuild", "one", b)
		task := h.call("alice", "tagBuild", "one", b).(int64)
		h.call("kojiadmin", "assignTask", task, "builder1")
		h.call("builder1", "host.openTask", task)
		h.call("builder1", "host.tagBuild", task, "one", b) // by the right of alice
		h.wantFault(koji.CodeActionNotAllowed, "alice", "untagBuild", "one", b)
		h.wantFault(koji.CodeActionNotAllowed, "kojiadmin", "untagBuild", "one", b)
		h.call("kojiadmin", "untagBuild", "one", b, true, true)
	})
}

func TestNextRelease(t *testing.T) {
	t.Parallel()
	for last, want := range map[string]string{
		"": "1", "1": "2", "9": "10", "3.fc40": "4.fc40", "20260101.n.0": "20260101.n.1", "a": "", "1a": "", "a.1": "", "1.2.x": "", "1.2.3.4": "",
		"99999999999999999999": "",
	} {
		got, ok := nextRelease(last, 1)
		if got != want || ok != (want != "") {
			t.Errorf("nextRelease(%q) = %q, %v; want %q", last, got, ok, want)
		}
	}
}

func TestBuildNotification(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) {
		cfg.DisableNotifications, cfg.EmailDomain, cfg.NotifyOnSuccess = false, "example.com", false
	}, func(h *testHub) {
		t := h.t
		task := h.openTask("build", "x", nil)
		id := h.call("builder1", "host.initBuild", map[string]any{"task_id": task, "name": "p", "version": "1", "release": "1", "epoch": nil})
		h.call("builder1", "host.failBuild", task, id)
		mails := h.call("", "listTasks", map[string]any{"method": "buildNotification", "decode": true}).([]any)
		if len(mails) != 1 {
			t.Fatalf("there are %d notifications, want 1", len(mails))
		}
		request := mails[0].(map[string]any)["request"].([]any)
		want(t, "recipients", []any{"kojiadmin@example.com"}, request[0])
		want(t, "build", []any{"p-1-1", int64(koji.BuildFailed)}, pick(request[1], "nvr", "state"))
	})
}
