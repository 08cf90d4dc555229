package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrintJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := testEnv(t, &out)
	err := e.printJSON(map[string]any{"b": []any{}, "a": []any{int64(1), 3.0, 1e20, nil, true, "é\n\"\U0001f600\x7f"}, "c": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "a": [
    1,
    3.0,
    1e+20,
    null,
    true,
    "\u00e9\n\"\ud83d\ude00\u007f"
  ],
  "b": [],
  "c": {}
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func FuzzQuoteJSON(f *testing.F) {
	for _, s := range []string{"", "a\"\\\b\f\n\r\t\x00\x1f\x7f", "é日😀", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := quoteJSON(s)
		if strings.ContainsFunc(quoted, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			t.Errorf("%s is not plain ASCII", quoted)
		}
		var back string
		if err := json.Unmarshal([]byte(quoted), &back); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); back != want && back != string([]rune(s)) {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{"1", `[1, 2.5, "x", null, {"a": [true]}]`, "1 2", "[1", "1e400", "123456789012345678901234567890"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, err := parseJSON(s)
		if err == nil != json.Valid([]byte(s)) {
			t.Errorf("%q: %v, but valid: %v", s, err, json.Valid([]byte(s)))
		}
	})
}
