package rpmfile_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/internal/rpmfile"
)

// rpms lists the packages of testdata: built and signed by rpm 4.18. Beside each
// stands what rpm itself says of it: NAME.query.golden from `rpm -qp --qf` and
// NAME.fields.golden with every tag by name from rpm's Python binding.
func rpms(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.rpm")
	if err != nil || len(paths) != 4 {
		t.Fatalf("testdata has rpms %q (%v), want 4 of them", paths, err)
	}
	return paths
}

func open(t testing.TB, path string) *rpmfile.File {
	t.Helper()
	f, err := rpmfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func golden(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpenReadsWhatRPMReads(t *testing.T) {
	t.Parallel()
	for _, path := range rpms(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			want := string(golden(t, strings.TrimSuffix(path, ".rpm")+".query.golden"))
			if diff := cmp.Diff(want, query(t, open(t, path))); diff != "" {
				t.Errorf("differs from rpm (-rpm +ours):\n%s", diff)
			}
		})
	}
}

// query writes a header in the layout of the query golden files.
func query(t *testing.T, f *rpmfile.File) string {
	t.Helper()
	var b strings.Builder
	none := func(s string) string {
		if s == "" {
			return "(none)"
		}
		return s
	}
	line := func(name, value string) { fmt.Fprintf(&b, "%s=%s\n", name, value) }
	epoch, source := "(none)", "(none)"
	if f.Epoch != nil {
		epoch = fmt.Sprint(*f.Epoch)
	}
	headerArch, err := f.Field("arch")
	if err != nil {
		t.Fatal(err)
	}
	if f.Source {
		source = "1"
	}
	line("name", f.Name)
	line("version", f.Version)
	line("release", f.Release)
	line("epoch", epoch)
	line("headerarch", headerArch.(string))
	line("sourcepackage", source)
	line("sigmd5", none(f.SigMD5))
	line("buildtime", fmt.Sprint(f.BuildTime))
	line("buildhost", f.BuildHost)
	line("license", f.License)
	line("summary", f.Summary)
	line("description", "'"+f.Description+"'")
	line("group", none(f.Group))
	line("url", none(f.URL))
	line("packager", none(f.Packager))
	line("vendor", none(f.Vendor))
	line("distribution", none(f.Distribution))
	line("sourcerpm", none(f.SourceRPM))
	for _, list := range []struct {
		name   string
		values []string
	}{{"exclusivearch", f.ExclusiveArch}, {"excludearch", f.ExcludeArch}, {"buildarch", f.BuildArchs}} {
		for _, v := range list.values {
			line(list.name, v)
		}
	}
	for _, kind := range []struct {
		name string
		kind rpmfile.DepType
	}{
		{"require", rpmfile.Require},
		{"provide", rpmfile.Provide},
		{"conflict", rpmfile.Conflict},
		{"obsolete", rpmfile.Obsolete},
		{"suggest", rpmfile.Suggest},
		{"enhance", rpmfile.Enhance},
		{"supplement", rpmfile.Supplement},
		{"recommend", rpmfile.Recommend},
	} {
		for _, d := range f.DepsOf(kind.kind) {
			line(kind.name, fmt.Sprintf("%s|%d|%s", d.Name, d.Flags, d.Version))
		}
	}
	for _, e := range f.Files {
		line("file", fmt.Sprintf("%s|%s|%d|%d|%s|%s|%d|%d|%s", e.Name, e.Digest, e.Size, e.Flags, e.User, e.Group, e.MTime, e.Mode, e.LinkTo))
	}
	for _, c := range f.Changelog {
		line("change", fmt.Sprintf("%d|%s|'%s'", c.Date, c.Author, c.Text))
	}
	key := "(none)"
	if f.Signature.Key != "" {
		key = "RSA/SHA512, Sun Nov 22 06:59:06 2026, Key ID 0cef1e45" + f.Signature.Key
	}
	line("rsaheader", key)
	return b.String()
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, nvr, nvra, name string }{
		{"confnoarch-1.0-2.src.rpm", "confnoarch-1.0-2", "confnoarch-1.0-2.src", "confnoarch-1.0-2.src.rpm"},
		{"confnoarch-1.0-2.noarch.signed.rpm", "confnoarch-1.0-2", "confnoarch-1.0-2.noarch", "confnoarch-1.0-2.noarch.rpm"},
		{"confmulti-2.5-2.dist.x86_64.rpm", "confmulti-2.5-2.dist", "confmulti-2.5-2.dist.x86_64", "confmulti-2.5-2.dist.x86_64.rpm"},
	} {
		f := open(t, "testdata/"+c.file)
		if diff := cmp.Diff([]string{c.nvr, c.nvra, c.name}, []string{f.NVR(), f.NVRA(), f.FileName()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.file, diff)
		}
	}
}

