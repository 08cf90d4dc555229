package safetext

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want, lines string }{
		{"plain", "foo-1.0-1.fc40", "foo-1.0-1.fc40", "foo-1.0-1.fc40"},
		{"letters", "čau 日本 é", "čau 日本 é", "čau 日本 é"},
		{"colour", "\x1b[31mred\x1b[0m", "␛[31mred␛[0m", "␛[31mred␛[0m"},
		{"title", "\x1b]0;root\x07", "␛]0;root␇", "␛]0;root␇"},
		{"forged line", "a\nb\tc\r", "a␊b␉c␍", "a\nb\tc␍"},
		{"nul and del", "\x00\x7f", "␀␡", "␀␡"},
		{"c1", "\u009b31m", "<9b>31m", "<9b>31m"},
		{"bidi", "gpj.\u202eexe", "gpj.<202e>exe", "gpj.<202e>exe"},
		{"zero width", "ad\u200bmin\ufeff", "ad<200b>min<feff>", "ad<200b>min<feff>"},
		{"no utf-8", "a\xff\xc3", `a\xff\xc3`, `a\xff\xc3`},
		{"marks", "e\u0301\u0302\u0303\u0304x", "e\u0301\u0302x", "e\u0301\u0302x"},
		{"empty", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Clean(tt.in)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.lines, Lines(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriterJoinsCutCharacters(t *testing.T) {
	t.Parallel()
	text := "日本\x1b[1mé\n"
	var b bytes.Buffer
	w := Writer(&b)
	for i := range len(text) {
		if n, err := w.Write([]byte{text[i]}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if diff := cmp.Diff("日本␛[1mé\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\x1b[m", "\u202e", "\xff", "e\u0301\u0301\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q: not UTF-8", got)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q holds a control character", got)
		}
		if again := Clean(got); again != got {
			t.Errorf("%q becomes %q the second time", got, again)
		}
	})
}
