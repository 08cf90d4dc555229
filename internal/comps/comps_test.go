package comps

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func groups() []koji.Group {
	yes := true
	return []koji.Group{
		{
			GroupID: 1, Name: "build", DisplayName: "Build <tools>",
			Packages: []koji.GroupPackage{{Package: "make", Type: "mandatory"}, {Package: "gcc", Type: "default", BaseArchOnly: &yes}, {Package: "old", Blocked: true}},
			Groups:   []koji.GroupReq{{ReqID: 2, Name: "core"}, {ReqID: 3, Name: "gone"}, {ReqID: 4, Name: "blocked"}},
		},
		{GroupID: 2, Name: "core", DisplayName: "core", Packages: []koji.GroupPackage{{Package: "bash", Type: "mandatory"}}, Groups: []koji.GroupReq{{ReqID: 1, Name: "build"}}},
		{GroupID: 4, Name: "blocked", DisplayName: "blocked", Blocked: true, Packages: []koji.GroupPackage{{Package: "never", Type: "mandatory"}}},
	}
}

func TestXML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		expand bool
		want   []string
	}{
		{"expanded", true, []string{
			`<packagereq type="mandatory">bash</packagereq>`, `<packagereq type="default" basearchonly="true">gcc</packagereq>`, `<packagereq type="mandatory">make</packagereq>`,
		}},
		{"as they are", false, []string{
			"<groupreq>core</groupreq>", `<packagereq type="default" basearchonly="true">gcc</packagereq>`, `<packagereq type="mandatory">make</packagereq>`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := string(XML(groups(), c.expand))
			first, _, _ := strings.Cut(text, "</group>")
			var got []string
			for line := range strings.Lines(first) {
				if strings.Contains(line, "req") {
					got = append(got, strings.TrimSpace(line))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the first group (-want +got):\n%s", diff)
			}
			if !strings.Contains(text, "<name>Build &lt;tools&gt;</name>") || strings.Contains(text, "never") || strings.Contains(text, "gone") {
				t.Errorf("names are not escaped, or what is blocked is there:\n%s", text)
			}
		})
	}
}

func TestSpec(t *testing.T) {
	t.Parallel()
	hostile := groups()
	hostile[1].Packages[0].Package = "bash\n%post\nrm -rf /"
	got := Spec(hostile, "buildgroups", "build")
	for _, line := range []string{"Name: buildgroups\n", "Requires: bash %post rm -rf /\n", "Requires: gcc\nRequires: make\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
}
