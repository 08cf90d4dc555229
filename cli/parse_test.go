package cli

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"list-tags", "list-tags", 0}, {"lst-tags", "list-tags", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%s, %s: %d", tt.a, tt.b, got)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("%s, %s: %d", tt.b, tt.a, got)
		}
	}
}

func TestCommandsAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, cmd := range newEnv(Stdio{}).commands() {
		for _, name := range append([]string{cmd.Name()}, cmd.Aliases...) {
			if seen[name] {
				t.Errorf("%s: two commands have that name", name)
			}
			seen[name] = true
		}
		if !slices.Contains(categories(), cmd.GroupID) {
			t.Errorf("%s: no such category: %q", cmd.Name(), cmd.GroupID)
		}
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s has no description or no example", cmd.Name())
		}
	}
}

func TestExtras(t *testing.T) {
	t.Parallel()
	got, err := extras([]string{"a=1", "b=true", "c=text", "d=[1, null]", "e=x=y", "f="})
	want := map[string]any{"a": int64(1), "b": true, "c": "text", "d": []any{int64(1), nil}, "e": "x=y", "f": ""}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range [][]string{{"a"}, {"a=1", "a=2"}} {
		if _, err := extras(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestUploadDir(t *testing.T) {
	t.Parallel()
	a, b := uploadDir("cli-build"), uploadDir("cli-build")
	if a == b || !regexp.MustCompile(`^cli-build/\d+\.\d{6}\.[A-Za-z]{8}$`).MatchString(a) {
		t.Errorf("%s, %s", a, b)
	}
}

func TestFamilyOrder(t *testing.T) {
	t.Parallel()
	parent := func(id int64) *int64 { return &id }
	tasks := []koji.Task{{ID: 5}, {ID: 9, Parent: parent(5)}, {ID: 2}, {ID: 7, Parent: parent(5)}, {ID: 8, Parent: parent(7)}, {ID: 4, Parent: parent(3)}}
	rows, depth := familyOrder(tasks)
	type row struct {
		ID    int64
		Depth int
	}
	var got []row
	for _, r := range rows {
		got = append(got, row{r.ID, depth[r.ID]})
	}
	want := []row{{5, 0}, {7, 1}, {8, 2}, {9, 1}, {2, 0}, {4, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecisive(t *testing.T) {
	t.Parallel()
	logs := []taskLog{{name: "build.log"}, {name: "hw_info.log"}, {name: "root.log"}, {name: "state.log"}}
	for why, want := range map[string]string{
		"error building package (arch x86_64), mock exited with status 1; see root.log for more information": "root.log",
		"mock exited with status 1; see build.log":                                                           "build.log",
		"something":     "build.log",
		"see state.log": "state.log",
	} {
		if got := decisive(logs, why); got[0].name != want {
			t.Errorf("%s: %v", why, got)
		}
	}
}

func TestUntagChoice(t *testing.T) {
	t.Parallel()
	tagged := []koji.TaggedBuild{{NVR: "a-3-1", Name: "a"}, {NVR: "a-2-1", Name: "a"}, {NVR: "b-1-1", Name: "b"}, {NVR: "a-1-1", Name: "a"}}
	for _, tt := range []struct {
		name  string
		o     untagBuildOptions
		names []string
		want  []string
	}{
		{"named", untagBuildOptions{}, []string{"a-2-1"}, []string{"a-2-1"}},
		{"not there", untagBuildOptions{}, []string{"c-1-1"}, nil},
		{"not there, forced", untagBuildOptions{force: true}, []string{"c-1-1"}, []string{"c-1-1"}},
		{"all of a", untagBuildOptions{all: true}, []string{"a"}, []string{"a-3-1", "a-2-1", "a-1-1"}},
		{"older of a", untagBuildOptions{nonLatest: true}, []string{"a"}, []string{"a-2-1", "a-1-1"}},
		{"older of all", untagBuildOptions{nonLatest: true}, nil, []string{"a-2-1", "a-1-1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.o.choose("t", tagged, tt.names)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (tt.want == nil) {
				t.Error(err)
			}
		})
	}
}
