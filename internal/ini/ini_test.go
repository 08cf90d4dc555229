package ini

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contents is a file as testdata/record.py writes it down: a nil value is one
// that cannot be interpolated.
func contents(f *File) map[string]map[string]*string {
	all := map[string]map[string]*string{}
	for _, name := range append([]string{DefaultSection}, f.Sections()...) {
		keys := map[string]*string{}
		for k := range f.Section(name).Keys() {
			keys[k.Name] = nil
			if v, _, err := f.Section(name).Get(k.Name); err == nil {
				keys[k.Name] = &v
			}
		}
		all[name] = keys
	}
	return all
}

func TestAsPython(t *testing.T) {
	t.Parallel()
	r, err := os.Open("testdata/configparser.json")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, refused := 0, 0
	for lines := bufio.NewScanner(r); lines.Scan(); n++ {
		var interpolate bool
		var text string
		var result json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &[]any{&interpolate, &text, &result}); err != nil {
			t.Fatal(err)
		}
		f, err := Parse(strings.NewReader(text), "test.conf", Options{Interpolate: interpolate})
		if result[0] == '"' {
			refused++
			if err == nil {
				t.Errorf("%q is read, Python raises %s", text, result)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var want map[string]map[string]*string
		if err := json.Unmarshal(result, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, contents(f)); diff != "" {
			t.Errorf("%q interpolate=%v (-python +ours):\n%s", text, interpolate, diff)
		}
	}
	if refused < 100 || n-refused < 100 {
		t.Errorf("%d cases, %d refused: too few of one kind", n, refused)
	}
}

const hubConf = `# the hub
[hub]
DBName = koji
KojiDebug = yes
LockOut: OFF

[policy]
tag =
    has_perm admin :: allow

    # nobody else
    all :: deny
`

func parse(t *testing.T, text string, opts Options) *File {
	t.Helper()
	f, err := Parse(strings.NewReader(text), "test.conf", opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhereItStands(t *testing.T) {
	t.Parallel()
	f := parse(t, hubConf, Options{})
	k, ok := f.Section("policy").Lookup("TAG")
	if !ok {
		t.Fatal("no key")
	}
	want := &Key{Name: "tag", Spelling: "tag", File: "test.conf", Line: 8, Lines: []Line{
		{8, ""}, {9, "has_perm admin :: allow"}, {10, ""}, {12, "all :: deny"},
	}}
	if diff := cmp.Diff(want, k); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{8, 9, 10, 12}, k.LineNumbers()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("\nhas_perm admin :: allow\n\nall :: deny", k.Value()); diff != "" {
		t.Error(diff)
	}
	if k, _ = f.Section("hub").Lookup("dbNAME"); k.Spelling != "DBName" || k.Name != "dbname" {
		t.Errorf("%+v", k)
	}
	if s := f.Section("policy"); s.File != "test.conf" || s.Line != 7 {
		t.Errorf("[policy] at %s:%d", s.File, s.Line)
	}
	if diff := cmp.Diff([]string{"hub", "policy"}, f.Sections()); diff != "" {
		t.Error(diff)
	}
}

func TestKeepCase(t *testing.T) {
	t.Parallel()
	f := parse(t, "[a]\nKey=1\nkey=2\n", Options{KeepCase: true})
	for key, want := range map[string]string{"Key": "1", "key": "2"} {
		if got, _, _ := f.Section("a").Get(key); got != want {
			t.Errorf("%s = %q", key, got)
		}
	}
	if _, ok := f.Section("a").Lookup("KEY"); ok {
		t.Error("KEY should be a third key")
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	f := parse(t, "[a]\nyes=On\nno=0\nint= 1_000 \nminus=-5\nword=maybe\nlarge=9223372036854775808\n[DEFAULT]\nlate=7\n", Options{})
	a := f.Section("a")
	for _, tt := range []struct {
		key      string
		fallback bool
		want     bool
		err      string
	}{
		{"yes", false, true, ""},
		{"YES", false, true, ""},
		{"no", true, false, ""},
		{"absent", true, true, ""},
		{"word", true, true, `test.conf:6: word: "maybe" is not a truth value (yes or no)`},
	} {
		got, err := a.GetBool(tt.key, tt.fallback)
		if got != tt.want || text(err) != tt.err {
			t.Errorf("GetBool(%s) = %v, %v", tt.key, got, err)
		}
	}
	for _, tt := range []struct {
		key  string
		want int64
		err  string
	}{
		{"int", 1000, ""},
		{"minus", -5, ""},
		{"late", 7, ""},
		{"absent", 3, ""},
		{"word", 3, `test.conf:6: word: "maybe" is not a whole number`},
		{"large", 3, `test.conf:7: large: "9223372036854775808" is not a whole number`},
	} {
		got, err := a.GetInt(tt.key, 3)
		if got != tt.want || text(err) != tt.err {
			t.Errorf("GetInt(%s) = %v, %v", tt.key, got, err)
		}
	}
	if n, err := f.Section("none").GetInt("x", 4); n != 4 || err != nil {
		t.Errorf("a section that is not there: %d, %v", n, err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"no section", "k=v\n", `test.conf:1: "k=v" stands before any [section]`},
		{"no delimiter", "[a]\nword\n", `test.conf:2: "word" is neither a [section] nor key = value`},
		{"no key", "[a]\n= v\n", `test.conf:2: "= v" has no key before the =`},
		{"section twice", "[a]\nk=1\n[a]\n", "test.conf:3: section [a] stands twice, first in line 1"},
		{"key twice", "[a]\nkey=1\n\nKey=2\n", "test.conf:4: Key: stands twice in [a], first in line 2"},
		{"two errors", "[a]\nx\ny\n", "test.conf:2: \"x\" is neither a [section] nor key = value\ntest.conf:3: \"y\" is neither a [section] nor key = value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(strings.NewReader(tt.text), "test.conf", Options{})
			if diff := cmp.Diff(tt.want, text(err)); diff != "" {
				t.Error(diff)
			}
			var e *Error
			if !errors.As(err, &e) || e.File != "test.conf" || e.Line == 0 {
				t.Errorf("%#v is no Error", err)
			}
		})
	}
}

func TestInterpolationErrors(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString("[a]\nk0=\n")
	for i := range 9 {
		ref := "%(k" + string(rune('0'+i)) + ")s"
		many.WriteString("k" + string(rune('1'+i)) + "=" + strings.Repeat(ref, 8) + "\n")
	}
	for _, tt := range []struct{ name, text, key, want string }{
		{"lone percent", "[a]\nk=50% off\n", "k", `test.conf:2: k: % must be followed by % or (, found "% off"; write %% for a percent sign`},
		{"form", "[a]\nk=%(l)d\n", "k", `test.conf:2: k: "%(l)d" is not of the form %(key)s`},
		{"unknown", "[a]\nk=%(l)s\n", "k", "test.conf:2: k: %(l)s refers to a key that [a] does not have"},
		{"circle", "[a]\nk=%(l)s\nl=%(k)s\n", "k", "test.conf:2: k: %(key)s nested more than 10 deep"},
		{"flood", many.String(), "k9", "test.conf:11: k9: more than 10000 replacements of %(key)s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, ok, err := parse(t, tt.text, Options{Interpolate: true}).Section("a").Get(tt.key)
			if diff := cmp.Diff(tt.want, text(err)); diff != "" || !ok {
				t.Error(ok, diff)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "1.conf"), filepath.Join(dir, "2.conf")
	write(t, first, "[DEFAULT]\nd=1\n[a]\nk=old\n  more\nl=kept\n")
	write(t, second, "\ufeff[b]\nx=1\n[a]\nK=new\n[DEFAULT]\nd=2\n")
	f, err := ParseFiles(Options{}, first, second)
	if err != nil {
		t.Fatal(err)
	}
	two, next, kept, one := "2", "new", "kept", "1"
	want := map[string]map[string]*string{
		"DEFAULT": {"d": &two}, "a": {"k": &next, "l": &kept, "d": &two}, "b": {"x": &one, "d": &two},
	}
	if diff := cmp.Diff(want, contents(f)); diff != "" {
		t.Error(diff)
	}
	if k, _ := f.Section("a").Lookup("k"); k.File != second || k.Line != 4 {
		t.Errorf("k stands at %s:%d", k.File, k.Line)
	}
	if diff := cmp.Diff([]string{"a", "b"}, f.Sections()); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseFiles(Options{}, first, filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(hubConf, true)
	f.Add("[a]\nk = %(l)s%%\nl=\n x\n", true)
	f.Add("[a] x\r\nk:v\r  w", false)
	f.Fuzz(func(t *testing.T, text string, interpolate bool) {
		file, err := Parse(strings.NewReader(text), "fuzz.conf", Options{Interpolate: interpolate})
		if err != nil {
			return
		}
		lines := splitLines(text)
		for _, name := range append(file.Sections(), DefaultSection) {
			s := file.Section(name)
			if s == nil {
				t.Fatalf("[%s] is listed and not there", name)
			}
			for k := range s.Keys() {
				if found, ok := s.Lookup(k.Spelling); !ok || found != k {
					t.Errorf("%s of [%s] is not found", k.Spelling, name)
				}
				for _, l := range k.Lines {
					if !strings.Contains(lines[l.Number-1], l.Text) {
						t.Errorf("%q does not stand in line %d", l.Text, l.Number)
					}
				}
				_, _, _ = s.Get(k.Name)
				_, _ = s.GetBool(k.Name, false)
				_, _ = s.GetInt(k.Name, 0)
			}
		}
	})
}
