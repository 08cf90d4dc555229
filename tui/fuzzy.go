package tui

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// fuzzy reports whether the letters of a pattern are in a text, in order and
// without regard to case, and how well they fit: beginnings of words and runs
// count more. Blanks in the pattern stand between parts that all must fit.
func fuzzy(pattern, text string) (score int, ok bool) {
	for _, part := range strings.Fields(pattern) {
		s, ok := fuzzyPart([]rune(strings.ToLower(part)), []rune(text))
		if !ok {
			return 0, false
		}
		score += s
	}
	return score, true
}

// What letters that fit are worth.
const (
	pointsLetter = 4
	pointsWord   = 8 // at the beginning of a word
	pointsRun    = 6 // right behind the letter before
	lossGap      = 1 // per letter left out, at most three
)

// fuzzyPart finds the best of the places where the first letter fits.
func fuzzyPart(pattern, text []rune) (best int, found bool) {
	for from := range text {
		if unicode.ToLower(text[from]) != pattern[0] {
			continue
		}
		s, ok := fuzzyFrom(pattern, text, from)
		if !ok {
			break // what is left is too short
		}
		if !found || s > best {
			best, found = s, true
		}
	}
	return best, found
}

func fuzzyFrom(pattern, text []rune, from int) (score int, ok bool) {
	last, at := -1, 0
	for i := from; i < len(text) && at < len(pattern); i++ {
		if unicode.ToLower(text[i]) != pattern[at] {
			continue
		}
		score += pointsLetter
		switch {
		case wordStart(text, i):
			score += pointsWord
		case last == i-1 && last >= 0:
			score += pointsRun
		}
		if last >= 0 {
			score -= min(i-last-1, 3) * lossGap
		}
		last = i
		at++
	}
	return score, at == len(pattern)
}

func wordStart(text []rune, i int) bool {
	if i == 0 {
		return true
	}
	before, now := text[i-1], text[i]
	return !unicode.IsLetter(before) && !unicode.IsDigit(before) || unicode.IsLetter(now) && unicode.IsDigit(before) ||
		unicode.IsUpper(now) && unicode.IsLower(before)
}

// plainAbove is how long a list may be to be matched by single letters.
const plainAbove = 20000

// bestChoices are at most n choices that fit a pattern, the best first; the
// shorter of two that fit as well, then by name.
func bestChoices(list []choice, pattern string, n int) []choice {
	if pattern == "" {
		return list[:min(n, len(list))]
	}
	type scored struct {
		choice
		score int
	}
	var hits []scored
	plain := strings.ToLower(pattern)
	for _, c := range list {
		s, ok := 0, false
		if len(list) > plainAbove {
			at := strings.Index(strings.ToLower(c.value), plain)
			s, ok = -at, at >= 0
		} else {
			s, ok = fuzzy(pattern, c.value)
		}
		if ok {
			if c.value == pattern {
				s += 1000
			}
			hits = append(hits, scored{c, s})
		}
	}
	slices.SortFunc(hits, func(a, b scored) int {
		return cmp.Or(b.score-a.score, len(a.value)-len(b.value), strings.Compare(a.value, b.value))
	})
	best := make([]choice, 0, n)
	for _, h := range hits[:min(n, len(hits))] {
		best = append(best, h.choice)
	}
	return best
}
