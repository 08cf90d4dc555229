package kojid

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func words(list ...string) []string { return list }

func TestArchList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tag, extra []string
		rules      archRules
		override   []string
		want       []string
	}{
		"the tag's":                {tag: words("x86_64", "i686"), want: words("x86_64", "i686")},
		"extra of the same family": {tag: words("i686"), extra: words("i386"), want: words("i686", "i386")},
		"extra the tag lacks":      {tag: words("x86_64"), extra: words("s390x"), want: words("x86_64")},
		"noarch package":           {tag: words("x86_64", "i686"), rules: archRules{build: words("noarch")}, want: words("noarch")},
		"exclusive":                {tag: words("x86_64", "i686"), rules: archRules{exclusive: words("x86_64", "s390x")}, want: words("x86_64")},
		"exclude":                  {tag: words("x86_64", "i686"), rules: archRules{exclude: words("i686")}, want: words("x86_64")},
		"noarch among exclusive":   {tag: words("x86_64"), rules: archRules{exclusive: words("x86_64", "noarch")}, want: words("x86_64", "noarch")},
		"noarch excluded":          {tag: words("x86_64"), rules: archRules{exclusive: words("x86_64", "noarch"), exclude: words("noarch")}, want: words("x86_64")},
		"override":                 {tag: words("x86_64", "i686"), rules: archRules{build: words("noarch")}, override: words("i686", "ppc64le"), want: words("i686")},
		"nothing left":             {tag: words("x86_64"), rules: archRules{exclusive: words("s390x")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := archList(c.tag, c.extra, c.rules, c.override)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if c.want == nil && !errors.Is(err, koji.ErrBuild) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTaskArch(t *testing.T) {
	t.Parallel()
	first := func(int) int { return 0 }
	tag := words("i686", "x86_64", "s390x")
	for name, c := range map[string]struct {
		arch            string
		literal, noarch []string
		rules           archRules
		want            string
	}{
		"canonical":            {arch: "i686", want: "i386"},
		"literal":              {arch: "i686", literal: words("i6*"), want: "i686"},
		"noarch":               {arch: "noarch", want: "noarch"},
		"exclusive with all":   {arch: "noarch", rules: archRules{exclusive: words("i386", "x86_64", "s390x", "noarch")}, want: "noarch"},
		"exclusive":            {arch: "noarch", rules: archRules{exclusive: words("s390x", "noarch")}, want: "s390x"},
		"exclude":              {arch: "noarch", rules: archRules{exclude: words("i386")}, want: "x86_64"},
		"the tag's extra":      {arch: "noarch", noarch: words("s390x"), want: "s390x"},
		"all excluded":         {arch: "noarch", noarch: words("s390x"), rules: archRules{exclude: words("s390x")}},
		"exclusive but noarch": {arch: "noarch", rules: archRules{exclusive: words("noarch")}, want: "noarch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := taskArch(c.arch, c.literal, tag, c.noarch, c.rules, first)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestBuildrootArch(t *testing.T) {
	t.Parallel()
	last := func(n int) int { return n - 1 }
	for name, c := range map[string]struct {
		arch, task string
		host       []string
		want       string
	}{
		"as asked":          {arch: "i686", task: "i386", host: words("x86_64", "i386"), want: "i686"},
		"not on this host":  {arch: "s390x", task: "s390x", host: words("x86_64")},
		"noarch, task arch": {arch: "noarch", task: "i386", host: words("x86_64", "i386"), want: "i386"},
		"noarch, any":       {arch: "noarch", task: "noarch", host: words("i386", "x86_64"), want: "i386"},
		"nothing in common": {arch: "noarch", task: "noarch", host: words("riscv64")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := buildrootArch(c.arch, c.task, c.host, words("x86_64", "i686", "s390x"), last)
			var refused *refusal
			if got != c.want || (c.want == "") != errors.As(err, &refused) {
				t.Errorf("got %q, %v", got, err)
			}
			if refused != nil && refused.soft {
				t.Error("the refusal is soft: it would be asked again")
			}
		})
	}
}

func TestNoarchArches(t *testing.T) {
	t.Parallel()
	for _, v := range []any{"x86_64 s390x", []any{"x86_64", "s390x"}} {
		if d := cmp.Diff(words("x86_64", "s390x"), noarchArches(map[string]any{"noarch_arches": v})); d != "" {
			t.Error(d)
		}
	}
}