func TestFieldGivesEveryTagAsRPMDoes(t *testing.T) {
	t.Parallel()
	for _, path := range rpms(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			var want map[string]any
			if err := json.Unmarshal(golden(t, strings.TrimSuffix(path, ".rpm")+".fields.golden"), &want); err != nil {
				t.Fatal(err)
			}
			f, got := open(t, path), map[string]any{}
			for name := range want {
				value, err := f.Field(strings.ToLower(name))
				if errors.Is(err, rpmfile.ErrNoSuchField) && notOffered()[name] {
					delete(want, name)
					continue
				}
				if err != nil {
					t.Error(err)
				}
				got[name] = plain(value)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("differs from rpm (-rpm +ours):\n%s", diff)
			}
		})
	}
}

// notOffered are tags that say nothing of a package that is not installed.
func notOffered() map[string]bool {
	return map[string]bool{
		"DBINSTANCE": true, "HEADERCOLOR": true, "HEADERIMAGE": true, "HEADERIMMUTABLE": true, "HEADERREGIONS": true, "HEADERI18NTABLE": true,
		"HEADERSIGNATURES": true, "INSTALLCOLOR": true, "INSTALLTID": true, "INSTALLTIME": true, "PUBKEYS": true, "REMOVETID": true, "VERBOSE": true,
	}
}

// plain turns a value into what JSON makes of it.
func plain(value any) any {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case []byte:
		return map[string]any{"hex": hex.EncodeToString(v)}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	}
	return value
}

func TestFieldNames(t *testing.T) {
	t.Parallel()
	f := open(t, "testdata/confnoarch-1.0-2.src.rpm")
	if got, err := f.Field("Name"); got != "confnoarch" || err != nil {
		t.Errorf("Field(Name) = %v, %v", got, err)
	}
	if _, err := f.Field("nosuchheader"); !errors.Is(err, rpmfile.ErrNoSuchField) {
		t.Errorf("Field(nosuchheader): %v, want ErrNoSuchField", err)
	}
}

func TestVerifyPayload(t *testing.T) {
	t.Parallel()
	for _, path := range rpms(t) {
		if err := open(t, path).VerifyPayload(); err != nil {
			t.Error(err)
		}
	}
	data := golden(t, rpms(t)[0])
	data[len(data)-5] ^= 1
	path := filepath.Join(t.TempDir(), "bent.rpm")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).VerifyPayload(); !errors.Is(err, rpmfile.ErrNotRPM) {
		t.Errorf("changed payload: %v", err)
	}
}

func TestTruncatedFilesAreRefused(t *testing.T) {
	t.Parallel()
	data, dir := golden(t, "testdata/confnoarch-1.0-2.src.rpm"), t.TempDir()
	for n := 0; n < len(data); n += 97 {
		path := filepath.Join(dir, fmt.Sprintf("cut-%d.rpm", n))
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := rpmfile.Open(path)
		if !errors.Is(err, rpmfile.ErrNotRPM) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d bytes: error %v, want ErrNotRPM and the file's name", n, err)
		}
	}
}

func TestOpenOfWhatIsNoFile(t *testing.T) {
	t.Parallel()
	if _, err := rpmfile.Open(t.TempDir()); !errors.Is(err, rpmfile.ErrNotRPM) {
		t.Errorf("directory: %v", err)
	}
	if _, err := rpmfile.Open("testdata/none.rpm"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, path := range rpms(f) {
		f.Add(golden(f, path))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := rpmfile.Read(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, rpmfile.ErrNotRPM) {
				t.Errorf("error %v does not wrap ErrNotRPM", err)
			}
			return
		}
		if strings.ContainsAny(h.FileName(), "/\x00\n") || strings.HasPrefix(h.FileName(), ".") {
			t.Errorf("file name %q", h.FileName())
		}
		h.ContentDigest()
		for _, name := range []string{"name", "nevra", "fileclass", "requirenevrs", "longsize", "sigmd5", "postin", "filecolors", "rsaheader", "archivesize"} {
			if _, err := h.Field(name); err != nil && !errors.Is(err, rpmfile.ErrNotRPM) {
				t.Errorf("Field(%s): %v", name, err)
			}
		}
	})
}
