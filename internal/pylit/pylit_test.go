package pylit

import (
	"bufio"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded yields the lines of a file that testdata/record.py wrote. A null
// among the columns reads as "<refused>".
func recorded(t *testing.T, name string, each func(columns []string)) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var columns []*string
		if err := json.Unmarshal(lines.Bytes(), &columns); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(columns))
		for i, c := range columns {
			texts[i] = "<refused>"
			if c != nil {
				texts[i] = *c
			}
		}
		each(texts)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if n < 50 {
		t.Errorf("%s has only %d cases", name, n)
	}
}

func TestFormatAsPython(t *testing.T) {
	t.Parallel()
	recorded(t, "format.json", func(c []string) {
		v, err := Parse(c[0])
		if err != nil {
			if f, ok := Float(c[0]); ok { // inf and nan have no literal
				v = f
			} else {
				t.Fatalf("Parse(%s): %v", c[0], err)
			}
		}
		if diff := cmp.Diff(c[1], Format(v)); diff != "" {
			t.Errorf("Format(%s) (-python +ours):\n%s", c[0], diff)
		}
		if diff := cmp.Diff(c[2], Repr(v)); diff != "" {
			t.Errorf("Repr(%s) (-python +ours):\n%s", c[0], diff)
		}
	})
}

func TestParseAsPython(t *testing.T) {
	t.Parallel()
	// What Python reads and we don't, as Parse says.
	refused := map[string]bool{"1j": true, "1+2j": true, "...": true}
	recorded(t, "parse.json", func(c []string) {
		v, err := Parse(c[0])
		got := "<refused>"
		if err == nil {
			got = Repr(v)
		}
		want := c[1]
		if refused[c[0]] {
			want = "<refused>"
		}
		if got != want {
			t.Errorf("Parse(%q) = %s (%v), Python reads %s", c[0], got, err, want)
		}
	})
}

func TestFilterAsPython(t *testing.T) {
	t.Parallel()
	constants := map[string]any{"None": nil, "True": true, "False": false}
	recorded(t, "filter.json", func(c []string) {
		got := Filter(c[0])
		if want, ok := constants[c[0]]; ok {
			if got != want {
				t.Errorf("Filter(%q) = %#v", c[0], got)
			}
			return
		}
		kind, text := "", ""
		switch v := got.(type) {
		case int64, *big.Int:
			kind, text = "int", Repr(v)
		case float64:
			kind, text = "float", Repr(v)
		case string:
			kind, text = "word", v
		}
		if kind != c[1] || text != c[2] {
			t.Errorf("Filter(%q) = %s %s, Python reads %s %s", c[0], kind, text, c[1], c[2])
		}
	})
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"name", "[abc]", "column 2: the name abc is no value; strings need quotes"},
		{"unclosed list", "[1", "column 3: the text ends where ] should stand"},
		{"unclosed string", "['é', 'b]", "column 7: the string that begins here is never closed"},
		{"missing comma", "[1 2]", `column 4: "2]" stands where ] or a comma should`},
		{"number as key", "{'a': 1, 2: 3}", "column 10: the key 2 is no string"},
		{"large", "9223372036854775808", "column 1: 9223372036854775808 does not fit in 64 bits"},
		{"large hexadecimal", "0xffffffffffffffff", "column 1: 0xffffffffffffffff does not fit in 64 bits"},
		{"octal of old", "[0777]", "column 2: 0777 begins with a zero; octal numbers are written 0o"},
		{"complex", "1j", "column 1: 1j is a complex number, which the wire cannot carry"},
		{"surrogate", `'\ud800'`, `column 2: \ud800 is no character`},
		{"named character", `'\N{DASH}'`, `column 2: \N{...} is not understood here; write the character or \u`},
		{"computed string", "f'x'", "column 1: a string with the prefix f is computed, no literal"},
		{"NUL", "'\x00'", "column 1: text with a NUL or broken UTF-8"},
		{"broken UTF-8", "'\xff'", "column 1: text with a NUL or broken UTF-8"},
		{"two values", "1 'a long word behind it'", `column 3: "'a long word…" follows the value`},
		{"nothing", "", "column 1: the text ends where a value should stand"},
		{"deep", strings.Repeat("[", 300) + strings.Repeat("]", 300), "column 201: brackets nested more than 200 deep"},
		{"mixed", "'a' b'b'", "column 5: a string and bytes cannot stand side by side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := Parse(tt.text)
			if err == nil {
				t.Fatalf("read as %s", Repr(v))
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilterJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		word string
		want any
	}{
		{"5", int64(5)},
		{"True", true},
		{"true", true},
		{"null", nil},
		{`"5"`, "5"},
		{`["a", 1, 1.5, {"k": [2]}]`, []any{"a", int64(1), 1.5, map[string]any{"k": []any{int64(2)}}}},
		{"[1", "[1"},
		{"[1] [2]", "[1] [2]"},
		{"x86_64 noarch", "x86_64 noarch"},
	} {
		if diff := cmp.Diff(tt.want, FilterJSON(tt.word)); diff != "" {
			t.Errorf("FilterJSON(%q) (-want +got):\n%s", tt.word, diff)
		}
	}
}

func TestReprOfOthers(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		`'a\udcffb'`: "a\xffb", "7": 7, "-inf": math.Inf(-1), "<struct {} '{}'>": struct{}{},
	} {
		if got := Format(v); got != want {
			t.Errorf("Format(%#v) = %s", v, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"[1, -2.5e3, None, (True,), {'a': b'\\x00'}]", "'a' \"b\" '''c'''", "{1, 2}", "0x_ff", "# c\n-(1)", "r'\\''"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		if strings.Contains(Repr(v), "inf") { // 1e999 reads, but inf has no literal
			return
		}
		for _, printed := range []string{Format(v), Repr(v)} {
			again, err := Parse(printed)
			if err != nil {
				t.Fatalf("%q is printed as %q: %v", text, printed, err)
			}
			if diff := cmp.Diff(v, again); diff != "" {
				t.Errorf("%q printed as %q reads (-was +is):\n%s", text, printed, diff)
			}
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"1_0", "-1.5e3", "nan", "٣", "None", "[1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		switch v := Filter(word).(type) {
		case string:
			if v != word {
				t.Errorf("%q became %q", word, v)
			}
		case int64:
			if Filter(Repr(v)) != any(v) {
				t.Errorf("%q is printed as %s", word, Repr(v))
			}
		case float64:
			if again, ok := Filter(Repr(v)).(float64); !ok || again != v && !math.IsNaN(v) {
				t.Errorf("%q is printed as %s", word, Repr(v))
			}
		case *big.Int:
			if v.IsInt64() {
				t.Errorf("%q is no int64", word)
			}
		}
		FilterJSON(word)
	})
}
