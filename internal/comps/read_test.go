package comps_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/comps"
)

const distribution = `<?xml version="1.0"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>core</id>
    <name xml:lang="de">Kern</name>
    <name>Core</name>
    <description>The least</description>
    <default>true</default>
    <uservisible>false</uservisible>
    <langonly>de</langonly>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq>
      <packagereq type="conditional" requires="x" basearchonly="true"> x-lib </packagereq>
      <packagereq>glibc</packagereq>
    </packagelist>
    <grouplist><groupreq>base</groupreq><groupreq type="optional">more</groupreq></grouplist>
  </group>
  <environment><id>server</id></environment>
  <group><id>base</id></group>
</comps>`

func TestRead(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	text := func(s string) *string { return &s }
	want := []koji.Group{{
		Name: "core", DisplayName: "Core", Description: text("The least"), IsDefault: &yes, UserVisible: &no, LangOnly: text("de"),
		Packages: []koji.GroupPackage{
			{Package: "bash", Type: "mandatory"},
			{Package: "x-lib", Type: "conditional", Requires: text("x"), BaseArchOnly: &yes},
			{Package: "glibc", Type: "mandatory"},
		},
		Groups: []koji.GroupReq{{Name: "base"}, {Name: "more", Type: text("optional")}},
	}, {Name: "base", DisplayName: "base"}}
	got, err := comps.Read(strings.NewReader(distribution))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"nothing":                "",
		"other document":         "<html/>",
		"cut off":                "<comps><group><id>a</id>",
		"group without id":       "<comps><group><name>a</name></group></comps>",
		"package without a name": "<comps><group><id>a</id><packagelist><packagereq/></packagelist></group></comps>",
		"group without a name":   "<comps><group><id>a</id><grouplist><groupreq/></grouplist></group></comps>",
	} {
		if groups, err := comps.Read(strings.NewReader(doc)); err == nil {
			t.Errorf("%s: read as %v", name, groups)
		}
	}
}

// What was read and written is read the same again.
func FuzzRead(f *testing.F) {
	f.Add(distribution)
	f.Add("<comps><group><id>&lt;</id></group></comps>")
	f.Fuzz(func(t *testing.T, doc string) {
		groups, err := comps.Read(strings.NewReader(doc))
		if err != nil {
			return
		}
		again, err := comps.Read(strings.NewReader(string(comps.XML(groups, false))))
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		if len(again) != len(groups) {
			t.Fatalf("%d groups, then %d", len(groups), len(again))
		}
	})
}
