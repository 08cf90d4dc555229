package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/internal/rpmfile"
)

// TestFetchAll downloads a dozen files at a time, of which some were here in
// part, or wrongly.
func TestFetchAll(t *testing.T) {
	t.Parallel()
	h := newFakeHub(t, nil)
	dir := t.TempDir()
	var files []remoteFile
	want := map[string]string{}
	for _, name := range strings.Fields("a b c d e f g h i j k l") {
		text := strings.Repeat(name, 5000)
		h.files["x/"+name] = text
		want[name] = text
		sum := sha256.Sum256([]byte(text))
		files = append(files, remoteFile{
			path: h.URL + "/kojifiles/x/" + name, local: filepath.Join(dir, name),
			check: archiveCheck(archive{Checksum: hex.EncodeToString(sum[:]), ChecksumType: koji.ChecksumSHA256}),
		})
	}
	for name, text := range map[string]string{"a": "aaa", "b": "not what it was", "c": want["c"], "d": strings.Repeat("x", 5000)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files[4].otherwise, files[4].path = files[4].path, h.URL+"/kojifiles/none"
	var out strings.Builder
	env := testEnv(t, &out)
	if err := fetchAll(t.Context(), env, env.session, files, true); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name := range want {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		got[name] = string(data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"Downloading [1/12]: a\n", "Downloading [12/12]: l\n", "Appending to existing file " + filepath.Join(dir, "a") + "\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q isn't in\n%s", line, out.String())
		}
	}
}

func TestFetchChecks(t *testing.T) {
	t.Parallel()
	sample, err := rpmfile.Open(anyRPM(t))
	if err != nil {
		t.Fatal(err)
	}
	known := rpmCheck(koji.RPM{PayloadHash: sample.SigMD5})
	rpm, err := os.ReadFile(sample.Path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), rpm...)
	damaged[len(damaged)-1] ^= 1
	cases := []struct {
		name, data string // the name ends as the file's
		check      func(string) error
		want       string // of the error, "" if there is none
	}{
		{"an rpm", string(rpm), known, ""},
		{"a damaged rpm", string(damaged), known, "is damaged"},
		{"another rpm", string(rpm), rpmCheck(koji.RPM{PayloadHash: "00112233445566778899aabbccddeeff"}), "is not the rpm that the hub has"},
		{"no rpm", "<html>", known, ""},
		{"of a task.rpm", string(rpm), outputCheck(int64(len(rpm))), ""},
		{"of a task, damaged.rpm", string(damaged), outputCheck(int64(len(rpm))), "is damaged"},
		{"of a task, short.rpm", string(rpm[:len(rpm)-1]), outputCheck(int64(len(rpm))), "of its"},
		{"of a task.log", "abc", outputCheck(3), ""},
		{"of a task, long.log", "abcd", outputCheck(3), "of its 3 bytes 4 came"},
		{"an archive", "abc", archiveCheck(archive{Checksum: "900150983cd24fb0d6963f7d28e17f72"}), ""},
		{"another archive", "abd", archiveCheck(archive{Checksum: "900150983cd24fb0d6963f7d28e17f72"}), "its md5 is"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newFakeHub(t, nil)
			h.files["file"] = c.data
			local := filepath.Join(t.TempDir(), "file"+filepath.Ext(c.name))
			env := testEnv(t, &strings.Builder{})
			err := fetchAll(t.Context(), env, env.session, []remoteFile{{path: h.URL + "/kojifiles/file", local: local, check: c.check}}, true)
			_, statErr := os.Stat(local)
			switch {
			case c.want == "" && (err != nil || statErr != nil):
				t.Errorf("%v, %v", err, statErr)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || statErr == nil):
				t.Errorf("%v; want %q and no file (%v)", err, c.want, statErr)
			}
		})
	}
}

// anyRPM is one of rpmfile's test data.
func anyRPM(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("../internal/rpmfile/testdata/*.rpm")
	if err != nil || len(names) == 0 {
		t.Fatalf("no rpms: %v", err)
	}
	return names[0]
}
