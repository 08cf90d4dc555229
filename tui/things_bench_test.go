package tui

import (
	"fmt"
	"testing"
)

// largeMoment is a tag of a whole distribution.
func largeMoment(event int64, n int) *tagMoment {
	m := sampleMoment(event)
	m.latest, m.packages = nil, nil
	for i := range n {
		version := fmt.Sprintf("1.%d", i%7)
		if event != 0 && i%50 == 0 {
			version = "1.0~rc1"
		}
		pkg := fmt.Sprintf("package-%05d", i)
		m.latest = append(m.latest, tagBuild{
			id: int64(i)*2 + min(event, 1)*int64(i%50)/49, pkg: pkg, nvr: pkg + "-" + version + "-1.fc44", version: version, release: "1.fc44", owner: "jsmith", from: "f44",
		})
		m.packages = append(m.packages, tagPackage{name: pkg, owner: "jsmith", from: "f44"})
	}
	return m
}

// A key in the list of a whole distribution's builds, to its frame: 16 ms is
// the bar.
func BenchmarkKeyInLargeTag(b *testing.B) {
	r := testRoot(160, 50, newTheme(paletteDark, false))
	openTag(tagLatest, 0)(r)
	m := largeMoment(0, 26000)
	tell(r, tagAnswer{part: partLatest, fill: func(into *tagMoment) { into.latest = m.latest }})
	b.ResetTimer()
	for i := range b.N {
		press(r, []string{"j", "j", "k", "pgdown", "pgup"}[i%5])
		r.dirty = true
		_ = r.View()
	}
}

// Letters of a filter in the same list, each to its frame.
func BenchmarkFilterInLargeTag(b *testing.B) {
	r := testRoot(160, 50, newTheme(paletteDark, false))
	openTag(tagLatest, 0)(r)
	m := largeMoment(0, 26000)
	tell(r, tagAnswer{part: partLatest, fill: func(into *tagMoment) { into.latest = m.latest }})
	press(r, "/")
	b.ResetTimer()
	for i := range b.N {
		press(r, []string{"0", "9", "backspace", "backspace"}[i%4])
		r.dirty = true
		_ = r.View()
	}
}

// The difference of two moments of a whole distribution.
func BenchmarkCompareLargeTags(b *testing.B) {
	then, now := largeMoment(7, 26000), largeMoment(0, 26000)
	for range b.N {
		if list := compareBuilds(then.latest, now.latest); len(list) == 0 {
			b.Fatal("no difference")
		}
	}
}
