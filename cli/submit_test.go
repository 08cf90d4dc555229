package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestChainGroups(t *testing.T) {
	t.Parallel()
	const url = "git+https://git.example.org/p#main"
	for name, c := range map[string]struct {
		words []string
		want  [][]string
		code  int
	}{
		"two":           {[]string{url, ":", url}, [][]string{{url}, {url}}, 0},
		"with an NVR":   {[]string{url, "a-1-1", ":", url}, [][]string{{url, "a-1-1"}, {url}}, 0},
		"empty groups":  {[]string{":", url, ":", ":", url, ":"}, [][]string{{url}, {url}}, 0},
		"one":           {[]string{url, url}, nil, exitUsage},
		"neither":       {[]string{"bad", ":", url}, nil, exitFailed},
		"a source file": {[]string{"a-1-1.src.rpm", ":", url}, nil, exitFailed},
		"a path":        {[]string{"./a-1-1", ":", url}, nil, exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := chainGroups(c.words)
			if code := newEnv(Stdio{Out: io.Discard, Err: io.Discard}).exit(err); code != c.code {
				t.Fatalf("exit code %d (%v), want %d", code, err, c.code)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMavenParams(t *testing.T) {
	t.Parallel()
	const url = "scmurl = git+https://git.example.org/p#main\n"
	for name, c := range map[string]struct {
		text  string
		chain bool
		want  map[string]map[string]any // nil for an error
	}{
		"all keys": {
			"[p]\n" + url + "goals = a b\nproperties = x=1\n  y = 2\n  z\njvm_options = -Xmx2g\nbuildrequires = q\nother = 1\n", false,
			map[string]map[string]any{"p": {
				"scmurl": "git+https://git.example.org/p#main", "goals": []string{"a", "b"}, "jvm_options": []string{"-Xmx2g"},
				"properties": map[string]any{"x": "1", "y": "2", "z": nil},
			}},
		},
		"a chain": {
			"[p]\n" + url + "buildrequires = q elsewhere\n[q]\n" + url, true,
			map[string]map[string]any{
				"p": {"scmurl": "git+https://git.example.org/p#main", "buildrequires": []string{"q", "elsewhere"}},
				"q": {"scmurl": "git+https://git.example.org/p#main"},
			},
		},
		"a wrapper": {
			"[p]\ntype = wrapper\nbuildrequires = q\n" + url, false,
			map[string]map[string]any{"p": {"type": "wrapper", "scmurl": "git+https://git.example.org/p#main", "buildrequires": []string{"q"}}},
		},
		"a circle":               {"[p]\n" + url + "buildrequires = q\n[q]\n" + url + "buildrequires = p\n", true, nil},
		"no URL":                 {"[p]\ngoals = a\n", false, nil},
		"a wrapper of nothing":   {"[p]\ntype = wrapper\n" + url, false, nil},
		"another type":           {"[p]\ntype = gradle\n" + url, false, nil},
		"nothing":                {"", false, nil},
		"a key without a header": {url, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "m.ini")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := mavenParams([]string{file}, c.chain)
			if err != nil != (c.want == nil) {
				t.Fatalf("error %v", err)
			}
			if d := cmp.Diff(c.want, got); err == nil && d != "" {
				t.Error(d)
			}
		})
	}
}

func TestJoinPairs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, words []string
		want        [][]string
		fails       bool
	}{
		"two words":    {[]string{"x", "--pair", "a", "b", "y"}, []string{"x", "y"}, [][]string{{"a", "b"}}, false},
		"like options": {[]string{"--pair", "-a", "--b"}, nil, [][]string{{"-a", "--b"}}, false},
		"with a sign":  {[]string{"--pair=a", "b", "--pair", "c", "d"}, nil, [][]string{{"a", "b"}, {"c", "d"}}, false},
		"behind --":    {[]string{"--", "--pair", "a", "b"}, []string{"--pair", "a", "b"}, nil, false},
		"one word":     {[]string{"--pair", "a"}, nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o pairsOption
			var words []string
			cmd := takesPairs(&cobra.Command{RunE: func(_ *cobra.Command, args []string) error {
				words = args
				return nil
			}}, "pair")
			cmd.Flags().Var(&o, "pair", "")
			err := quietEnv(t).run(t.Context(), cmd, c.args)
			if err != nil != c.fails {
				t.Fatalf("error %v", err)
			}
			if d := cmp.Diff(c.want, o.pairs); d != "" {
				t.Error(d)
			}
			if len(words)+len(c.words) > 0 {
				if d := cmp.Diff(c.words, words); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestLimitOption(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"2": 2 * time.Minute, "1.5": 90 * time.Second, "90s": 90 * time.Second, "2h": 2 * time.Hour, "0": 0, "-1": 0, "NaN": 0, "soon": 0, "": 0,
	} {
		var o limitOption
		if err := o.Set(text); err != nil != (want == 0) || err == nil && o.Duration != want {
			t.Errorf("%q gives %v, %v; want %v", text, o.Duration, err, want)
		}
	}
}
