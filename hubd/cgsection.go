package hubd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"koji/sqlstore"
)

// section reads the members of a struct in a generator's metadata. All sections
// of one metadata share their first error; what is read after it is of no use.
type section struct {
	at    string // where it stands, for people
	told  map[string]any
	first *error
}

func newSection(at string, told map[string]any) *section { return &section{at, told, new(error)} }

func (s *section) error() error { return *s.first }

func (s *section) below(at string, told map[string]any) *section { return &section{at, told, s.first} }

func (s *section) fail(format string, args ...any) {
	if *s.first == nil {
		*s.first = refuse("%s: %s", s.at, fmt.Sprintf(format, args...))
	}
}

func (s *section) wrong(key, want string) {
	s.fail("%s: invalid type %s, want %s", key, typeName(s.told[key]), want)
}

// must refuses that a member isn't there. It may be nil.
func (s *section) must(key string) any {
	v, given := s.told[key]
	if !given {
		s.fail("no %s", key)
	}
	return v
}

// text is a member that is text, with something in it.
func (s *section) text(key string) string {
	text, ok := s.must(key).(string)
	switch {
	case !ok:
		s.wrong(key, "a string")
	case text == "":
		s.fail("%s is empty", key)
	case strings.ContainsRune(text, 0):
		s.fail("%s: %q has a NUL", key, text)
	}
	return text
}

// optionalText is text for a member that may be missing: "".
func (s *section) optionalText(key string) string {
	if s.told[key] == nil {
		return ""
	}
	return s.text(key)
}

func (s *section) integer(key string) int64 {
	n, ok := s.must(key).(int64)
	if !ok {
		s.wrong(key, "an integer")
	}
	return n
}

// id is a member that may be the id of something; 0 if it isn't there.
func (s *section) id(key string) int64 {
	if s.told[key] == nil {
		return 0
	}
	n := s.integer(key)
	if n <= 0 || !sqlstore.FitsID(n) {
		s.fail("%s: %d is no id", key, n)
	}
	return n
}

// label is a member by which the metadata names a part of itself.
func (s *section) label(key string) any {
	v := s.must(key)
	switch v.(type) {
	case int64, string:
		return v
	}
	s.wrong(key, "an integer or a string")
	return nil
}

// time is a member with seconds since 1970.
func (s *section) time(key string) time.Time {
	var seconds float64
	switch v := s.must(key).(type) {
	case int64:
		seconds = float64(v)
	case float64:
		seconds = v
	default:
		s.wrong(key, "a number")
	}
	const end = 253402300800 // of the year 9999, the last that all sides can write
	if !(seconds >= 0 && seconds < end) {
		s.fail("%s: %v are no seconds since 1970", key, seconds)
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC()
}

// path is a member with a relative path; "" if it isn't there.
func (s *section) path(key string) string {
	if v := s.told[key]; v == nil || v == "" {
		return ""
	}
	p := strings.TrimSuffix(s.text(key), "/")
	if !plainPath(p) {
		s.fail("%s: %q is no plain relative path", key, p)
	}
	return p
}

// section is a member that is a struct.
func (s *section) section(key string) *section {
	m, ok := s.must(key).(map[string]any)
	if !ok {
		s.wrong(key, "a struct")
	}
	return s.below(s.at+": "+key, m)
}

// optional is section for a member that may be missing.
func (s *section) optional(key string) *section {
	if s.told[key] == nil {
		return s.below(s.at+": "+key, nil)
	}
	return s.section(key)
}

// sections are a member that is a list of structs.
func (s *section) sections(key string) []*section {
	items, ok := s.must(key).([]any)
	if !ok {
		s.wrong(key, "an array")
	}
	var all []*section
	for i, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			s.fail("%s: element %d: invalid type %s, want a struct", key, i, typeName(item))
		}
		all = append(all, s.below(s.at+": "+key+" "+strconv.Itoa(i+1), m))
	}
	return all
}
