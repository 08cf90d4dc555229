package hubd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

// pick is some members of a struct.
func pick(v any, keys ...string) []any {
	m, _ := v.(map[string]any)
	var values []any
	for _, k := range keys {
		values = append(values, m[k])
	}
	return values
}

// column is one member of each struct in an array.
func column(v any, key string) []any {
	values := []any{}
	list, _ := v.([]any)
	for _, item := range list {
		values = append(values, pick(item, key)[0])
	}
	return values
}

func want(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: (-want +got)\n%s", what, d)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		id := h.call("kojiadmin", "createUser", "carol", nil, "carol@EXAMPLE.COM")
		carol := map[string]any{
			"id": id, "name": "carol", "status": int64(0), "usertype": int64(0), "krb_principals": []any{"carol@EXAMPLE.COM"},
		}
		for name, ref := range map[string]any{
			"id": id, "name": "carol", "principal": "carol@EXAMPLE.COM", "struct": map[string]any{"id": id, "krb_principal": "carol@EXAMPLE.COM"},
		} {
			want(t, "getUser by "+name, carol, h.call("", "getUser", ref))
		}
		want(t, "getUser that doesn't fit", nil, h.call("", "getUser", map[string]any{"id": id, "name": "bob"}))
		want(t, "getUser of none", nil, h.call("", "getUser", "nobody"))
		want(t, "getUser of an id no row can have", nil, h.call("", "getUser", int64(1)<<40))

		h.call("kojiadmin", "editUser", "carol", "caro", []any{
			map[string]any{"old": "carol@EXAMPLE.COM", "new": "caro@EXAMPLE.COM"}, map[string]any{"old": nil, "new": "caro@EXAMPLE.ORG"},
		})
		want(t, "principals", []any{"caro@EXAMPLE.COM", "caro@EXAMPLE.ORG"}, pick(h.call("", "getUser", "caro"), "krb_principals")[0])
		want(t, "removeUserKrbPrincipal", id, h.call("kojiadmin", "removeUserKrbPrincipal", "caro", "caro@EXAMPLE.ORG"))

		h.call("kojiadmin", "disableUser", "caro")
		want(t, "status", int64(koji.StatusBlocked), pick(h.call("", "getUser", "caro"), "status")[0])

		opts := koji.Named{"queryOpts": map[string]any{"order": "-name", "limit": int64(2)}}
		want(t, "listUsers", []any{"kojiadmin", "caro"}, column(h.call("", "listUsers", opts), "name"))
		want(t, "listUsers of a prefix in another case", []any{"bob"}, column(h.call("", "listUsers", koji.Named{"prefix": "BO"}), "name"))
		want(t, "listUsers takes a prefix as it is", []any{}, column(h.call("", "listUsers", koji.Named{"prefix": "b%"}), "name"))
		want(t, "listUsers as lists", []any{[]any{int64(3), []any{}, "bob", int64(0), int64(0)}},
			h.call("", "listUsers", koji.Named{"prefix": "bob", "queryOpts": map[string]any{"asList": true}}))

		h.wantFault(koji.CodeGeneric, "kojiadmin", "createUser", "alice")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "createUser", "a b")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "createUser", "host/../etc")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addUserKrbPrincipal", "bob", "caro@EXAMPLE.COM")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "editUser", "bob", "alice")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "createUser", "mallory")
		h.wantFault(koji.CodeActionNotAllowed, "", "editUser", "bob", "rob")
		h.wantFault(koji.CodeOther, "", "listUsers", koji.Named{"queryOpts": map[string]any{"order": "password"}})
		h.wantFault(koji.CodeParameter, "", "listUsers", koji.Named{"queryOpts": map[string]any{"limit": "1"}})
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.call("kojiadmin", "newGroup", "devs")
		h.call("kojiadmin", "addGroupMember", "devs", "alice")
		h.call("kojiadmin", "grantPermission", "devs", "tag")
		h.call("kojiadmin", "grantPermission", "alice", "deploy", true, "May deploy.")
		want(t, "getPerms", []any{"deploy", "tag"}, h.call("alice", "getPerms"))
		want(t, "own permissions", []any{"deploy"}, h.call("", "getUserPerms", "alice", false))
		want(t, "where they come from", map[string]any{"deploy": []any{nil}, "tag": []any{"devs"}}, h.call("", "getUserPermsInheritance", "alice"))
		want(t, "hasPerm", true, h.call("alice", "hasPerm", "tag"))
		want(t, "hasPerm is no admin's", false, h.call("kojiadmin", "hasPerm", "tag"))
		want(t, "who has it through a group", []any{"alice"}, column(h.call("", "listUsers", koji.Named{"perm": "tag", "inherited_perm": true}), "name"))
		h.call("alice", "createTag", "mine")

		want(t, "members", []any{"alice"}, column(h.call("", "getGroupMembers", "devs"), "name"))
		h.call("kojiadmin", "dropGroupMember", "devs", "alice")
		want(t, "after the group was left", []any{"deploy"}, h.call("alice", "getPerms"))
		h.wantFault(koji.CodeActionNotAllowed, "alice", "createTag", "more")
		h.call("kojiadmin", "revokePermission", "alice", "deploy")
		want(t, "after all was taken", []any{}, h.call("alice", "getPerms"))

		one := func(method string, args ...any) any { return map[string]any{"methodName": method, "params": args} }
		results := h.call("kojiadmin", "multiCall", []any{
			one("hasPerm", "tag"), one("grantPermission", "kojiadmin", "tag"), one("hasPerm", "tag"),
			one("revokePermission", "kojiadmin", "tag"), one("hasPerm", "tag"),
		})
		want(t, "in one multiCall", []any{[]any{false}, []any{nil}, []any{true}, []any{nil}, []any{false}}, results)

		h.wantFault(koji.CodeGeneric, "kojiadmin", "revokePermission", "alice", "deploy")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "addGroupMember", "alice", "bob")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "grantPermission", "bob", "nothing")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "grantPermission", "alice", "admin")
		h.wantFault(koji.CodeActionNotAllowed, "alice", "addGroupMember", "devs", "alice")
	})
}
