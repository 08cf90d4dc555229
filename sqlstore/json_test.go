package sqlstore

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for text, value := range map[string]any{
		`null`:                          nil,
		`true`:                          true,
		`-7`:                            int64(-7),
		`9223372036854775807`:           int64(math.MaxInt64),
		`1.0`:                           1.0,
		`1e+300`:                        1e300,
		`"a\"b\\c\n\u0001"`:             "a\"b\\c\n\x01",
		`"\u017elu\u0165 \ud83d\ude00"`: "žluť 😀",
		`[]`:                            []any{},
		`[1, [null, 2.5], "x"]`:         []any{int64(1), []any{nil, 2.5}, "x"},
		`{"a": {}, "b": [true, false]}`: map[string]any{"b": []any{true, false}, "a": map[string]any{}},
	} {
		got, err := DecodeJSON(text)
		if err != nil {
			t.Errorf("decode %s: %v", text, err)
		}
		if d := cmp.Diff(value, got); d != "" {
			t.Errorf("decode %s: (-want +got)\n%s", text, d)
		}
		if got, err := EncodeJSON(value); err != nil || got != text {
			t.Errorf("encode %v: want %s, got %s and %v", value, text, got, err)
		}
	}
	for _, text := range []string{``, `{`, `1 2`, `nul`, `{"a":}`} {
		if v, err := DecodeJSON(text); err == nil {
			t.Errorf("decode %q: want an error, got %v", text, v)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(-1), []byte("x"), map[string]any{"a": 1}} {
		if text, err := EncodeJSON(v); err == nil {
			t.Errorf("encode %v: want an error, got %s", v, text)
		}
	}
}

// What is read can be written, and reads the same again; others read it too.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5, null, true, "\u0000é"]}`, `-0`, `1e999`, `99999999999999999999`, "\"\x80\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := DecodeJSON(s)
		if err != nil {
			return
		}
		text, err := EncodeJSON(v)
		if err != nil {
			t.Fatalf("encode what %q reads as: %v", s, err)
		}
		again, err := DecodeJSON(text)
		if err != nil {
			t.Fatalf("decode %s: %v", text, err)
		}
		if d := cmp.Diff(v, again); d != "" {
			t.Fatalf("%q as %s: %s", s, text, d)
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is no JSON", text)
		}
	})
}
