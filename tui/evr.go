package tui

import (
	"cmp"
	"strings"
)

// compareVersions compares two versions or releases as rpm does: parts of
// digits by their number, parts of letters by the alphabet, digits before
// letters; ~ is older than the end of the text and ^ newer, but older than
// any other part. (The rpm library of this module doesn't know ^.)
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		a, b = skipSeparators(a), skipSeparators(b)
		switch {
		case strings.HasPrefix(a, "~") || strings.HasPrefix(b, "~"):
			if n := byPrefix(a, b, "~"); n != 0 {
				return -n
			}
			a, b = a[1:], b[1:]
			continue
		case strings.HasPrefix(a, "^") || strings.HasPrefix(b, "^"):
			switch {
			case a == "":
				return -1
			case b == "":
				return 1
			}
			if n := byPrefix(a, b, "^"); n != 0 {
				return -n
			}
			a, b = a[1:], b[1:]
			continue
		case a == "" || b == "":
			return cmp.Compare(len(a), len(b))
		}
		partA, restA := versionPart(a)
		partB, restB := versionPart(b)
		if n := compareParts(partA, partB); n != 0 {
			return n
		}
		a, b = restA, restB
	}
	return 0
}

// byPrefix is 1 if only a begins with the prefix, -1 if only b does.
func byPrefix(a, b, prefix string) int {
	has := func(s string) int {
		if strings.HasPrefix(s, prefix) {
			return 1
		}
		return 0
	}
	return has(a) - has(b)
}

func skipSeparators(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return !isDigit(r) && !isLetter(r) && r != '~' && r != '^' })
}

// versionPart is the digits or the letters that a text begins with.
func versionPart(s string) (part, rest string) {
	kind := isLetter
	if isDigit(rune(s[0])) {
		kind = isDigit
	}
	n := strings.IndexFunc(s, func(r rune) bool { return !kind(r) })
	if n < 0 {
		n = len(s)
	}
	return s[:n], s[n:]
}

func compareParts(a, b string) int {
	digitsA, digitsB := isDigit(rune(a[0])), isDigit(rune(b[0]))
	switch {
	case digitsA && digitsB:
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case digitsA:
		return 1
	case digitsB:
		return -1
	}
	return cmp.Compare(a, b)
}

func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
