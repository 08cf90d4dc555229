package hubd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"koji"
	"koji/sqlstore"
)

// eavesdropper is a plugin that writes down what it is told, a line for each
// callback: the event and its data by name.
type eavesdropper struct {
	*testHub
	mu      sync.Mutex
	heard   []string
	refused string // an event that it refuses
}

func (h *testHub) eavesdrop() *eavesdropper {
	l := &eavesdropper{testHub: h}
	for _, event := range callbackEvents {
		h.hub.On(event, l.hear)
	}
	return l
}

func (l *eavesdropper) hear(ctx context.Context, event string, info map[string]any) error {
	c := ctx.(*call)
	if c.method == "scheduler" {
		return nil // comes when it likes
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	line := event
	for _, key := range sortedKeys(info) {
		text := told(info[key])
		switch attribute, _ := info["attribute"].(string); {
		case text == "nil":
		case strings.HasSuffix(key, "_id"), key == "owner", key == "event", key == "sighash", key == "repodir",
			(key == "old" || key == "new") && (strings.HasSuffix(attribute, "_id") || strings.HasSuffix(attribute, "_ts")):
			text = "#"
		}
		line += " " + key + "=" + text
	}
	if (c.tx == nil) != (event == "postCommit") {
		line += " outside of the transaction"
	}
	l.heard = append(l.heard, line)
	if event == l.refused {
		return errors.New("not now")
	}
	return nil
}

// told is a word for a value: a record's name and how it stands.
func told(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case *koji.Tag:
		return v.Name
	case *koji.User:
		return v.Name
	case *koji.Package:
		return v.Name
	case *koji.Build:
		return v.NVR + "/" + v.State.String()
	case *koji.Repo:
		return v.TagName + "/" + v.State.String()
	case *koji.RPM:
		return fresh(v.ID) + v.FileName()
	case *koji.Archive:
		return fresh(v.ID) + v.Filename
	case *koji.Task:
		text := fresh(v.ID) + v.Method + "/" + v.State.String()
		if params, ok := v.Request.([]any); ok {
			var words []string
			for _, p := range params {
				words = append(words, told(p))
			}
			text += "(" + strings.Join(words, ", ") + ")"
		}
		if v.Result != nil {
			text += fmt.Sprint("->", v.Result)
		}
		return text
	case string:
		return v[strings.LastIndex(v, "/")+1:]
	case []string:
		return fmt.Sprintf("[%d]", len(v))
	case []any:
		return fmt.Sprintf("[%d]", len(v))
	case map[string]any:
		return "{" + strings.Join(sortedKeys(v), " ") + "}"
	}
	return fmt.Sprint(v)
}

// fresh marks a record that has no id yet.
func fresh(id int64) string {
	if id == 0 {
		return "new "
	}
	return ""
}

// changes makes a call and holds what was told of it up to the commit.
func (l *eavesdropper) changes(user, method string, args []any, lines ...string) any {
	l.t.Helper()
	l.forget()
	result := l.call(user, method, args...)
	l.want(method, append(lines, "preCommit", "postCommit"))
	return result
}

// refuses makes a call that fails, and holds what was told until then.
func (l *eavesdropper) refuses(code koji.Code, user, method string, args []any, lines ...string) {
	l.t.Helper()
	l.forget()
	l.wantFault(code, user, method, args...)
	l.want(method, lines)
}

func (l *eavesdropper) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = []string{}
}

func (l *eavesdropper) want(method string, lines []string) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	want(l.t, method, append([]string{}, lines...), l.heard)
}

