package kojid

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/kojid/buildroot"
)

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRecord(t *testing.T) {
	t.Parallel()
	origins, err := parseOrigins(bytes.NewReader(packed(t, "a-1-1.x86_64\thttp://e/\nb-0:1-1.noarch\tfile:///w/repo_7_premerge/\nc-2:1-1.x86_64\thttp://e\nd-1-1.x86_64\thttp://who/\n")))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{origins: origins, external: map[string]koji.TagExternalRepo{"http://e": {ExternalRepoID: 3, ExternalRepoName: "ext", URL: "http://e/"}}, local: localTail(7)}
	zero, two := int64(0), int64(2)
	list, err := r.record([]buildroot.Package{
		{Name: "a", Version: "1", Release: "1", Arch: "x86_64", Epoch: &zero, SigMD5: "ff", Size: 9, BuildTime: 8},
		{Name: "b", Version: "1", Release: "1", Arch: "noarch"},
		{Name: "c", Version: "1", Release: "1", Arch: "x86_64", Epoch: &two},
	})
	if err != nil {
		t.Fatal(err)
	}
	ext := map[string]any{"id": int64(3), "name": "ext", "external_repo_id": int64(3), "external_repo_name": "ext", "url": "http://e/"}
	want := []koji.BuildrootRPM{
		{Name: "a", Version: "1", Release: "1", Arch: "x86_64", Epoch: &zero, PayloadHash: "ff", Size: 9, BuildTime: 8, ExternalRepo: ext},
		{Name: "b", Version: "1", Release: "1", Arch: "noarch"},
		{Name: "c", Version: "1", Release: "1", Arch: "x86_64", Epoch: &two, ExternalRepo: ext},
	}
	if d := cmp.Diff(want, list); d != "" {
		t.Error(d)
	}
	for _, name := range []string{"d", "e"} {
		_, err := r.record([]buildroot.Package{{Name: name, Version: "1", Release: "1", Arch: "x86_64"}})
		if !koji.HasCode(err, koji.CodeBuildroot) || !strings.Contains(err.Error(), errUnknownOrigin.Error()) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	// Without external repos everything is the hub's own.
	if list, err := (&recorder{}).record([]buildroot.Package{{Name: "x"}}); err != nil || list[0].ExternalRepo != nil {
		t.Errorf("%v %v", list, err)
	}
}

func TestOriginsFile(t *testing.T) {
	t.Parallel()
	href, err := originsFile([]byte(`<repomd xmlns="x"><data type="primary"><location href="a"/></data><data type="origin"><location href="repodata/o.gz"/></data></repomd>`))
	if err != nil || href != "repodata/o.gz" {
		t.Errorf("%q %v", href, err)
	}
	if _, err := originsFile([]byte("<repomd")); err == nil {
		t.Error("broken XML was accepted")
	}
}

func FuzzParseOrigins(f *testing.F) {
	f.Add("a-1-1.x86_64\thttp://e/\n")
	f.Add("no tab")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseOrigins(bytes.NewReader(packed(t, text)))
		if err != nil {
			return
		}
		for key := range got {
			if strings.ContainsAny(key, "\t\n") {
				t.Errorf("key %q", key)
			}
		}
		if _, err := parseOrigins(strings.NewReader(text)); err == nil && !errors.Is(err, gzip.ErrHeader) && text != "" && text[0] != 0x1f {
			t.Error("unpacked text was accepted")
		}
	})
}
