package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestKeptFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "0.json")
	first, err := openKept(path)
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	if err := first.write(&keptRecord{Server: "s", ID: 7, Key: "k", NextCall: 3}); err != nil {
		t.Fatal(err)
	}
	if second, err := openKept(path); second != nil || err != nil {
		t.Errorf("a file in use was given away: %v, %v", second, err)
	}
	first.close()
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		want       int64
	}{
		{"as it was left", `{"server":"s","id":7,"key":"k","next_call":3}`, 0o600, 7},
		{"readable by others", `{"server":"s","id":7,"key":"k","next_call":3}`, 0o644, 0},
		{"half written", `{"server":"s","id":7,`, 0o600, 0},
		{"empty", "", 0o600, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			k, err := openKept(path)
			if err != nil || k == nil {
				t.Fatal(k, err)
			}
			defer k.close()
			got := int64(0)
			if r := k.read(); r != nil {
				got = r.ID
			}
			if got != tt.want {
				t.Errorf("session %d instead of %d", got, tt.want)
			}
			if err := k.write(nil); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 0 {
				t.Errorf("left as %v, %v", info, err)
			}
			if _, err := k.file.Seek(0, io.SeekStart); err != nil || k.read() != nil {
				t.Errorf("an empty file has a login: %v", err)
			}
		})
	}
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if k, err := openKept(link); err == nil {
		k.close()
		t.Error("a link was followed")
	}
}