func TestTaskCallbacks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		l := h.eavesdrop()
		id := l.changes("kojiadmin", "makeTask", []any{"sleep", []any{1}},
			"preTaskStateChange attribute=state info=new sleep/FREE(1) new=FREE old=nil",
			"postTaskStateChange attribute=state info=sleep/FREE(1) new=FREE old=nil",
		).(int64)
		l.refused = "preTaskStateChange"
		l.refuses(koji.CodeCallback, "kojiadmin", "assignTask", []any{id, "builder1"},
			"preTaskStateChange attribute=state info=sleep/FREE(1) new=ASSIGNED old=FREE",
		)
		l.refused = "postTaskStateChange"
		l.refuses(koji.CodeCallback, "kojiadmin", "assignTask", []any{id, "builder1"},
			"preTaskStateChange attribute=state info=sleep/FREE(1) new=ASSIGNED old=FREE",
			"preTaskStateChange attribute=host_id info=sleep/FREE(1) new=# old=nil",
			"postTaskStateChange attribute=state info=sleep/ASSIGNED(1) new=ASSIGNED old=FREE",
		)
		l.refused = ""
		want(t, "after refusals", []koji.TaskState{koji.TaskFree}, h.states(id))
		l.changes("kojiadmin", "assignTask", []any{id, "builder1"},
			"preTaskStateChange attribute=state info=sleep/FREE(1) new=ASSIGNED old=FREE",
			"preTaskStateChange attribute=host_id info=sleep/FREE(1) new=# old=nil",
			"postTaskStateChange attribute=state info=sleep/ASSIGNED(1) new=ASSIGNED old=FREE",
			"postTaskStateChange attribute=host_id info=sleep/ASSIGNED(1) new=# old=nil",
		)
		l.changes("builder1", "host.openTask", []any{id},
			"preTaskStateChange attribute=state info=sleep/ASSIGNED(1) new=OPEN old=ASSIGNED",
			"preTaskStateChange attribute=host_id info=sleep/ASSIGNED(1) new=# old=#",
			"postTaskStateChange attribute=state info=sleep/OPEN(1) new=OPEN old=ASSIGNED",
			"postTaskStateChange attribute=host_id info=sleep/OPEN(1) new=# old=#",
		)
		l.changes("builder1", "host.setTaskWeight", []any{id, 2.5},
			"preTaskStateChange attribute=weight info=sleep/OPEN(1) new=2.5 old=1",
			"postTaskStateChange attribute=weight info=sleep/OPEN(1) new=2.5 old=1",
		)
		l.changes("kojiadmin", "setTaskPriority", []any{id, 5},
			"preTaskStateChange attribute=priority info=sleep/OPEN(1) new=5 old=20",
			"postTaskStateChange attribute=priority info=sleep/OPEN(1) new=5 old=20",
		)
		l.changes("builder1", "host.subtask", []any{"sleep", []any{2}, id},
			"preTaskStateChange attribute=state info=new sleep/FREE(2) new=FREE old=nil",
			"postTaskStateChange attribute=state info=sleep/FREE(2) new=FREE old=nil",
		)
		l.changes("builder1", "host.closeTask", []any{id, resultDocument(t, "done")},
			"preTaskStateChange attribute=state info=sleep/OPEN(1) new=CLOSED old=OPEN",
			"preTaskStateChange attribute=completion_ts info=sleep/OPEN(1) new=# old=nil",
			"postTaskStateChange attribute=state info=sleep/CLOSED(1)->done new=CLOSED old=OPEN",
			"postTaskStateChange attribute=completion_ts info=sleep/CLOSED(1)->done new=# old=nil",
		)
		assigned := l.changes("kojiadmin", "makeTask", []any{"sleep", []any{3}, koji.Named{"assign": "builder1"}},
			"preTaskStateChange attribute=state info=new sleep/ASSIGNED(3) new=ASSIGNED old=nil",
			"postTaskStateChange attribute=state info=sleep/ASSIGNED(3) new=ASSIGNED old=nil",
		)
		l.changes("kojiadmin", "freeTask", []any{assigned},
			"preTaskStateChange attribute=state info=sleep/ASSIGNED(3) new=FREE old=ASSIGNED",
			"preTaskStateChange attribute=host_id info=sleep/ASSIGNED(3) new=nil old=#",
			"postTaskStateChange attribute=state info=sleep/FREE(3) new=FREE old=ASSIGNED",
			"postTaskStateChange attribute=host_id info=sleep/FREE(3) new=nil old=#",
		)
		l.changes("kojiadmin", "cancelTask", []any{id + 1},
			"preTaskStateChange attribute=state info=sleep/FREE(2) new=CANCELED old=FREE",
			"preTaskStateChange attribute=completion_ts info=sleep/FREE(2) new=# old=nil",
			"postTaskStateChange attribute=state info=sleep/CANCELED(2) new=CANCELED old=FREE",
			"postTaskStateChange attribute=completion_ts info=sleep/CANCELED(2) new=# old=nil",
		)
		failing := h.openTask("sleep", 4)
		l.changes("builder1", "host.failTask", []any{failing, faultDocument(t, koji.CodeGeneric, "x")},
			"preTaskStateChange attribute=state info=sleep/OPEN(4) new=FAILED old=OPEN",
			"preTaskStateChange attribute=completion_ts info=sleep/OPEN(4) new=# old=nil",
			"postTaskStateChange attribute=state info=sleep/FAILED(4) new=FAILED old=OPEN",
			"postTaskStateChange attribute=completion_ts info=sleep/FAILED(4) new=# old=nil",
		)
		l.changes("kojiadmin", "resubmitTask", []any{failing},
			"preTaskStateChange attribute=state info=new sleep/FREE(4) new=FREE old=nil",
			"postTaskStateChange attribute=state info=sleep/FREE(4) new=FREE old=nil",
		)
	})
}

