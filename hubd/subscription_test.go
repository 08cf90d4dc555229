package hubd

import (
	"testing"

	"koji"
)

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) { cfg.EmailDomain = "example.com" }, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "t")
		h.call("kojiadmin", "packageListAdd", "t", "p", "alice")
		ids := func(user string) []any { return column(h.call("", "getBuildNotifications", user), "id") }

		h.call("alice", "createNotification", "alice", "p", "t", false)
		h.call("alice", "createNotification", "alice", nil, "t", true)
		h.call("kojiadmin", "createNotification", "alice", "p", nil, 1)
		mine := h.call("alice", "getBuildNotifications").([]any)
		want(t, "mail", []any{"alice@example.com", "alice@example.com", "alice@example.com"}, column(mine, "email"))
		want(t, "successes", []any{false, true, true}, column(mine, "success_only"))
		want(t, "any package", nil, pick(mine[1], "package_id")[0])
		want(t, "the same", mine, h.call("", "getBuildNotifications", "alice").([]any))
		id := pick(mine[0], "id")[0]
		want(t, "one", mine[0], h.call("", "getBuildNotification", id))

		h.wantFault(koji.CodeGeneric, "alice", "createNotification", "alice", "p", "t", false)
		h.wantFault(koji.CodeGeneric, "bob", "createNotification", "alice", nil, nil, false)
		h.wantFault(koji.CodeGeneric, "", "createNotification", "alice", nil, nil, false)
		h.wantFault(koji.CodeGeneric, "alice", "createNotification", "alice", "nosuch", nil, false)
		h.wantFault(koji.CodeGeneric, "alice", "createNotification", "alice", nil, "nosuch", false)
		h.wantFault(koji.CodeGeneric, "alice", "updateNotification", id, nil, "t", true) // is the second one
		h.wantFault(koji.CodeGeneric, "bob", "updateNotification", id, nil, nil, true)
		h.wantFault(koji.CodeGeneric, "bob", "deleteNotification", id)
		h.wantFault(koji.CodeGeneric, "", "deleteNotification", id)
		want(t, "all there", 3, len(ids("alice")))

		h.call("alice", "updateNotification", id, nil, nil, false)
		want(t, "changed", []any{nil, nil, false}, pick(h.call("", "getBuildNotification", id), "package_id", "tag_id", "success_only"))
		h.call("kojiadmin", "deleteNotification", id)
		want(t, "gone", nil, h.call("", "getBuildNotification", id))
		h.wantFault(koji.CodeGeneric, "alice", "deleteNotification", id)
		h.wantFault(koji.CodeGeneric, "", "getBuildNotification", id, true)
		h.wantFault(koji.CodeGeneric, "", "getBuildNotifications")
		h.wantFault(koji.CodeGeneric, "", "getBuildNotifications", "nosuch")
		want(t, "left", 2, len(ids("alice")))
	})
}

func TestOptOuts(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "createTag", "t")
		h.call("alice", "createNotificationBlock", "alice")
		h.call("alice", "createNotificationBlock", "alice", named(koji.Named{"tag_id": "t"}))
		mine := h.call("alice", "getBuildNotificationBlocks").([]any)
		want(t, "blocks", 2, len(mine))
		id := pick(mine[0], "id")[0]
		want(t, "one", mine[0], h.call("", "getBuildNotificationBlock", id))
		h.wantFault(koji.CodeGeneric, "alice", "createNotificationBlock", "alice")
		h.wantFault(koji.CodeGeneric, "bob", "createNotificationBlock", "alice", nil, nil)
		h.wantFault(koji.CodeGeneric, "", "createNotificationBlock", "alice")
		h.wantFault(koji.CodeGeneric, "bob", "deleteNotificationBlock", id)
		h.call("alice", "deleteNotificationBlock", id)
		want(t, "gone", nil, h.call("", "getBuildNotificationBlock", id))
		h.wantFault(koji.CodeGeneric, "", "getBuildNotificationBlock", id, true)
		h.wantFault(koji.CodeGeneric, "alice", "deleteNotificationBlock", id)
	})
}
