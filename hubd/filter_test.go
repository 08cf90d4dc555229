package hubd

import (
	"testing"

	"koji"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		for _, tag := range []string{"la", "lb", "lc", "ld", "other"} {
			h.call("kojiadmin", "createTag", tag)
		}
		h.call("kojiadmin", "editTag2", "lb", named(koji.Named{"perm": "admin"}))
		h.call("kojiadmin", "editTag2", "ld", named(koji.Named{"perm": "repo"}))
		pattern := func(opts map[string]any) any { return named(koji.Named{"pattern": "l?", "filterOpts": opts}) }
		for _, test := range []struct {
			name string
			opts map[string]any
			want []any
		}{
			{"all", nil, []any{"la", "lb", "lc", "ld"}},
			{"cut", map[string]any{"offset": 1, "limit": 2}, []any{"lb", "lc"}},
			{"cut nothing", map[string]any{"limit": 0}, []any{}},
			{"cut beyond", map[string]any{"offset": 9, "limit": int64(1) << 62}, []any{}},
			{"order", map[string]any{"order": "-name", "limit": 2}, []any{"ld", "lc"}},
			{"order by number", map[string]any{"order": "-id", "offset": 3}, []any{"la"}},
			{"nil last", map[string]any{"order": "perm"}, []any{"lb", "ld", "la", "lc"}},
			{"nil first", map[string]any{"order": "-perm"}, []any{"la", "lc", "ld", "lb"}},
			{"nil less", map[string]any{"order": "perm", "noneGreatest": false}, []any{"la", "lc", "lb", "ld"}},
			{"what is nil is not asked", map[string]any{"order": nil, "limit": nil, "offset": nil, "bogus": 1}, []any{"la", "lb", "lc", "ld"}},
		} {
			want(t, test.name, test.want, column(h.call("", "filterResults", "listTags", pattern(test.opts)), "name"))
			both := h.call("", "countAndFilterResults", "listTags", pattern(test.opts)).([]any)
			want(t, test.name+": count", int64(4), both[0].(int64))
			want(t, test.name+": page", test.want, column(both[1], "name"))
		}
		for method, counted := range map[string]any{"listTags": 5, "getAPIVersion": 1, "hello": 1} {
			want(t, "count "+method, counted, int(h.call("", "count", method).(int64)))
		}
		want(t, "count of nil", int64(0), h.call("", "count", "getTag", "nosuch").(int64))
		want(t, "count of a struct", int64(2), h.call("", "count", "getLastEvent").(int64))
		want(t, "count by name", int64(5), h.call("", "count", named(koji.Named{"methodName": "listTags"})).(int64))
		want(t, "count of arrays", int64(4), h.call("", "count", "listTags", named(koji.Named{"pattern": "l*", "queryOpts": map[string]any{"asList": true}})).(int64))
		want(t, "filter nil", nil, h.call("", "filterResults", "getTag", "nosuch"))
		want(t, "count and filter nil", any([]any{int64(0), nil}), h.call("", "countAndFilterResults", "getTag", "nosuch"))
		want(t, "in one another", int64(2), h.call("", "count", "filterResults", "listTags", pattern(map[string]any{"limit": 2})).(int64))

		h.wantFault(koji.CodeGeneric, "", "filterResults", "getTag", "la")
		h.wantFault(koji.CodeGeneric, "", "filterResults", "listTags", named(koji.Named{"build": "nosuch-1-1"}))
		h.wantFault(koji.CodeGeneric, "", "countAndFilterResults", "listTags", named(koji.Named{"nosuch": 1}))
		h.wantFault(koji.CodeParameter, "", "count", "listTags", named(koji.Named{"nosuch": 1}))
		h.wantFault(koji.CodeParameter, "", "filterResults", "listTags", pattern(map[string]any{"limit": -1}))
		h.wantFault(koji.CodeParameter, "", "filterResults", "listTags", pattern(map[string]any{"offset": "x"}))
		h.wantFault(koji.CodeParameter, "", "filterResults", "listTags", named(koji.Named{"filterOpts": "x"}))
		h.wantFault(koji.CodeOther, "", "filterResults", "listTags", pattern(map[string]any{"order": "nosuch"}))
		h.wantFault(koji.CodeParameter, "", "count")
		h.wantFault(koji.CodeGeneric, "", "count", "nosuch")
	})
}

// A method that is run by another one is refused to whom it is refused alone,
// and writes what it writes alone.
func TestFiltersKeepTheAccess(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		h.wantFault(koji.CodeActionNotAllowed, "alice", "count", "createTag", "mine")
		h.wantFault(koji.CodeActionNotAllowed, "", "count", "count", "createTag", "mine")
		h.wantFault(koji.CodeGeneric, "alice", "filterResults", "createTag", "mine")
		h.wantFault(koji.CodeAuth, "alice", "count", "host.getHost")
		h.wantFault(koji.CodeGeneric, "kojiadmin", "count", "multiCall", []any{one("createTag", "mine")})
		h.wantFault(koji.CodeGeneric, "kojiadmin", "count", "count", "count", "count", "count", "count", "createTag", "mine")
		want(t, "made by nobody", nil, h.call("", "getTag", "mine"))
		want(t, "made by an admin", int64(1), h.call("kojiadmin", "count", "count", "createTag", "mine").(int64))
		want(t, "its name", []any{"mine"}, pick(h.call("", "getTag", "mine"), "name"))
		got := h.multi("kojiadmin", one("count", "createTag", "two"), one("filterResults", "listTags"), one("count", "createTag", "two"))
		want(t, "in a multiCall", []koji.Code{0, 0, koji.CodeGeneric}, []koji.Code{faultIn(got[0]), faultIn(got[1]), faultIn(got[2])})
	})
}

// More rows than are held while they are sorted.
func TestFilterHoldsWhatItNeeds(t *testing.T) {
	t.Parallel()
	const rows = 5000
	limit := int64(3)
	opts := filterOpts{order: "n", down: true, offset: 2, limit: &limit}
	n, page, err := opts.page(func(yield func(any, error) bool) {
		for i := range rows {
			if !yield(map[string]any{"n": int64(i / 2)}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "count", int64(rows), n)
	want(t, "page", []any{int64(2498), int64(2498), int64(2497)}, column(page, "n"))
}
