package pom

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Parallel()
	full := Project{"org.example", "art", "1.0"}
	for _, c := range []struct {
		name, text string
		want       Project
		bad        bool
	}{
		{"own", `<project><groupId>org.example</groupId><artifactId>art</artifactId><version>1.0</version></project>`, full, false},
		{"namespace, spaces and comments", "<?xml version='1.0'?><!-- x --><p:project xmlns:p='u'><p:groupId> org.<!-- y -->example\n</p:groupId><p:artifactId>art</p:artifactId><p:version>1.0</p:version></p:project>", full, false},
		{"parent's", `<project><parent><groupId>org.example</groupId><artifactId>up</artifactId><version>1.0</version></parent><artifactId>art</artifactId></project>`, full, false},
		{"own before parent's", `<project><parent><groupId>p</groupId><version>9</version></parent><groupId>org.example</groupId><artifactId>art</artifactId><version>1.0</version></project>`, full, false},
		{"dependencies are others", `<project><dependencies><dependency><groupId>d</groupId><artifactId>d</artifactId></dependency></dependencies><groupId>org.example</groupId><artifactId>art</artifactId><version>1.0</version></project>`, full, false},
		{"latin1", "<?xml version='1.0' encoding='ISO-8859-1'?><project><groupId>org.ex\xe4mple</groupId><artifactId>art</artifactId><version>1.0</version></project>", Project{"org.exämple", "art", "1.0"}, false},
		{"no artifact", `<project><groupId>g</groupId><version>1</version></project>`, Project{}, true},
		{"no version", `<project><groupId>g</groupId><artifactId>a</artifactId></project>`, Project{}, true},
		{"other root", `<html><groupId>g</groupId></html>`, Project{}, true},
		{"cut", `<project><groupId>g</groupId>`, Project{}, true},
		{"no XML", `{}`, Project{}, true},
		{"empty", ``, Project{}, true},
		{"entities", `<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><project><groupId>&b;</groupId><artifactId>a</artifactId><version>1</version></project>`, Project{}, true},
		{"encoding", `<?xml version="1.0" encoding="ebcdic"?><project/>`, Project{}, true},
		{"deep", strings.Repeat("<project>", 1000), Project{}, true},
		{"long", "<project><!--" + strings.Repeat("x", maxSize) + "--></project>", Project{}, true},
	} {
		got, err := Read(strings.NewReader(c.text))
		if (err != nil) != c.bad || !c.bad && got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version></project>")
	f.Add("<?xml version='1.0' encoding='latin1'?><project>\xff</project>")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Read(strings.NewReader(text))
		if err == nil && (p.GroupID == "" || p.ArtifactID == "" || p.Version == "") {
			t.Errorf("%q gives %+v and no error", text, p)
		}
	})
}
