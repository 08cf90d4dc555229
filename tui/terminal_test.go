package tui

import (
	"reflect"
	"testing"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, heard string
		want        answers
	}{
		{"nothing", "", answers{}},
		{"a dark one that knows all", "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?2026;2$y\x1b[?62;22c", answers{background: backgroundDark, whole: true, end: true}},
		{"a light one, two digits, BEL", "\x1b]11;rgb:ff/fd/f5\a\x1b[?2026;0$y\x1b[?1;2c", answers{background: backgroundLight, end: true}},
		{"one that knows nothing", "\x1b[?6c", answers{end: true}},
		{"not all yet", "\x1b]11;rgb:ffff/ff", answers{}},
		{"keys typed ahead", "jj\x1b[?62cq", answers{end: true}},
		{"nonsense", "\x1b]11;rgb:zz//\x1b\\\x1b[?2026;", answers{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := parseAnswers([]byte(tt.heard)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTypedAhead(t *testing.T) {
	t.Parallel()
	got := ""
	for _, k := range typedAhead([]byte("jp\n\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\r\x1b[?2026;2$y/x\x1b[?62;22cq\x1b[A")) {
		got += k.String() + " "
	}
	if want := "j p enter enter / x q "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte("\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?2026;2$y\x1b[?62;22c"))
	f.Add([]byte("\x1b]11;rgb://///\a"))
	f.Fuzz(func(_ *testing.T, heard []byte) { parseAnswers(heard); typedAhead(heard) })
}
