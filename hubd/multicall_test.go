package hubd

import (
	"strings"
	"testing"

	"koji"
)

// one is a call of a multiCall.
func one(method string, params ...any) any {
	if params == nil {
		params = []any{}
	}
	return map[string]any{"methodName": method, "params": params}
}

// multi runs calls in one multiCall.
func (h *testHub) multi(user string, calls ...any) []any {
	h.t.Helper()
	return h.call(user, "multiCall", calls).([]any)
}

// faultIn is the code of a multiCall's fault, 0 for a result.
func faultIn(v any) koji.Code {
	m, _ := v.(map[string]any)
	code, _ := m["faultCode"].(int64)
	return koji.Code(code)
}

func TestMulticall(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		var got []any
		notices := h.told(koji.NoticeTag, func() {
			got = h.multi("kojiadmin",
				one("createTag", "one"),
				one("createTag", "one"),
				one("getLastEvent"),
				one("createTag", "two", named(koji.Named{"parent": "one"})),
				one("getLastEvent"),
				one("echo", "a", named(koji.Named{"b": 1})),
				one("nosuch"),
				one("createTag"),
			)
		})
		codes := make([]koji.Code, len(got))
		for i, v := range got {
			codes[i] = faultIn(v)
			if list, isResult := v.([]any); codes[i] == 0 && (!isResult || len(list) != 1) {
				t.Errorf("result %d is not an array of one: %v", i, v)
			}
		}
		want(t, "faults", []koji.Code{0, koji.CodeGeneric, 0, 0, 0, koji.CodeParameter, koji.CodeGeneric, koji.CodeParameter}, codes)
		event := func(i int) any { return pick(got[i].([]any)[0], "id")[0] }
		if event(2) == event(4) {
			t.Errorf("two calls share event %v", event(2))
		}
		want(t, "keys of a fault", 3, len(got[1].(map[string]any)))
		trace, _ := got[1].(map[string]any)["traceback"].([]any)
		if len(trace) != 1 || !strings.HasPrefix(trace[0].(string), "GenericError: ") || strings.Contains(trace[0].(string), ".go") {
			t.Errorf("traceback: %v", trace)
		}
		if len(notices) != 2 {
			t.Errorf("a call that failed told of itself: %v", notices)
		}
		want(t, "parent of two", "one", pick(h.call("", "getInheritanceData", "two").([]any)[0], "name")[0])
	})
}

// What a call did before it failed is undone, and nothing of the others.
func TestMulticallUndoesWhatFailed(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		half := writes("test.half", anyone, "Makes a tag and fails.", func(c *call, _ none) (any, error) {
			if _, err := c.hub.methods["createTag"].run(c, []any{"half"}, nil); err != nil {
				return nil, err
			}
			return nil, errSecret
		})
		crash := writes("test.crash", anyone, "Makes a tag and panics.", func(c *call, _ none) (any, error) {
			if _, err := c.hub.methods["createTag"].run(c, []any{"half"}, nil); err != nil {
				return nil, err
			}
			panic(errSecret)
		})
		h.hub.methods["test.half"], h.hub.methods["test.crash"] = &half, &crash
		got := h.multi("kojiadmin", one("createTag", "a"), one("test.half"), one("test.crash"), one("createTag", "b"))
		want(t, "faults", []koji.Code{0, koji.CodeOther, koji.CodeOther, 0}, []koji.Code{faultIn(got[0]), faultIn(got[1]), faultIn(got[2]), faultIn(got[3])})
		for _, v := range got[1:3] {
			if text := pick(v, "faultString")[0].(string); strings.Contains(text, "hunter2") || strings.Contains(text, "secret") {
				t.Errorf("fault tells %q", text)
			}
		}
		want(t, "tags", []any{"a", "b"}, column(h.call("", "listTags"), "name"))
	})
}

func TestMulticallOddities(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		odd := []any{
			nil, "getTag", int64(1), []any{}, map[string]any{}, map[string]any{"methodName": int64(1)},
			map[string]any{"methodName": "hello", "params": "x"}, map[string]any{"methodName": "hello", "params": map[string]any{}},
		}
		for i, v := range h.multi("", odd...) {
			if faultIn(v) != koji.CodeParameter {
				t.Errorf("%v gives %v", odd[i], v)
			}
		}
		want(t, "params left out", []any{[]any{"Hello World"}}, h.multi("", map[string]any{"methodName": "hello"}))
		want(t, "none", []any{}, h.multi(""))
		h.wantFault(koji.CodeParameter, "", "multiCall")
		h.wantFault(koji.CodeParameter, "", "multiCall", "hello")

		nested := h.multi("kojiadmin", one("multiCall", []any{one("createTag", "in"), one("createTag", "in")}), one("system.multicall", []any{one("hello")}))
		inner := nested[0].([]any)[0].([]any)
		want(t, "nested", []koji.Code{0, koji.CodeGeneric}, []koji.Code{faultIn(inner[0]), faultIn(inner[1])})
		want(t, "by its other name", []any{[]any{[]any{"Hello World"}}}, nested[1])
		want(t, "tag of the nested one", []any{"in"}, column(h.call("", "listTags"), "name"))

		deep := one("hello")
		for range 20 {
			deep = one("multiCall", []any{deep})
		}
		if v := h.multi("", deep); faultIn(v[0]) != 0 {
			t.Errorf("20 nested: %v", v)
		}
	})
}

func TestMulticallRights(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		codes := func(list []any) (codes []koji.Code) {
			for _, v := range list {
				codes = append(codes, faultIn(v))
			}
			return codes
		}
		got := h.multi("", one("login", "kojiadmin", "kojiadmin"), one("createTag", "x"), one("getLoggedInUser"))
		want(t, "after a login", []koji.Code{0, koji.CodeActionNotAllowed, 0}, codes(got))
		want(t, "who", []any{nil}, got[2])
		want(t, "as alice", []koji.Code{koji.CodeActionNotAllowed, koji.CodeAuth, 0, 0},
			codes(h.multi("alice", one("createTag", "x"), one("host.getTasks"), one("echo"), one("cancelTask", h.call("alice", "build", "x/y.src.rpm", "none")))))
		want(t, "an admin at last", []koji.Code{0, 0, koji.CodeActionNotAllowed, koji.CodeAuth},
			codes(h.multi("kojiadmin", one("createTag", "x"), one("logout"), one("createTag", "y"), one("logout"))))
		want(t, "tags", []any{"x"}, column(h.call("", "listTags"), "name"))
	})
}
