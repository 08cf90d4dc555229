package tui

import (
	"bytes"
	"math"
	"testing"
)

// luminance of a colour of the 256-colour palette, from 16 on (WCAG 2).
func luminance(n int) float64 {
	var rgb [3]float64
	if n >= 232 {
		g := float64(8 + 10*(n-232))
		rgb = [3]float64{g, g, g}
	} else {
		levels := [6]float64{0, 95, 135, 175, 215, 255}
		n -= 16
		rgb = [3]float64{levels[n/36], levels[n/6%6], levels[n%6]}
	}
	for i, v := range rgb {
		v /= 255
		if v <= 0.03928 {
			rgb[i] = v / 12.92
		} else {
			rgb[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*rgb[0] + 0.7152*rgb[1] + 0.0722*rgb[2]
}

func TestContrast(t *testing.T) {
	t.Parallel()
	contrast := func(a, b float64) float64 { return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05) }
	for ro, n := range darkColours {
		if c := contrast(luminance(n), 0); c < 4.5 {
			t.Errorf("role %c on black: colour %d has contrast %.1f", ro.letter(), n, c)
		}
	}
	for ro, n := range lightColours {
		if c := contrast(luminance(n), 1); c < 4.5 {
			t.Errorf("role %c on white: colour %d has contrast %.1f", ro.letter(), n, c)
		}
	}
}

func TestThemeFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, words string
		env         map[string]string
		want        *theme
	}{
		{"no terminal", "", map[string]string{"LANG": "en_US.UTF-8"}, newTheme(paletteNone, false)},
		{"asked for", "light", map[string]string{"LANG": "C"}, newTheme(paletteLight, true)},
		{"marks", "dark, ascii", map[string]string{"LC_ALL": "C.UTF-8"}, newTheme(paletteDark, true)},
		{"unicode", "16 unicode", nil, newTheme(palette16, false)},
		{"none", "none", map[string]string{"LC_ALL": "C", "LANG": "C.UTF-8"}, newTheme(paletteNone, true)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := themeFor(tt.words, &bytes.Buffer{}, func(k string) string { return tt.env[k] }, backgroundUnknown)
			if *got != *tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	for fgbg, want := range map[string]bool{"": false, "15;0": false, "0;15": true, "0;default;15": true} {
		if lightBackground(fgbg) != want {
			t.Errorf("COLORFGBG=%q: light is %v", fgbg, !want)
		}
	}
}

func TestShortenLabel(t *testing.T) {
	t.Parallel()
	const build = "build (f44-candidate, /rpms/bash.git:9f3c2ab81d0e77c1)"
	const arch = "buildArch (bash-5.3.0-2.fc44.src.rpm, x86_64)"
	for _, tt := range []struct {
		label string
		n     int
		want  string
	}{
		{build, 60, build},
		{build, 50, "build (f44-candidate, /rpms/bash.git:9f3c2ab)"},
		{build, 43, "build (f44-candidate, …/bash.git:9f3c2ab)"},
		{build, 36, "build (f44-can…, …/bash.git:9f3c2ab)"},
		{arch, 40, "buildArch (bash-5.3.0-2.fc44, x86_64)"},
		{arch, 30, "buildArch (bash-5.3.…, x86_64)"},
		{"newRepo (f44-build)", 12, "newRepo (f4…"},
		{"strange", 4, "str…"},
		{"日本語日本語", 5, "日本…"},
		{arch, 0, ""},
	} {
		got := shortenLabel(tt.label, tt.n, false)
		if got != tt.want || textWidth(got, false) > tt.n {
			t.Errorf("%q in %d cells: %q, want %q", tt.label, tt.n, got, tt.want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for s, want := range map[float64]string{0: "0:00", -5: "0:00", 52: "0:52", 1875: "31:15", 15120: "4h12m", 273600: "3d04h", 1e9: "11574d"} {
		if got := span(s); got != want || len(got) > 6 {
			t.Errorf("span(%v) = %q, want %q", s, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 183971: "183,971", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"lab": "lab", "a b": "'a b'", "a'b": `'a'\''b'`, "": "''", "$(x)": "'$(x)'"} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %q, want %q", in, got, want)
		}
	}
}