func TestTagCallbacks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		for _, tag := range []string{"one", "two"} {
			h.call("kojiadmin", "createTag", tag)
		}
		b := h.build("bash", "1", "1")
		l := h.eavesdrop()
		l.changes("kojiadmin", "packageListAdd", []any{"one", "bash", "alice"},
			"prePackageListChange action=add block=nil extra_arches=nil force=false owner=# package=bash tag=one update=false user=kojiadmin",
			"postPackageListChange action=add block=nil extra_arches=nil force=false owner=# package=bash tag=one update=false user=kojiadmin",
		)
		l.forget()
		h.call("kojiadmin", "packageListAdd", "one", "bash", "alice")
		l.want("the same again", []string{
			"prePackageListChange action=add block=nil extra_arches=nil force=false owner=# package=bash tag=one update=false user=kojiadmin",
		})
		l.changes("kojiadmin", "packageListSetOwner", []any{"one", "bash", "bob"},
			"prePackageListChange action=update block=nil extra_arches=nil force=false owner=# package=bash tag=one update=true user=kojiadmin",
			"postPackageListChange action=update block=nil extra_arches=nil force=false owner=# package=bash tag=one update=true user=kojiadmin",
		)
		l.changes("kojiadmin", "packageListSetArches", []any{"one", "bash", "x86_64"},
			"prePackageListChange action=update block=nil extra_arches=x86_64 force=false owner=nil package=bash tag=one update=true user=kojiadmin",
			"postPackageListChange action=update block=nil extra_arches=x86_64 force=false owner=nil package=bash tag=one update=true user=kojiadmin",
		)
		l.changes("kojiadmin", "packageListBlock", []any{"one", "bash"},
			"prePackageListChange action=block block=true extra_arches=nil force=false owner=nil package=bash tag=one update=false user=kojiadmin",
			"postPackageListChange action=block block=true extra_arches=nil force=false owner=nil package=bash tag=one update=false user=kojiadmin",
		)
		l.changes("kojiadmin", "packageListUnblock", []any{"one", "bash"},
			"prePackageListChange action=unblock package=bash tag=one user=kojiadmin",
			"postPackageListChange action=unblock package=bash tag=one user=kojiadmin",
		)
		l.changes("kojiadmin", "tagBuildBypass", []any{"one", b},
			"preTag build=bash-1-1/COMPLETE force=false tag=one user=kojiadmin",
			"postTag build=bash-1-1/COMPLETE force=false tag=one user=kojiadmin",
		)
		l.refuses(koji.CodeTag, "kojiadmin", "tagBuildBypass", []any{"one", b},
			"preTag build=bash-1-1/COMPLETE force=false tag=one user=kojiadmin",
		)
		task := l.changes("alice", "tagBuild", []any{"one", b, true},
			"preTaskStateChange attribute=state info=new tagBuild/FREE(1, 1, true, nil) new=FREE old=nil",
			"postTaskStateChange attribute=state info=tagBuild/FREE(1, 1, true, nil) new=FREE old=nil",
		)
		h.call("kojiadmin", "assignTask", task, "builder1")
		h.call("builder1", "host.openTask", task)
		l.changes("builder1", "host.tagBuild", []any{task, "one", b, true},
			"preTag build=bash-1-1/COMPLETE force=true tag=one user=alice",
			"postTag build=bash-1-1/COMPLETE force=true tag=one user=alice",
		)
		move := l.changes("kojiadmin", "moveBuild", []any{"one", "two", b, true},
			"prePackageListChange action=add block=false extra_arches=nil force=true owner=# package=bash tag=two update=false user=kojiadmin",
			"postPackageListChange action=add block=false extra_arches=nil force=true owner=# package=bash tag=two update=false user=kojiadmin",
			"preTaskStateChange attribute=state info=new tagBuild/FREE(2, 1, true, 1) new=FREE old=nil",
			"postTaskStateChange attribute=state info=tagBuild/FREE(2, 1, true, 1) new=FREE old=nil",
		)
		h.call("kojiadmin", "assignTask", move, "builder1")
		h.call("builder1", "host.openTask", move)
		l.changes("builder1", "host.tagBuild", []any{move, "two", b, true, "one"},
			"preUntag build=bash-1-1/COMPLETE force=true strict=true tag=one user=kojiadmin",
			"postUntag build=bash-1-1/COMPLETE force=true strict=true tag=one user=kojiadmin",
			"preTag build=bash-1-1/COMPLETE force=true tag=two user=kojiadmin",
			"postTag build=bash-1-1/COMPLETE force=true tag=two user=kojiadmin",
		)
		l.refused = "postUntag"
		l.refuses(koji.CodeCallback, "kojiadmin", "untagBuildBypass", []any{"two", b},
			"preUntag build=bash-1-1/COMPLETE force=false strict=true tag=two user=kojiadmin",
			"postUntag build=bash-1-1/COMPLETE force=false strict=true tag=two user=kojiadmin",
		)
		l.refused = "preUntag"
		l.refuses(koji.CodeCallback, "kojiadmin", "untagBuild", []any{"two", b},
			"preUntag build=bash-1-1/COMPLETE force=false strict=true tag=two user=kojiadmin",
		)
		l.refused = ""
		l.changes("kojiadmin", "untagBuildBypass", []any{"two", b},
			"preUntag build=bash-1-1/COMPLETE force=false strict=true tag=two user=kojiadmin",
			"postUntag build=bash-1-1/COMPLETE force=false strict=true tag=two user=kojiadmin",
		)
		l.changes("kojiadmin", "massTag", []any{"one", []any{"bash-1-1"}},
			"preTag build=bash-1-1/COMPLETE force=true tag=one user=kojiadmin",
			"postTag build=bash-1-1/COMPLETE force=true tag=one user=kojiadmin",
		)
		l.changes("kojiadmin", "snapshotTag", []any{"one", "copy"},
			"prePackageListChange action=add block=false extra_arches=x86_64 force=true owner=# package=bash tag=copy update=false user=kojiadmin",
			"postPackageListChange action=add block=false extra_arches=x86_64 force=true owner=# package=bash tag=copy update=false user=kojiadmin",
			"preTag build=bash-1-1/COMPLETE force=true tag=copy user=kojiadmin",
			"postTag build=bash-1-1/COMPLETE force=true tag=copy user=kojiadmin",
		)
		l.changes("kojiadmin", "packageListRemove", []any{"one", "bash", true},
			"prePackageListChange action=remove package=bash tag=one user=kojiadmin",
			"postPackageListChange action=remove package=bash tag=one user=kojiadmin",
		)
	})
}

