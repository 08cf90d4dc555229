// Package ini reads configuration files in the dialect of Python's
// configparser, the one Koji's files are written in.
//
// Two modes exist: raw (hub.conf, kojid.conf, kojira.conf), where a percent
// sign means nothing, and interpolating (koji.conf), where %(key)s stands for
// another key of the section and %% for a percent sign.
//
// Every key, and every line of a value that spans several, keeps the file and
// line it came from, so that whoever refuses a value can point at it.
package ini

import (
	"fmt"
	"iter"
	"strings"
)

// DefaultSection is the section whose keys every other section falls back to.
// Its name is matched exactly.
const DefaultSection = "DEFAULT"

// Options selects the dialect.
type Options struct {
	// Interpolate replaces %(key)s and %% when a value is taken with Get.
	Interpolate bool
	// KeepCase makes keys that differ in case different keys. Without it
	// they are one key, as in Koji.
	KeepCase bool
}

// File is the contents of one file, or of several merged ones.
type File struct {
	opts     Options
	names    []string // in order of appearance, without DEFAULT
	sections map[string]*Section
	defaults *Section
}

// Section is the keys under one [name]. Names of sections are case-sensitive.
type Section struct {
	Name string
	// File and Line say where its header was met first.
	File string
	Line int

	file  *File
	names []string
	keys  map[string]*Key
}

// Key is one setting as it was written.
type Key struct {
	// Name is lower-cased unless Options.KeepCase is set; Spelling is as written.
	Name, Spelling string
	File           string
	Line           int
	// Lines is the value line by line: the text after the delimiter first
	// (possibly empty), then each continuation line, stripped. Comment lines
	// inside the value are left out, blank lines are kept, trailing ones not.
	Lines []Line
}

// Line is one line of a value and its number in the file, counted from 1.
type Line struct {
	Number int
	Text   string
}

// New returns an empty File for Read to fill.
func New(opts Options) *File {
	f := &File{opts: opts, sections: map[string]*Section{}}
	f.defaults = f.newSection(DefaultSection, "", 0)
	return f
}

func (f *File) newSection(name, file string, line int) *Section {
	return &Section{Name: name, File: file, Line: line, file: f, keys: map[string]*Key{}}
}

// fold maps a key as written to the name it is kept under.
func (f *File) fold(key string) string {
	if f.opts.KeepCase {
		return key
	}
	return strings.ToLower(key)
}

// Sections lists the names of the sections in the order they appeared,
// without DEFAULT.
func (f *File) Sections() []string { return append([]string(nil), f.names...) }

// Section returns the named section, or nil when no file has it. The methods
// of a nil Section answer as if it had no keys.
func (f *File) Section(name string) *Section {
	if name == DefaultSection {
		return f.defaults
	}
	return f.sections[name]
}

// Value is the raw text: the lines joined by newlines.
func (k *Key) Value() string {
	texts := make([]string, len(k.Lines))
	for i, l := range k.Lines {
		texts[i] = l.Text
	}
	return strings.Join(texts, "\n")
}

// LineNumbers gives the line in the file of each line of Value.
func (k *Key) LineNumbers() []int {
	numbers := make([]int, len(k.Lines))
	for i, l := range k.Lines {
		numbers[i] = l.Number
	}
	return numbers
}

// Errorf makes an *Error that points at the key.
func (k *Key) Errorf(format string, args ...any) error {
	return &Error{File: k.File, Line: k.Line, Key: k.Spelling, Msg: fmt.Sprintf(format, args...)}
}

// Lookup finds a key of the section, or of DEFAULT.
func (s *Section) Lookup(name string) (*Key, bool) {
	if s == nil {
		return nil, false
	}
	name = s.file.fold(name)
	if k, ok := s.keys[name]; ok {
		return k, true
	}
	k, ok := s.file.defaults.keys[name]
	return k, ok
}

// Keys yields the section's own keys in the order they appeared, then those
// it takes from DEFAULT.
func (s *Section) Keys() iter.Seq[*Key] {
	return func(yield func(*Key) bool) {
		if s == nil {
			return
		}
		for _, name := range s.names {
			if !yield(s.keys[name]) {
				return
			}
		}
		defaults := s.file.defaults
		if s == defaults {
			return
		}
		for _, name := range defaults.names {
			if _, own := s.keys[name]; !own && !yield(defaults.keys[name]) {
				return
			}
		}
	}
}

// Error is what is wrong with a file, and where.
type Error struct {
	File string
	Line int
	Key  string // as written; empty when no key is concerned
	Msg  string
}

// Error gives file:line: key: message.
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Key, e.Msg)
}
