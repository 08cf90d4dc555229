package hubd

import (
	"path/filepath"
	"strings"
	"testing"
)

func namer(tb testing.TB) *call {
	cfg, err := LoadConfig("")
	if err != nil {
		tb.Fatal(err)
	}
	return &call{hub: &Hub{cfg: cfg}}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	c := namer(t)
	for _, kind := range []string{"tag", "package", "user", "host", "build target"} {
		for _, name := range []string{"f40", "a.b_c-1", "A"} {
			if err := c.checkName(kind, name); err != nil {
				t.Errorf("%s %q: %v", kind, name, err)
			}
		}
		for _, name := range []string{
			"", "..", ".", "a/..", "../a", "/a", "a/", "a//b", "a\x00b", "a\nb", "a b", "ü", "a\\b", strings.Repeat("x", 257),
		} {
			if c.checkName(kind, name) == nil {
				t.Errorf("%s %q passes", kind, name)
			}
		}
	}
	for kind, name := range map[string]string{"user": "host/builder.example.com@EXAMPLE.COM", "tag": "sub/dir", "package": "c++"} {
		if err := c.checkName(kind, name); err != nil {
			t.Errorf("%s %q: %v", kind, name, err)
		}
	}
	for kind, name := range map[string]string{"package": "a/b", "tag": "-a", "volume": ".a", "user": "a+b"} {
		if c.checkName(kind, name) == nil {
			t.Errorf("%s %q passes", kind, name)
		}
	}
}

// A name that passes stays inside the folder it is joined to.
func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"a", "../a", "a/../../b", "/etc", "a\x00", "...", "a/.../b"} {
		f.Add(s)
	}
	c := namer(f)
	f.Fuzz(func(t *testing.T, name string) {
		for _, kind := range []string{"tag", "package", "user"} {
			if c.checkName(kind, name) != nil {
				continue
			}
			if path := filepath.Join("/top", name); path != "/top/"+name {
				t.Fatalf("%s %q leads to %s", kind, name, path)
			}
			if kind == "package" && strings.Contains(name, "/") {
				t.Fatalf("package %q is more than one folder", name)
			}
		}
	})
}