func TestBuildCallbacks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.generators()
		l := h.eavesdrop()
		l.changes("kojiadmin", "createEmptyBuild", []any{"empty", "1", "1", nil},
			"preBuildStateChange attribute=state info=empty-1-1/COMPLETE new=1 old=nil",
			"postBuildStateChange attribute=state info=empty-1-1/COMPLETE new=1 old=nil",
		)
		l.changes("kojiadmin", "setBuildOwner", []any{"empty-1-1", "bob"},
			"preBuildStateChange attribute=owner_id info=empty-1-1/COMPLETE new=# old=#",
			"postBuildStateChange attribute=owner_id info=empty-1-1/COMPLETE new=# old=#",
		)
		l.changes("kojiadmin", "setBuildTimestamp", []any{"empty-1-1", 1.7e9},
			"preBuildStateChange attribute=completion_ts info=empty-1-1/COMPLETE new=# old=#",
			"postBuildStateChange attribute=completion_ts info=empty-1-1/COMPLETE new=# old=#",
		)
		l.changes("kojiadmin", "deleteBuild", []any{"empty-1-1"},
			"preBuildStateChange attribute=state info=empty-1-1/COMPLETE new=2 old=1",
			"postBuildStateChange attribute=state info=empty-1-1/DELETED new=2 old=1",
		)
		l.changes("kojiadmin", "resetBuild", []any{"empty-1-1"},
			"preBuildStateChange attribute=state info=empty-1-1/DELETED new=4 old=2",
			"postBuildStateChange attribute=state info=empty-1-1/CANCELED new=4 old=2",
		)

		task := h.openTask("build", "x.src.rpm", nil)
		begin := []any{map[string]any{"task_id": task, "name": "b", "version": "1", "release": "1", "epoch": nil}}
		b := l.changes("builder1", "host.initBuild", begin,
			"preBuildStateChange attribute=state info=b-1-1/BUILDING new=0 old=nil",
			"postBuildStateChange attribute=state info=b-1-1/BUILDING new=0 old=nil",
		)
		l.changes("builder1", "host.failBuild", []any{task, b},
			"preBuildStateChange attribute=state info=b-1-1/BUILDING new=3 old=0",
			"postBuildStateChange attribute=state info=b-1-1/FAILED new=3 old=0",
		)
		l.changes("builder1", "host.initBuild", begin,
			"preBuildStateChange attribute=state info=b-1-1/FAILED new=0 old=3",
			"postBuildStateChange attribute=state info=b-1-1/BUILDING new=0 old=3",
		)
		l.changes("kojiadmin", "cancelBuild", []any{b, true},
			"preBuildStateChange attribute=state info=b-1-1/BUILDING new=4 old=0",
			"postBuildStateChange attribute=state info=b-1-1/CANCELED new=4 old=0",
			"preTaskStateChange attribute=state info=build/OPEN(x.src.rpm, nil) new=CANCELED old=OPEN",
			"preTaskStateChange attribute=completion_ts info=build/OPEN(x.src.rpm, nil) new=# old=nil",
			"postTaskStateChange attribute=state info=build/CANCELED(x.src.rpm, nil) new=CANCELED old=OPEN",
			"postTaskStateChange attribute=completion_ts info=build/CANCELED(x.src.rpm, nil) new=# old=nil",
		)

		_, build, files := h.multiBuild()
		l.changes("builder1", "host.completeBuild", []any{h.taskOf(build), build, files[0], texts(files[1:2]), map[string]any{}, map[string]any{}},
			"preImport brmap={} build=confmulti-2.5-1.dist/BUILDING build_id=# logs={} rpms=[1] srpm=confmulti-2.5-1.dist.src.rpm task_id=# type=build",
			"preImport build=confmulti-2.5-1.dist/BUILDING fileinfo=nil filepath=confmulti-2.5-1.dist.src.rpm rpm=new confmulti-2.5-1.dist.src.rpm type=rpm",
			"postImport build=confmulti-2.5-1.dist/BUILDING fileinfo=nil filepath=confmulti-2.5-1.dist.src.rpm rpm=confmulti-2.5-1.dist.src.rpm type=rpm",
			"preRPMSign build=confmulti-2.5-1.dist/BUILDING rpm=confmulti-2.5-1.dist.src.rpm sighash=# sigkey=",
			"postRPMSign build=confmulti-2.5-1.dist/BUILDING rpm=confmulti-2.5-1.dist.src.rpm sighash=# sigkey=",
			"preImport build=confmulti-2.5-1.dist/BUILDING fileinfo=nil filepath=confmulti-2.5-1.dist.x86_64.rpm rpm=new confmulti-2.5-1.dist.x86_64.rpm type=rpm",
			"postImport build=confmulti-2.5-1.dist/BUILDING fileinfo=nil filepath=confmulti-2.5-1.dist.x86_64.rpm rpm=confmulti-2.5-1.dist.x86_64.rpm type=rpm",
			"preRPMSign build=confmulti-2.5-1.dist/BUILDING rpm=confmulti-2.5-1.dist.x86_64.rpm sighash=# sigkey=",
			"postRPMSign build=confmulti-2.5-1.dist/BUILDING rpm=confmulti-2.5-1.dist.x86_64.rpm sighash=# sigkey=",
			"preBuildStateChange attribute=state info=confmulti-2.5-1.dist/BUILDING new=1 old=0",
			"postBuildStateChange attribute=state info=confmulti-2.5-1.dist/COMPLETE new=1 old=0",
			"postImport brmap={} build=confmulti-2.5-1.dist/COMPLETE build_id=# logs={} rpms=[1] srpm=confmulti-2.5-1.dist.src.rpm task_id=# type=build",
		)
		h.file("vol/fast/.keep", nil)
		h.call("kojiadmin", "addVolume", "fast")
		l.changes("kojiadmin", "changeBuildVolume", []any{build, "fast"},
			"preBuildStateChange attribute=volume_id info=confmulti-2.5-1.dist/COMPLETE new=# old=#",
			"postBuildStateChange attribute=volume_id info=confmulti-2.5-1.dist/COMPLETE new=# old=#",
		)

		draft := h.build("d", "1", "1", func(n *sqlstore.NewBuild) { n.Draft = true })
		l.changes("kojiadmin", "promoteBuild", []any{draft, true},
			"preBuildPromote build=d-1-1,draft_4/COMPLETE draft_release=1,draft_4 target_release=1 user=kojiadmin",
			"postBuildPromote build=d-1-1/COMPLETE draft_release=1,draft_4 target_release=1 user=kojiadmin",
		)

		reserved := l.changes("alice", "CGInitBuild", []any{"osbs", map[string]any{"name": "q", "version": "1", "release": "1"}},
			"preBuildStateChange attribute=state info=q-1-1/BUILDING new=0 old=nil",
			"postBuildStateChange attribute=state info=q-1-1/BUILDING new=0 old=nil",
		).(map[string]any)
		l.changes("alice", "CGRefundBuild", []any{"osbs", reserved["build_id"], reserved["token"]},
			"preBuildStateChange attribute=state info=q-1-1/BUILDING new=3 old=0",
			"postBuildStateChange attribute=state info=q-1-1/FAILED new=3 old=0",
		)
		u := h.cgUpload("up")
		u.image("disk.raw")
		u.add(noarchBinary, "", map[string]any{"type": "rpm"})
		l.changes("alice", "CGImport", []any{u.meta, "up"},
			"preImport directory=up metadata={build buildroots metadata_version output} type=cg",
			"preBuildStateChange attribute=state info=p-1-1/COMPLETE new=1 old=nil",
			"postBuildStateChange attribute=state info=p-1-1/COMPLETE new=1 old=nil",
			"preImport archive=new disk.raw build=p-1-1/COMPLETE build_type=image fileinfo={arch buildroot_id checksum checksum_type extra filename filesize type} filepath=disk.raw type=archive",
			"postImport archive=disk.raw build=p-1-1/COMPLETE build_type=image fileinfo={arch buildroot_id checksum checksum_type extra filename filesize type} filepath=disk.raw type=archive",
			"preImport build=p-1-1/COMPLETE fileinfo={arch buildroot_id checksum checksum_type filename filesize type} filepath=confnoarch-1.0-1.noarch.rpm rpm=new confnoarch-1.0-1.noarch.rpm type=rpm",
			"postImport build=p-1-1/COMPLETE fileinfo={arch buildroot_id checksum checksum_type filename filesize type} filepath=confnoarch-1.0-1.noarch.rpm rpm=confnoarch-1.0-1.noarch.rpm type=rpm",
			"preRPMSign build=p-1-1/COMPLETE rpm=confnoarch-1.0-1.noarch.rpm sighash=# sigkey=",
			"postRPMSign build=p-1-1/COMPLETE rpm=confnoarch-1.0-1.noarch.rpm sighash=# sigkey=",
			"postImport build=p-1-1/COMPLETE directory=up metadata={build buildroots metadata_version output} type=cg",
		)
	})
}

