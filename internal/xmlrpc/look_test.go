package xmlrpc

import (
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type lookedAt struct {
	inner
	Name    string  `xmlrpc:"name"`
	Size    *int64  `xmlrpc:"size"`
	Ratio   float32 `xmlrpc:"ratio"`
	Nothing *string `xmlrpc:"nothing,omitempty"`
	List    []int   `xmlrpc:"list"`
	hidden  int
}

type inner struct {
	Kind kind `xmlrpc:"kind"`
}

type kind uint8

func TestMember(t *testing.T) {
	t.Parallel()
	size := int64(7)
	v := &lookedAt{inner: inner{3}, Name: "a", Size: &size, Ratio: 0.5, List: []int{1}, hidden: 1}
	for _, test := range []struct {
		of     any
		name   string
		want   any
		wantOK bool
	}{
		{v, "name", "a", true},
		{*v, "size", int64(7), true},
		{v, "ratio", 0.5, true},
		{v, "kind", int64(3), true},
		{v, "list", []any{int64(1)}, true},
		{v, "nothing", nil, false},
		{v, "hidden", nil, false},
		{v, "Name", nil, false},
		{lookedAt{}, "size", nil, true},
		{(*lookedAt)(nil), "name", nil, false},
		{map[string]any{"x": nil}, "x", nil, true},
		{map[string]int{"x": 4}, "x", int64(4), true},
		{map[string]any{}, "x", nil, false},
		{map[int]int{1: 2}, "1", nil, false},
		{AsList(v), "name", nil, false},
		{time.Time{}, "name", nil, false},
		{"text", "name", nil, false},
		{nil, "name", nil, false},
	} {
		got, ok := Member(test.of, test.name)
		if ok != test.wantOK || !cmp.Equal(test.want, got) {
			t.Errorf("Member(%#v, %q) = %#v, %v, want %#v, %v", test.of, test.name, got, ok, test.want, test.wantOK)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	typed := iter.Seq2[int, error](func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, broken) })
	for _, test := range []struct {
		name    string
		of      any
		want    []any
		wantErr error
		wantOK  bool
	}{
		{"list", []any{1, "a"}, []any{1, "a"}, nil, true},
		{"typed list", []string{"a"}, []any{"a"}, nil, true},
		{"pointer", &[]int{1}, []any{1}, nil, true},
		{"stream", typed, []any{1}, broken, true},
		{"as lists", AsList([]string{"a"}), []any{AsList("a")}, nil, true},
		{"bytes", []byte("ab"), nil, nil, false},
		{"struct", lookedAt{}, nil, nil, false},
		{"nil", nil, nil, nil, false},
	} {
		elements, ok := Elements(test.of)
		if ok != test.wantOK {
			t.Errorf("%s: ok is %v", test.name, ok)
		}
		var got []any
		var failed error
		if ok {
			for v, err := range elements {
				if err != nil {
					failed = err
					break
				}
				got = append(got, v)
			}
		}
		if d := cmp.Diff(test.want, got, cmp.AllowUnexported(listed{})); d != "" || !errors.Is(failed, test.wantErr) {
			t.Errorf("%s: error %v (-want +got)\n%s", test.name, failed, d)
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		of     any
		want   int
		wantOK bool
	}{
		{lookedAt{}, 5, true},
		{&inner{}, 1, true},
		{map[int]string{1: "a", 2: "b"}, 2, true},
		{[]int{1}, 0, false},
		{nil, 0, false},
	} {
		if n, ok := Members(test.of); n != test.want || ok != test.wantOK {
			t.Errorf("Members(%#v) = %d, %v", test.of, n, ok)
		}
	}
	if !IsNil((*inner)(nil)) || !IsNil(nil) || IsNil(inner{}) || IsNil([]int(nil)) {
		t.Error("IsNil is wrong")
	}
}
