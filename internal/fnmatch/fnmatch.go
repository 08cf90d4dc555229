// Package fnmatch matches names against globs as Python's fnmatch does on
// Linux, which is what Koji's policies, filters and searches mean by a glob:
// the whole name must match, case counts, and neither slash nor a leading dot
// is special.
//
//	"*"       any characters, also none
//	"?"       one character
//	"[seq]"   one of the characters or ranges in seq; ] may stand first
//	"[!seq]"  one character that is not
//
// There is no escape character: a literal star is written [*]. A [ that is
// never closed stands for itself, so every text is a valid pattern.
package fnmatch

import "unicode/utf8"

// Match reports whether name matches pattern. Its time grows with the product
// of their lengths at worst.
func Match(pattern, name string) bool {
	p, n := 0, 0
	// Where to go on when a match fails: behind the last star, which then
	// takes one character more.
	star, starName := -1, 0
	for n < len(name) {
		c, size := utf8.DecodeRuneInString(name[n:])
		if p < len(pattern) {
			if pattern[p] == '*' {
				p++
				star, starName = p, n
				continue
			}
			if ok, width := matchOne(pattern[p:], c); ok {
				p += width
				n += size
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRuneInString(name[starName:])
		starName += size
		p, n = star, starName
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// MatchAny reports whether name matches one of the patterns.
func MatchAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if Match(p, name) {
			return true
		}
	}
	return false
}

// IsPattern reports whether the text has a character that a glob may use, so
// that it may match more than itself.
func IsPattern(text string) bool {
	for i := range len(text) {
		switch text[i] {
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// matchOne matches one character against the element that pattern begins with,
// which is no star, and gives the element's length.
func matchOne(pattern string, c rune) (ok bool, width int) {
	switch pattern[0] {
	case '?':
		return true, 1
	case '[':
		if end := setEnd(pattern); end > 0 {
			return inSet(pattern[1:end], c), end + 1
		}
	}
	p, size := utf8.DecodeRuneInString(pattern)
	return p == c, size
}

// setEnd finds the bracket that closes the set pattern begins with, or 0.
func setEnd(pattern string) int {
	i := 1
	if i < len(pattern) && pattern[i] == '!' {
		i++
	}
	if i < len(pattern) && pattern[i] == ']' {
		i++
	}
	for ; i < len(pattern); i++ {
		if pattern[i] == ']' {
			return i
		}
	}
	return 0
}

// inSet matches a character against what stands between brackets. A range
// whose ends are the wrong way round is empty.
func inSet(set string, c rune) bool {
	negated := set[0] == '!'
	if negated {
		set = set[1:]
	}
	found := false
	for len(set) > 0 {
		low, size := utf8.DecodeRuneInString(set)
		set = set[size:]
		high := low
		if len(set) > 1 && set[0] == '-' {
			high, size = utf8.DecodeRuneInString(set[1:])
			set = set[1+size:]
		}
		if low <= c && c <= high {
			found = true
		}
	}
	return found != negated
}
