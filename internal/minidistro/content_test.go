package minidistro

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	drop := newDropper()
	for name, want := range map[string]bool{
		"/bin": true, "/lib64": true, "/var/run": true,
		"/bin/bash": false, "/usr/bin/gcc": false, "/usr/bin/x86_64-linux-gnu-gcc-12": false,
		"/usr/bin/x86_64-linux-gnu-gp-display-html": true, "/usr/bin/gprofng": true, "/usr/bin/aarch64-linux-gnu-lto-dump-14": true,
		"/usr/lib/gcc/aarch64-linux-gnu/14/cc1": false, "/usr/lib/gcc/aarch64-linux-gnu/14/lto1": true,
		"/usr/share/doc/bash/copyright": true, "/usr/share/misc/magic.mgc": false, "/usr/share/perl5/debconf.pm": true,
		"/lib/systemd/system/x.service": true, "/lib/s390x-linux-gnu/libc.so.6": false, "/usr/lib/s390x-linux-gnu/gconv/A.so": true,
		"/usr/lib/x86_64-linux-gnu/libc.a": true, "/usr/lib/x86_64-linux-gnu/libc_nonshared.a": false,
	} {
		if got := drop.match(name, merged(name)); got != want {
			t.Errorf("%s: left out %v, want %v", name, got, want)
		}
	}
}

func TestMerged(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"/bin/sh": "/usr/bin/sh", "/lib64/ld.so": "/usr/lib64/ld.so", "/libexec/x": "/libexec/x", "/usr/bin/sh": "/usr/bin/sh", "/etc/passwd": "/etc/passwd",
	} {
		if got := merged(name); got != want {
			t.Errorf("merged(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	// libx.so.1 is `gcc -shared -nostdlib -Wl,-soname,libx.so.1 -Wl,--version-script` of one function with version X_1.2.
	library, err := os.ReadFile(filepath.Join("testdata", "libx.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		body []byte
		want map[string]string
	}{
		{"/usr/lib/libx.so.1.0", library, map[string]string{"libx.so.1()(64bit)": "", "libx.so.1(X_1.2)(64bit)": ""}},
		{"/usr/bin/x", library, nil},
		{"/usr/lib/libx.so", []byte("INPUT(-lx)"), nil},
		{"/usr/lib/libx.so", library[:200], nil},
		{"/usr/lib/pkgconfig/zlib.pc", []byte("prefix=/usr\nVersion: 1.2.13\n"), map[string]string{"pkgconfig(zlib)": "1.2.13"}},
		{"/usr/lib/pkgconfig/odd.pc", []byte("Version: ${v}\n"), map[string]string{"pkgconfig(odd)": ""}},
	} {
		if diff := cmp.Diff(c.want, scan(c.name, c.body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func FuzzScan(f *testing.F) {
	if library, err := os.ReadFile(filepath.Join("testdata", "libx.so.1")); err == nil {
		f.Add(library)
	}
	f.Fuzz(func(_ *testing.T, body []byte) {
		scan("/usr/lib/libx.so.1", body)
		scan("/usr/lib/x.pc", body)
	})
}

func TestAdapt(t *testing.T) {
	t.Parallel()
	got := string(adapt("/usr/lib/rpm/macros", []byte("%a b\n%_dbpath\t\t%(bash -c 'echo ~/.rpmdb')\n%_dbpath_rebuild\t%{_dbpath}\n")))
	if want := "%a b\n%_dbpath\t\t/var/lib/rpm\n%_dbpath_rebuild\t%{_dbpath}\n"; got != want {
		t.Errorf("macros are %q, want %q", got, want)
	}
}
