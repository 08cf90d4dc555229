package buildroot

import (
	"cmp"
	"strings"
)

// evr is an rpm version: epoch, version, release. An empty release in a
// requirement matches any.
type evr struct {
	epoch, version, release string
}

// parseEVR reads "[epoch:]version[-release]".
func parseEVR(s string) evr {
	var v evr
	if e, rest, ok := strings.Cut(s, ":"); ok {
		v.epoch, s = e, rest
	}
	v.version, v.release, _ = strings.Cut(s, "-")
	return v
}

// compare orders as rpm does; releases count only if both have one.
func (v evr) compare(w evr) int {
	e := func(s string) string { return cmp.Or(s, "0") }
	c := cmp.Or(compareVersions(e(v.epoch), e(w.epoch)), compareVersions(v.version, w.version))
	if c == 0 && v.release != "" && w.release != "" {
		c = compareVersions(v.release, w.release)
	}
	return c
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// compareVersions is rpm's order of versions: runs of digits and of letters are
// compared in turn, digits are newer than letters, ~ sorts before the end and ^
// after it.
func compareVersions(a, b string) int {
	separator := func(r rune) bool {
		return r > 0x7f || !isDigit(byte(r)) && !isAlpha(byte(r)) && r != '~' && r != '^'
	}
	for {
		a, b = strings.TrimLeftFunc(a, separator), strings.TrimLeftFunc(b, separator)
		at, bt := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~")
		ac, bc := strings.HasPrefix(a, "^"), strings.HasPrefix(b, "^")
		switch {
		case at && bt, ac && bc:
			a, b = a[1:], b[1:]
			continue
		case at:
			return -1
		case bt:
			return 1
		case ac && b == "":
			return 1
		case bc && a == "":
			return -1
		case ac:
			return -1
		case bc:
			return 1
		case a == "" || b == "":
			return cmp.Compare(len(a), len(b))
		}
		kind := isAlpha
		if isDigit(a[0]) {
			kind = isDigit
		}
		as, bs := run(a, kind), run(b, kind)
		if bs == "" { // of different kinds
			if isDigit(a[0]) {
				return 1
			}
			return -1
		}
		a, b = a[len(as):], b[len(bs):]
		if isDigit(as[0]) {
			as, bs = strings.TrimLeft(as, "0"), strings.TrimLeft(bs, "0")
			if c := cmp.Compare(len(as), len(bs)); c != 0 {
				return c
			}
		}
		if c := strings.Compare(as, bs); c != 0 {
			return c
		}
	}
}

// run is the beginning of s that is all of one kind.
func run(s string, kind func(byte) bool) string {
	i := 0
	for i < len(s) && kind(s[i]) {
		i++
	}
	return s[:i]
}

// satisfies says whether "provided" (flags EQ or none) meets the requirement
// "op wanted". Something without a version meets only a requirement without one.
func satisfies(provided, op, wanted string) bool {
	if op == "" || wanted == "" {
		return true
	}
	if provided == "" {
		return false
	}
	c := parseEVR(provided).compare(parseEVR(wanted))
	return c < 0 && strings.Contains(op, "<") || c > 0 && strings.Contains(op, ">") || c == 0 && strings.Contains(op, "=")
}