// taskOf is the task of a build.
func (h *testHub) taskOf(build any) any {
	h.t.Helper()
	return pick(h.call("", "getBuild", build), "task_id")[0]
}

func TestImportCallbacks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		l := h.eavesdrop()
		dir, name := h.upload("up", plainSource)
		l.refused = "postRPMSign"
		l.refuses(koji.CodeCallback, "kojiadmin", "importRPM", []any{dir, name},
			"preBuildStateChange attribute=state info=confnoarch-1.0-2/COMPLETE new=1 old=nil",
			"postBuildStateChange attribute=state info=confnoarch-1.0-2/COMPLETE new=1 old=nil",
			"preImport build=confnoarch-1.0-2/COMPLETE fileinfo=nil filepath=confnoarch-1.0-2.src.rpm rpm=new confnoarch-1.0-2.src.rpm type=rpm",
			"postImport build=confnoarch-1.0-2/COMPLETE fileinfo=nil filepath=confnoarch-1.0-2.src.rpm rpm=confnoarch-1.0-2.src.rpm type=rpm",
			"preRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.src.rpm sighash=# sigkey=",
			"postRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.src.rpm sighash=# sigkey=",
		)
		l.refused = ""
		want(t, "nothing stays", []string{}, h.tree("packages"))
		l.changes("kojiadmin", "importRPM", []any{dir, name},
			"preBuildStateChange attribute=state info=confnoarch-1.0-2/COMPLETE new=1 old=nil",
			"postBuildStateChange attribute=state info=confnoarch-1.0-2/COMPLETE new=1 old=nil",
			"preImport build=confnoarch-1.0-2/COMPLETE fileinfo=nil filepath=confnoarch-1.0-2.src.rpm rpm=new confnoarch-1.0-2.src.rpm type=rpm",
			"postImport build=confnoarch-1.0-2/COMPLETE fileinfo=nil filepath=confnoarch-1.0-2.src.rpm rpm=confnoarch-1.0-2.src.rpm type=rpm",
			"preRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.src.rpm sighash=# sigkey=",
			"postRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.src.rpm sighash=# sigkey=",
		)
		dir, name = h.upload("up", plainBinary)
		rpm := l.changes("kojiadmin", "importRPM", []any{dir, name},
			"preImport build=confnoarch-1.0-2/COMPLETE fileinfo=nil filepath=confnoarch-1.0-2.noarch.rpm rpm=new confnoarch-1.0-2.noarch.rpm type=rpm",
			"postImport build=confnoarch-1.0-2/COMPLETE fileinfo=nil filepath=confnoarch-1.0-2.noarch.rpm rpm=confnoarch-1.0-2.noarch.rpm type=rpm",
			"preRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.noarch.rpm sighash=# sigkey=",
			"postRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.noarch.rpm sighash=# sigkey=",
		).(map[string]any)["id"]
		l.changes("kojiadmin", "addRPMSig", []any{rpm, signature(t, signedBinary)},
			"preRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.noarch.rpm sighash=# sigkey=d53d09b9",
			"postRPMSign build=confnoarch-1.0-2/COMPLETE rpm=confnoarch-1.0-2.noarch.rpm sighash=# sigkey=d53d09b9",
		)

		h.typedBuilds()
		l.changes("kojiadmin", "importArchive", []any{h.uploaded("art-1.0.jar", "a jar"), "m-1-1", "maven", gavInfo()},
			"preImport archive=new art-1.0.jar build=m-1-1/COMPLETE build_type=maven fileinfo=nil filepath=art-1.0.jar type=archive",
			"postImport archive=art-1.0.jar build=m-1-1/COMPLETE build_type=maven fileinfo=nil filepath=art-1.0.jar type=archive",
		)

		task := h.openTask("image")
		b := pick(h.call("builder1", "host.initImageBuild", task, map[string]any{"name": "im", "version": "1", "release": "1", "epoch": nil}), "id")[0]
		h.gave(task, "disk.raw", "an image")
		l.changes("builder1", "host.completeImageBuild", []any{task, b, map[string]any{"x86_64": map[string]any{
			"task_id": task, "arch": "x86_64", "files": []any{"disk.raw"}, "logs": []any{}, "rpmlist": []any{},
		}}},
			"preImport image={arch files logs rpmlist task_id} type=image",
			"preImport archive=new disk.raw build=im-1-1/BUILDING build_type=image fileinfo=nil filepath=disk.raw type=archive",
			"postImport archive=disk.raw build=im-1-1/BUILDING build_type=image fileinfo=nil filepath=disk.raw type=archive",
			"postImport build=im-1-1/BUILDING fullpath=disk.raw image={arch files logs rpmlist task_id} type=image",
			"preBuildStateChange attribute=state info=im-1-1/BUILDING new=1 old=0",
			"postBuildStateChange attribute=state info=im-1-1/COMPLETE new=1 old=0",
		)
	})
}

