package safetext

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "buildArch (foo-1-1.src.rpm, x86_64)", "buildArch (foo-1-1.src.rpm, x86_64)"},
		{"letters", "Jürgen 日本 …", "Jürgen 日本 …"},
		{"window title", "\x1b]0;owned\a", "␛]0;owned␇"},
		{"line break", "a\r\nb\x00\x7f", "a␍␊b␀␡"},
		{"tab", "a\tb", "a␉b"},
		{"C1", "a\u009b31mb", "a<9b>31mb"},
		{"raw C1 byte", "a\x9b31m", `a\x9b31m`},
		{"invalid", "\xff\xc3(", `\xff\xc3(`},
		{"bidi", "a\u202eb\u2066c", "a<202e>b<2066>c"},
		{"zero width", "a\u200bb\u200dc\ufeffd\u00ad", "a<200b>b<200d>c<feff>d<ad>"},
		{"separators", "a\u2028b", "a<2028>b"},
		{"variation", "\u2764\ufe0f", "\u2764<fe0f>"},
		{"marks", "e\u0301\u0302\u0303\u0304x", "e\u0301\u0302x"},
		{"mark alone", "\u0301x", "◌\u0301x"},
		{"flag", "\U0001f1e9\U0001f1ea", "□□"},
		{"skin", "\U0001f44b\U0001f3fd", "\U0001f44b□"},
		{"replacement character", "\ufffd", "\ufffd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "…▌◉✓⋯": 5, "␛": 1} {
		if got := Width(s); got != want {
			t.Errorf("Width(%q) = %d, want %d", s, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a", "\x1b[31m", "\u202e", "\xff", "e\u0301\u0301\u0301", "\u0301", "\U0001f1e9\U0001f1ea"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if !utf8.ValidString(c) {
			t.Fatalf("Clean(%q) is no UTF-8: %q", s, c)
		}
		if again := Clean(c); again != c {
			t.Fatalf("Clean(%q) = %q, cleaned again %q", s, c, again)
		}
		if i := strings.IndexFunc(c, func(r rune) bool {
			return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		}); i >= 0 {
			t.Fatalf("Clean(%q) = %q holds a control character", s, c)
		}
	})
}
