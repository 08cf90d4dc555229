package tui

import "testing"

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		older, newer string
	}{
		{"1.0", "1.1"},
		{"1.9", "1.10"},
		{"1.0", "1.0.1"},
		{"1.0a", "1.0.1"},
		{"a", "1"},
		{"1.0~rc1", "1.0"},
		{"1.0~rc1", "1.0~rc2"},
		{"1.0~~", "1.0~"},
		{"1.0", "1.0^git1"},
		{"1.0^git1", "1.0.1"},
		{"1.0^1", "1.0^2"},
		{"1.0~rc1^git1", "1.0"},
		{"1.0~rc1", "1.0~rc1^git1"},
		{"1", "2_0"},
		{"9.fc9", "10.fc1"},
		{"99999999999999999999998", "99999999999999999999999"},
		{"", "1"},
		{"", "^"},
		{"~", ""},
	} {
		if got := compareVersions(tt.older, tt.newer); got >= 0 {
			t.Errorf("%q to %q: got %d, want it older", tt.older, tt.newer, got)
		}
		if got := compareVersions(tt.newer, tt.older); got <= 0 {
			t.Errorf("%q to %q: got %d, want it newer", tt.newer, tt.older, got)
		}
	}
	for _, tt := range [][2]string{{"1.0", "1_0"}, {"1.01", "1.1"}, {"1.0", "1.0."}, {"é1", "1"}, {"", "."}} {
		if got := compareVersions(tt[0], tt[1]); got != 0 {
			t.Errorf("%q to %q: got %d, want the same", tt[0], tt[1], got)
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("1.0~rc1", "1.0^git", "1.0")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ba := compareVersions(a, b), compareVersions(b, a)
		if ab != -ba {
			t.Fatalf("%q to %q is %d, the other way %d", a, b, ab, ba)
		}
		if compareVersions(a, a) != 0 {
			t.Fatalf("%q isn't as itself", a)
		}
		if bc := compareVersions(b, c); ab > 0 && bc > 0 && compareVersions(a, c) <= 0 {
			t.Fatalf("%q, %q, %q have no order", a, b, c)
		}
	})
}
