package conformance

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		want    string // JSON
		got     any
		ordered bool
		problem string // begins so; "" if it matches
	}{
		"the same":                 {want: `{"a": [1, "x", null, true, 1.5]}`, got: map[string]any{"a": []any{int64(1), "x", nil, true, 1.5}}},
		"an integer is no double":  {want: `1`, got: 1.0, problem: "$: want 1, got 1"},
		"a double is no integer":   {want: `1.0`, got: int64(1), problem: "$: want 1, got 1"},
		"a flag is no integer":     {want: `1`, got: true, problem: "$: want 1, got true"},
		"nil is not empty":         {want: `null`, got: []any{}, problem: "$: want null, got []"},
		"more keys":                {want: `{"a": 1}`, got: map[string]any{"a": int64(1), "b": nil}},
		"a key is missing":         {want: `{"a": 1}`, got: map[string]any{"b": int64(1)}, problem: `$: key "a" is missing`},
		"a key may be missing":     {want: `{"?a": 1}`, got: map[string]any{}},
		"structs in any order":     {want: `[{"a": 1}, {"a": 2}]`, got: []any{map[string]any{"a": int64(2)}, map[string]any{"a": int64(1)}}},
		"structs in their order":   {want: `[{"a": 1}, {"a": 2}]`, ordered: true, got: []any{map[string]any{"a": int64(2)}, map[string]any{"a": int64(1)}}, problem: "$[0].a: want 1, got 2"},
		"numbers have their place": {want: `[1, 2]`, got: []any{int64(2), int64(1)}, problem: "$[0]: want 1, got 2"},
		"too many":                 {want: `["a"]`, got: []any{"a", "a"}, problem: "$: want 1 elements, got 2"},
		"one for each":             {want: `["a", "a"]`, got: []any{"a", "b"}, problem: "$[1]: want"},
		"the same id":              {want: `[{"$id": "x"}, {"$id": "x"}]`, ordered: true, got: []any{int64(4), int64(4)}},
		"another id":               {want: `[{"$id": "x"}, {"$id": "x"}]`, ordered: true, got: []any{int64(4), int64(5)}, problem: "$[1]: want id x (4 here), got 5"},
		"ids are found": {
			want: `[{"n": "a", "i": {"$id": "x"}}, {"n": "b", "i": {"$id": "y"}}, {"i": {"$id": "y"}}]`,
			got:  []any{map[string]any{"n": "b", "i": int64(2)}, map[string]any{"n": "a", "i": int64(1)}, map[string]any{"i": int64(2)}},
		},
		"time":         {want: `{"$time": 1}`, got: "2026-01-31 23:59:59.123456+00:00"},
		"no time":      {want: `{"$time": 1}`, got: "yesterday", problem: "$: want a timestamp"},
		"double":       {want: `{"$num": "float"}`, got: 1.0},
		"no double":    {want: `{"$num": "float"}`, got: int64(1), problem: "$: want a number"},
		"alike":        {want: `{"$like": "a-#.x"}`, got: "a-123.x"},
		"not alike":    {want: `{"$like": "a-#.x"}`, got: "a-.x", problem: "$: want a string like"},
		"binary":       {want: `{"$b64": "00ff"}`, got: []byte{0, 255}},
		"other binary": {want: `{"$b64": "00ff"}`, got: []byte{0}, problem: "$: want binary data 00ff"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want tree
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			m := &matcher{ids: map[string]int64{}}
			problem := ""
			if err := m.match(want.v, tc.got, "$", tc.ordered); err != nil {
				problem = err.Error()
			}
			if !strings.HasPrefix(problem, tc.problem) || (problem == "") != (tc.problem == "") {
				t.Errorf("got problem %q, want %q", problem, tc.problem)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("<methodResponse><params><param><value><array><data><value><i8>1</i8></value><value>x</value></data></array></value></param></params></methodResponse>"))
	f.Add([]byte("<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member></struct></value></fault></methodResponse>"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = decode(data) // any bytes are an answer or an error, none a panic
	})
}