func TestRepoCallbacks(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		h.multiTag(nil)
		h.call("kojiadmin", "createTag", "dist", nil, "x86_64")
		l := h.eavesdrop()
		l.changes("kojiadmin", "newRepo", []any{"build"},
			"preTaskStateChange attribute=state info=new newRepo/FREE(build) new=FREE old=nil",
			"postTaskStateChange attribute=state info=newRepo/FREE(build) new=FREE old=nil",
		)
		task := h.openTask("newRepo", "build")
		repo := l.changes("builder1", "host.repoInit", []any{"build", task},
			"preRepoInit event=# opts={debuginfo maven separate_src src} repo_id=nil tag=build task_id=#",
			"postRepoInit event=# opts={debuginfo maven separate_src src} repo_id=# tag=build task_id=#",
		).([]any)[0]
		l.refused = "preRepoDone"
		l.refuses(koji.CodeCallback, "builder1", "host.repoDone", []any{repo, map[string]any{}},
			"preRepoDone data={} expire=false repo=build/INIT",
		)
		l.refused = ""
		l.changes("builder1", "host.repoDone", []any{repo, map[string]any{}, true},
			"preRepoDone data={} expire=true repo=build/INIT",
			"postRepoDone data={} expire=true repo=build/EXPIRED",
		)
		l.changes("kojiadmin", "distRepo", []any{"dist", []any{}, koji.Named{"arch": []any{"x86_64"}, "allow_missing_signatures": true}},
			"preRepoInit arches=[1] dist=true event=# keys=[0] repo_id=nil tag=dist task_opts={allow_missing_signatures arch event} with_debuginfo=false with_separate_src=false with_src=false",
			"postRepoInit arches=[1] dist=true event=# keys=[0] repo_id=# repodir=# tag=dist task_opts={allow_missing_signatures arch event} with_debuginfo=false with_separate_src=false with_src=false",
			"preTaskStateChange attribute=state info=new distRepo/FREE(dist, 2, [0], {allow_missing_signatures arch event}) new=FREE old=nil",
			"postTaskStateChange attribute=state info=distRepo/FREE(dist, 2, [0], {allow_missing_signatures arch event}) new=FREE old=nil",
		)
	})
}
