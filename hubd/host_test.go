package hubd

import (
	"context"
	"testing"

	"koji"
	"koji/sqlstore"
)

// told are the notices of a kind that a function makes the hub tell.
func (h *testHub) told(kind koji.NoticeKind, do func()) []koji.Notice {
	h.t.Helper()
	var last int64
	read := func(fn func(ctx context.Context, tx *sqlstore.Tx) error) {
		h.t.Helper()
		ctx := h.t.Context()
		if err := h.store.Read(ctx, func(tx *sqlstore.Tx) error { return fn(ctx, tx) }); err != nil {
			h.t.Fatal(err)
		}
	}
	read(func(ctx context.Context, tx *sqlstore.Tx) (err error) {
		_, last, err = tx.NoticeRange(ctx)
		return err
	})
	do()
	var all []koji.Notice
	read(func(ctx context.Context, tx *sqlstore.Tx) error {
		for n, err := range tx.Notices(ctx, last, 1000) {
			if err != nil {
				return err
			}
			if n.Kind == kind {
				all = append(all, n)
			}
		}
		return nil
	})
	return all
}

func TestHosts(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		id := h.call("kojiadmin", "addHost", "builder3", []any{"aarch64", "noarch"})
		user := pick(h.call("", "getUser", "builder3"), "id", "usertype")
		want(t, "getHost", map[string]any{
			"id": id, "user_id": user[0], "name": "builder3", "arches": "aarch64 noarch", "capacity": 2.0, "enabled": true, "ready": false,
			"task_load": 0.0, "update_ts": nil, "description": nil, "comment": nil,
		}, h.call("", "getHost", "builder3"))
		want(t, "its user's type", int64(koji.UserHost), user[1])
		event := pick(h.call("", "getLastEvent"), "id")[0]

		notices := h.told(koji.NoticeHost, func() {
			want(t, "editHost", true, h.call("kojiadmin", "editHost", "builder3", koji.Named{"arches": "x86_64  s390x", "capacity": int64(4)}))
			want(t, "editHost to the same", false, h.call("kojiadmin", "editHost", "builder3", koji.Named{"capacity": 4.0, "unknown": true}))
			h.call("kojiadmin", "disableHost", "builder3")
		})
		if len(notices) != 2 || notices[0].Host == nil || notices[0].Host.Name != "builder3" {
			t.Errorf("notices of two changes: %v", notices)
		}
		want(t, "the host now", []any{"x86_64 s390x", 4.0, false}, pick(h.call("", "getHost", id), "arches", "capacity", "enabled"))
		want(t, "the host then", []any{"aarch64 noarch", 2.0, true}, pick(h.call("", "getHost", id, false, event), "arches", "capacity", "enabled"))

		for name, c := range map[string]struct {
			args koji.Named
			want []any
		}{
			"all":      {koji.Named{}, []any{"builder1", "builder2", "builder3"}},
			"arch":     {koji.Named{"arches": "i686"}, []any{"builder2"}},
			"arches":   {koji.Named{"arches": []any{"noarch", "s390x"}}, []any{"builder1", "builder3"}},
			"no arch":  {koji.Named{"arches": "86"}, []any{}},
			"enabled":  {koji.Named{"enabled": true}, []any{"builder1", "builder2"}},
			"disabled": {koji.Named{"enabled": false}, []any{"builder3"}},
			"channel":  {koji.Named{"channelID": "createrepo"}, []any{}},
			"user":     {koji.Named{"userID": "builder2"}, []any{"builder2"}},
			"order":    {koji.Named{"queryOpts": map[string]any{"order": "-id", "offset": int64(1)}}, []any{"builder2", "builder1"}},
		} {
			want(t, "listHosts "+name, c.want, column(h.call("", "listHosts", c.args), "name"))
		}
		want(t, "count", int64(2), h.call("", "listHosts", koji.Named{"enabled": true, "queryOpts": map[string]any{"countOnly": true}}))
		want(t, "getAllArches", []any{"i386", "noarch", "x86_64"}, h.call("", "getAllArches"))
		want(t, "host.getID", int64(2), h.call("builder2", "host.getID"))
		want(t, "host.getHost", "builder2", pick(h.call("builder2", "host.getHost"), "name")[0])
		want(t, "host.isEnabled", true, h.call("builder2", "host.isEnabled"))

		h.wantFault(koji.CodeGeneric, "kojiadmin", "addHost", "builder3", []any{})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addHost", "bob", []any{})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addHost", "new", []any{"x86,64"})
		h.wantFault(koji.CodeParameter, "kojiadmin", "editHost", "builder3", koji.Named{"capacity": 0.5})
		h.wantFault(koji.CodeActionNotAllowed, "alice", "editHost", "builder3", koji.Named{"capacity": 3.0})
		h.wantFault(koji.CodeAuth, "kojiadmin", "host.getID")
	})
}

func TestChannels(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		id := h.call("kojiadmin", "addChannel", "gpu", "Hosts with one")
		h.call("kojiadmin", "addHostToChannel", "builder1", "gpu")
		want(t, "channels of a host", []any{"default", "gpu"}, column(h.call("", "listChannels", "builder1"), "name"))
		event := pick(h.call("", "getLastEvent"), "id")[0]
		if n := h.told(koji.NoticeHost, func() { h.call("kojiadmin", "removeHostFromChannel", "builder1", "gpu") }); len(n) != 1 {
			t.Errorf("notices of leaving a channel: %v", n)
		}
		want(t, "afterwards", []any{"default"}, column(h.call("", "listChannels", "builder1"), "name"))
		want(t, "before", []any{"default", "gpu"}, column(h.call("", "listChannels", "builder1", event), "name"))

		want(t, "editChannel", true, h.call("kojiadmin", "editChannel", "gpu", koji.Named{"name": "cuda", "comment": "new"}))
		want(t, "editChannel again", false, h.call("kojiadmin", "editChannel", "cuda", koji.Named{"name": "cuda"}))
		h.call("kojiadmin", "disableChannel", "cuda", "broken")
		want(t, "getChannel", map[string]any{"id": id, "name": "cuda", "description": "Hosts with one", "enabled": false, "comment": "broken"},
			h.call("", "getChannel", id))
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addHostToChannel", "builder1", "cuda")
		h.call("kojiadmin", "addHostToChannel", "builder1", "cuda", false, true)
		h.call("kojiadmin", "enableChannel", "cuda")
		h.call("kojiadmin", "addHostToChannel", "builder1", "fresh", true)
		want(t, "listChannels", []any{"default", "cuda", "fresh"}, column(h.call("", "listChannels", "builder1"), "name"))

		h.wantFault(koji.CodeGeneric, "kojiadmin", "addChannel", "default")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "renameChannel", "cuda", "default")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addHostToChannel", "builder1", "cuda")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "addChannel", "mine")
	})
}
