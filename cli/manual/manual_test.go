package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/cli"
)

var update = flag.Bool("update", false, "write docs/cli anew")

const docsDir = "../../docs/cli"

// TestDocsAreInStep holds that docs/cli is what the commands say.
func TestDocsAreInStep(t *testing.T) {
	t.Parallel()
	if *update {
		if err := run([]string{"docs", docsDir}); err != nil {
			t.Fatal(err)
		}
	}
	root, err := cli.Tree()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := docPages(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(docsDir, name))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/cli/%s is behind the commands: run make manual\n%s", name, diff)
		}
	}
	files, err := filepath.Glob(filepath.Join(docsDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(pages) {
		t.Errorf("docs/cli has %d files instead of %d", len(files), len(pages))
	}
}

func TestManPages(t *testing.T) {
	t.Parallel()
	root, err := cli.Tree()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := manPages(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"koji.1", "koji-build.1", "koji-list-tags.1", "koji-profile-check.1"} {
		if !bytes.Contains(pages[name], []byte(".SH SYNOPSIS")) {
			t.Errorf("%s is no page", name)
		}
	}
	if bytes.Contains(pages["koji.1"], []byte("Auto generated")) {
		t.Error("the page bears the date of its making")
	}
}
