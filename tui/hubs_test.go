package tui

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/profiles"
)

func TestStateIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := koji.New(koji.Options{Server: "http://127.0.0.1:1/kojihub"})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *tab {
		tb, err := openTab(t.Context(), Hub{Session: s, Profile: profiles.Default("a/b")}, dir, usualPace(), testNow, newTheme(paletteDark, false))
		if err != nil {
			t.Fatal(err)
		}
		tb.resize(80, 21)
		return tb
	}
	first := open()
	first.e.store.apply(sampleChanges())
	first.stacks[0][0].(*tasksView).setFilter("st:failed fish")
	write := first.keep()
	if write == nil {
		t.Fatal("nothing to write")
	}
	if err := write(); err != nil {
		t.Fatal(err)
	}
	if first.keep() != nil {
		t.Error("written again though nothing has changed")
	}
	if got := open().stacks[0][0].(*tasksView).filter.text; got != "st:failed fish" {
		t.Errorf("the filter is %q the next time", got)
	}
	file := filepath.Join(dir, "a%2Fb.json")
	if err := os.WriteFile(file, []byte("no json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := open().stacks[0][0].(*tasksView).filter.text; got != "" {
		t.Errorf("the filter is %q after a file that can't be read", got)
	}
}

func TestStateDir(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/koji/tui"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/koji/tui"},
		{nil, ""},
	} {
		if got := StateDir(func(k string) string { return tt.env[k] }); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.env, got, tt.want)
		}
	}
}

// Two hubs as tabs: what one tells reaches it also while the other is shown.
func TestTwoHubs(t *testing.T) {
	t.Parallel()
	r := testRoot(160, 50, newTheme(paletteDark, false))
	r.hubs = hubs{
		known: []profiles.Entry{{Name: "lab", Server: "https://koji.lab.example/kojihub"}, {Name: "stage", Server: "https://koji-stage.lab.example/kojihub"}},
		open: func(_ context.Context, name string) (Hub, error) {
			s, err := koji.New(koji.Options{Server: "http://127.0.0.1:1/kojihub"})
			return Hub{Session: s, Profile: profiles.Default(name)}, err
		},
		make: func(h Hub) (*tab, error) {
			return openTab(t.Context(), h, "", usualPace(), testNow, newTheme(paletteDark, false))
		},
		run: func(*tab) {},
	}
	press(r, "p", "down")
	golden(t, "profiles-160x50", r)
	lab := r.tab
	r.Update(r.openHub("stage", true)())
	if r.e.profile != "stage" || len(r.tabs) != 2 {
		t.Fatalf("%q is shown of %d", r.e.profile, len(r.tabs))
	}
	r.Update(told{lab, changes{whole: true}})
	if n := len(lab.e.store.tasks); n != 0 {
		t.Errorf("the hub that isn't shown still has %d tasks", n)
	}
	r.Update(told{lab, link{lost: testNow().Add(-time.Minute), reason: "connection refused"}})
	press(r, "p")
	golden(t, "hubs-160x50", r)
	press(r, "esc", "g", "t")
	if r.tab != lab {
		t.Error("gt doesn't go to the next hub")
	}
	press(r, "g", "T")
	if r.e.profile != "stage" {
		t.Error("gT doesn't go to the hub before")
	}
	press(r, "q")
	if r.tab != lab || len(r.tabs) != 1 {
		t.Errorf("q doesn't close the tab: %q of %d", r.e.profile, len(r.tabs))
	}
	press(r, "p", "x")
	if diff := cmp.Diff(1, len(r.tabs)); diff != "" {
		t.Errorf("the last hub was closed: %s", diff)
	}
}

// The UI begins before it is logged in, also where the hub is away, and logs
// in when that comes back.
func TestLoginBesideTheUI(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s, err := koji.New(koji.Options{Server: l.server, User: "admin", Password: "secret", MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	l.stop()
	d := driveHub(t, Hub{Session: s, Profile: profiles.Default("lab"), Login: func(ctx context.Context) error { return s.Login(ctx, koji.LoginOptions{}) }}, 80, 24, quick())
	d.see("lost since", "connection refused", "anonymous")
	d.press("a", "b")
	d.see("new build…: no hub")
	d.press("esc")
	l.start()
	d.see("≋ stream", "admin")
	d.press("a", "b")
	d.see("no SCM URL yet")
}
