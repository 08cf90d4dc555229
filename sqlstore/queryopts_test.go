package sqlstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestQueryOpts(t *testing.T) {
	t.Parallel()
	order := map[string]string{"id": "t.id", "name": "t.name"}
	for name, c := range map[string]struct {
		opts  any
		query string
		args  []any
		code  koji.Code // of the fault, 0 for none
	}{
		"nil":       {nil, "Q ORDER BY t.id", []any{"x"}, 0},
		"empty":     {map[string]any{}, "Q ORDER BY t.id", []any{"x"}, 0},
		"order":     {map[string]any{"order": "-name,id"}, "Q ORDER BY t.name DESC NULLS FIRST, t.id ASC NULLS LAST, t.id", []any{"x"}, 0},
		"page":      {map[string]any{"limit": int64(2), "offset": int64(5)}, "Q ORDER BY t.id LIMIT 0+? OFFSET 0+?", []any{"x", int64(2), int64(5)}, 0},
		"limit 0":   {map[string]any{"limit": int64(0)}, "Q ORDER BY t.id", []any{"x"}, 0},
		"no SQL":    {map[string]any{"order": "id; DROP TABLE users"}, "", nil, koji.CodeOther},
		"unknown":   {map[string]any{"order": "other"}, "", nil, koji.CodeOther},
		"group":     {map[string]any{"group": "id"}, "", nil, koji.CodeGeneric},
		"no option": {map[string]any{"sort": "id"}, "", nil, koji.CodeParameter},
		"negative":  {map[string]any{"limit": int64(-1)}, "", nil, koji.CodeParameter},
		"wrong":     {map[string]any{"offset": "1"}, "", nil, koji.CodeParameter},
		"no struct": {"order", "", nil, koji.CodeParameter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := ParseQueryOpts(c.opts)
			var query string
			var args []any
			if err == nil {
				query, args, err = o.apply("Q", []any{"x"}, order, "t.id")
			}
			if c.code != 0 {
				if !koji.HasCode(err, c.code) {
					t.Errorf("want fault %d, got %v and %q", c.code, err, query)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if query != c.query {
				t.Errorf("want %q, got %q", c.query, query)
			}
			if d := cmp.Diff(c.args, args); d != "" {
				t.Error(d)
			}
		})
	}
}
