package kojid

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestMergeArgs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, "", dir, "blocklist")
	p := mergePaths{arch: "x86_64", out: "/o", local: "/w/repo_5_premerge", comps: "/c.xml", blocklist: dir + "/blocklist"}
	repo := func(mode, url string) koji.TagExternalRepo { return koji.TagExternalRepo{MergeMode: mode, URL: url} }
	end := "-a x86_64 -o /o -g /c.xml -r file:///w/repo_5_premerge/ -r http://e/x86_64/os -r file:///f"
	for name, c := range map[string]struct {
		modes [2]string
		want  string
	}{
		"koji":    {[2]string{"koji", "koji"}, "mergerepo_c --koji --arch-expand -b BLOCK " + end},
		"simple":  {[2]string{"simple", "simple"}, "mergerepo_c --koji --simple --arch-expand -b BLOCK " + end},
		"bare":    {[2]string{"bare", "bare"}, "mergerepo_c --pkgorigins --all --arch-expand " + end},
		"mixed":   {[2]string{"koji", "bare"}, ""},
		"unknown": {[2]string{"odd", "odd"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := mergeArgs([]koji.TagExternalRepo{repo(c.modes[0], "http://e/$arch/os"), repo(c.modes[1], "file:///f")}, p)
			text := strings.ReplaceAll(strings.Join(got, " "), p.blocklist, "BLOCK")
			if text != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%v\n%s", err, cmp.Diff(c.want, text))
			}
		})
	}
}
