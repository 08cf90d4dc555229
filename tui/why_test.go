package tui

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji"
)

func TestWhyFree(t *testing.T) {
	t.Parallel()
	host := func(id int64, name, arches string, load float64, enabled, ready bool) koji.Host {
		return koji.Host{ID: id, Name: name, Arches: &arches, TaskLoad: load, Capacity: 4, Enabled: enabled, Ready: ready}
	}
	full := func(id int64, name string) koji.Host { return host(id, name, "s390x", 4, true, true) }
	channel := &koji.Channel{ID: 1, Name: "default", Enabled: true}
	for _, tt := range []struct {
		name     string
		arch     string
		q        *queueOf
		refusals []refusal
		want     string
	}{
		{"no channel", "s390x", nil, nil, "channel: its channel 1 does not exist"},
		{"disabled channel", "s390x", &queueOf{&koji.Channel{Name: "default"}, nil}, nil, "channel: the channel default is disabled"},
		{"no host for the arch", "s390x", &queueOf{channel, []koji.Host{host(1, "a", "x86_64", 0, true, true)}}, nil, "host: no host of channel default is for s390x"},
		{"all off", "s390x", &queueOf{channel, []koji.Host{host(1, "a", "s390x", 0, false, true), host(2, "b", "i386 s390x", 0, true, false)}}, nil,
			"host: no s390x host of channel default is enabled and ready (a and b)"},
		{"one full", "s390x", &queueOf{channel, []koji.Host{full(1, "a.example.org")}}, nil, "host: the only s390x host of channel default is full (a 4.0 of 4.0)"},
		{"both full", "s390x", &queueOf{channel, []koji.Host{full(2, "b"), full(1, "a")}}, nil, "host: both s390x hosts of channel default are full (a 4.0 of 4.0, b 4.0 of 4.0)"},
		{"three full, one off", "s390x", &queueOf{channel, []koji.Host{full(2, "b"), full(1, "a"), full(3, "c"), host(4, "d", "s390x", 0, false, true)}}, nil,
			"host: all 3 s390x hosts of channel default are full (a 4.0 of 4.0, b 4.0 of 4.0, c 4.0 of 4.0)"},
		{"refused", "s390x", &queueOf{channel, []koji.Host{host(1, "a", "s390x", 0, true, true), full(2, "b")}},
			[]refusal{{Task: 9, Host: 1, Text: ptr("of another")}, {Task: 7, Host: 1, ByHost: true, Soft: true, Text: ptr("no \x1b[1mspace")}},
			"host: refused by a of channel default, full: b 4.0 of 4.0"},
		{"may be taken", "noarch", &queueOf{channel, []koji.Host{host(1, "a", "s390x", 1, true, true), full(2, "b")}}, nil, "turn: a of channel default may take it when its turn comes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := whyFree(&task{id: 7, arch: tt.arch, channel: 1, weight: 1.5, kind: kindFree}, tt.q, tt.refusals)
			if got := w.word + ": " + w.line; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	text, refused := refusedBy(7, 1, []refusal{{Task: 7, Host: 1, Soft: true, ByHost: true, Text: ptr("no \x1b[1mspace")}})
	if want := "refused it for now: no ␛[1mspace"; !refused || text != want {
		t.Errorf("refusedBy = %q, %v, want %q", text, refused, want)
	}
}

func TestOutlook(t *testing.T) {
	t.Parallel()
	r := testRoot(80, 24, newTheme(paletteDark, false))
	past := pastTimes{Samples: []pastTime{
		{"buildArch", "x86_64", "f44-build", 300}, {"buildArch", "x86_64", "f44-build", 400}, {"buildArch", "x86_64", "f44-build", 500},
		{"buildArch", "x86_64", "f43-build", 9000}, {"buildArch", "aarch64", "f43-build", 200}, {"buildArch", "aarch64", "f43-build", 240},
		{"buildArch", "s390x", "f44-build", 1000},
	}, Average: 700}
	text := func(id int64) string {
		e := r.e.store.get(id)
		o, ok := r.e.outlookOf(e)
		if !ok {
			return ""
		}
		s, _ := r.e.outlookText(e, o)
		return s
	}
	got := map[string][]string{}
	tell := func(name string) {
		got[name] = []string{text(71204), text(71211), text(71212), text(71213), text(71190)}
	}
	tell("nothing is known")
	r.e.kept.Times["p:bash"] = past
	tell("a parent is its longest subtask, and longer while one hasn't begun")
	r.e.kept.Times["p:bash"] = pastTimes{Average: 700}
	tell("only whole builds are known")
	r.e.kept.Times["p:bash"] = pastTimes{Samples: []pastTime{{"buildArch", "x86_64", "f44-build", 20}, {"buildArch", "x86_64", "f44-build", 22}}}
	tell("much longer than ever")
	want := map[string][]string{
		"nothing is known": {"", "", "", "", ""},
		// 71211 has run for 5:24, 71212 for 4:46
		"a parent is its longest subtask, and longer while one hasn't begun": {"≥1:16", "~1:16", "+1:06", "", ""},
		"only whole builds are known":                                        {"≥6:54", "≈6:16", "≈6:54", "", ""},
		"much longer than ever":                                              {"≥0:00", "long", "", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a real hub tells of tasks that wait, and of how long repos took.
func TestWaitsAndTimesOfAHub(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	h, err := newHub(l.admin, testNow)
	if err != nil {
		t.Fatal(err)
	}
	parent := l.build("git+https://src.example.org/rpms/foo#main")
	child := l.subtask(parent, "s390x")
	l.call(l.admin, nil, "createTag", "f44-build", koji.Named{"arches": "x86_64"})
	for range 3 {
		var id int64
		l.call(l.admin, &id, "makeTask", "newRepo", []any{"f44-build"}, koji.Named{"channel": "default"})
		l.open(id)
		l.close(id)
	}
	var answer koji.RepoAnswer
	l.call(l.admin, &answer, "repo.request", "f44-build")

	told, err := loadWaits(t.Context(), h, []task{
		{id: child, kind: kindFree, arch: "s390x", channel: 1},
		{id: 900, kind: kindRepo, tag: "f44-build"},
		{id: 901, kind: kindRepo, tag: "elsewhere"},
		{id: 902, kind: kindAssigned, host: "bld01"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64]string{}
	for id, w := range told {
		got[id] = w.word + ": " + w.line
	}
	want := map[int64]string{
		child: "host: no host of channel default is for s390x",
		900:   "repo: request 1 for a repo of f44-build has no task yet",
		901:   "repo: nobody has asked for a repo of elsewhere yet",
		902:   "builder: bld01 has been given it and has not begun yet",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	times, err := loadTimes(t.Context(), h, []string{"t:f44-build", "p:no-such-package", "t:elsewhere"}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(times["t:f44-build"].Samples); n != 3 {
		t.Errorf("%d times of newRepo for f44-build, want 3: %+v", n, times)
	}
	if len(times["p:no-such-package"].Samples)+len(times["t:elsewhere"].Samples) > 0 {
		t.Errorf("times of what was never built: %+v", times)
	}
}
