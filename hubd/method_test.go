package hubd

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

type bindArgs struct {
	Tag    any            `rpc:"tagInfo"`
	Strict bool           `rpc:"strict=false"`
	Event  *int64         `rpc:"event=nil"`
	Name   string         `rpc:"name=x"`
	Rest   []any          `rpc:"*args"`
	More   map[string]any `rpc:"**kw"`
}

func bindTo[A any](positional []any, named map[string]any) (A, error) {
	var a A
	err := bind("m", paramsOf(reflect.TypeFor[A]()), positional, named, reflect.ValueOf(&a).Elem())
	return a, err
}

func TestBind(t *testing.T) {
	t.Parallel()
	five := int64(5)
	for name, tc := range map[string]struct {
		positional []any
		named      map[string]any
		want       bindArgs
	}{
		"required only": {[]any{"f40"}, nil, bindArgs{Tag: "f40", Name: "x", Rest: []any{}, More: map[string]any{}}},
		"by name": {
			nil,
			map[string]any{"tagInfo": int64(1), "strict": true, "event": five},
			bindArgs{Tag: int64(1), Strict: true, Event: &five, Name: "x", Rest: []any{}, More: map[string]any{}},
		},
		"a flag is what Python calls true": {[]any{"t", "no"}, nil, bindArgs{Tag: "t", Strict: true, Name: "x", Rest: []any{}, More: map[string]any{}}},
		"the rest": {
			[]any{"t", false, nil, "n", "a", int64(2)},
			map[string]any{"other": nil},
			bindArgs{Tag: "t", Name: "n", Rest: []any{"a", int64(2)}, More: map[string]any{"other": nil}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := bindTo[bindArgs](tc.positional, tc.named)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

type strictArgs struct {
	ID   int64   `rpc:"id"`
	Name string  `rpc:"name=nil"`
	List []any   `rpc:"list=nil"`
	Size float64 `rpc:"size=0"`
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		positional []any
		named      map[string]any
		want       string
	}{
		"missing":       {nil, nil, "m() missing 1 required positional argument: 'id'"},
		"too many":      {[]any{int64(1), "a", nil, 1.5, "b"}, nil, "m() takes 4 positional arguments but 5 were given"},
		"twice":         {[]any{int64(1)}, map[string]any{"id": int64(1)}, "m() got multiple values for argument 'id'"},
		"unknown":       {[]any{int64(1)}, map[string]any{"who": 1}, "m() got an unexpected keyword argument 'who'"},
		"no integer":    {[]any{"1"}, nil, "m() argument 'id': invalid type string \"1\", want an integer"},
		"no string":     {[]any{int64(1), int64(2)}, nil, "m() argument 'name': invalid type integer 2, want a string"},
		"no array":      {[]any{int64(1), "a", "b"}, nil, "m() argument 'list': invalid type string \"b\", want an array"},
		"no number":     {[]any{int64(1), "a", nil, "b"}, nil, "m() argument 'size': invalid type string \"b\", want a number"},
		"bool is no id": {[]any{true}, nil, "m() argument 'id': invalid type boolean, want an integer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bindTo[strictArgs](tc.positional, tc.named)
			var e *koji.Error
			if !errors.As(err, &e) || e.Code != koji.CodeParameter || e.Text != tc.want {
				t.Errorf("got %v, want fault 1019 %q", err, tc.want)
			}
		})
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	m := reads("m", anyone, "", func(*call, bindArgs) (any, error) { return nil, nil })
	if got, want := m.signature(), "(tagInfo, strict=False, event=None, name='x', *args, **kw)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUploadPath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ dir, name, want string }{
		{"cli-build/1.x", "a.src.rpm", "cli-build/1.x/a.src.rpm"},
		{"tasks/1/1", "build.log", "tasks/1/1/build.log"},
		{"a//b/./c", "d", "a/b/c/d"},
		{"a/b/../c", "d", "a/c/d"},
		{"..", "d", ""},
		{"../a", "d", ""},
		{"a/../../b", "d", ""},
		{"/etc", "passwd", ""},
		{"", "d", ""},
		{".", "d", ""},
		{"a", "", ""},
		{"a", ".user", ""},
		{"a", "..", ""},
		{"a", "b/c", ""},
		{"a", "b\x00", ""},
		{"a\nb", "c", ""},
		{".hidden", "c", ""},
	} {
		got, err := uploadPath(tc.dir, tc.name)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("uploadPath(%q, %q) = %q, %v; want %q", tc.dir, tc.name, got, err, tc.want)
		}
	}
}

func FuzzUploadPath(f *testing.F) {
	f.Add("a/b", "c")
	f.Add("../a", "c")
	f.Add("a/../..", "x")
	f.Add("a//b", "x")
	f.Add("a", "/")
	f.Add("tasks/1/1", "..")
	f.Add("\x00", "\n")
	f.Fuzz(func(t *testing.T, dir, name string) {
		got, err := uploadPath(dir, name)
		if err != nil {
			return
		}
		if !filepath.IsLocal(got) || got != filepath.Clean(got) || !strings.Contains(got, "/") ||
			strings.HasPrefix(got, ".") || strings.Contains(got, "/.") || strings.ContainsAny(got, "\x00\n\\") {
			t.Errorf("uploadPath(%q, %q) = %q leaves the upload area", dir, name, got)
		}
	})
}
