package ini

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// Parse reads one file; name is what errors call it.
func Parse(r io.Reader, name string, opts Options) (*File, error) {
	f := New(opts)
	if err := f.Read(r, name); err != nil {
		return nil, err
	}
	return f, nil
}

// ParseFiles reads the named files in order, later ones win key by key. All
// must exist.
func ParseFiles(opts Options, paths ...string) (*File, error) {
	f := New(opts)
	for _, path := range paths {
		if err := f.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// ReadFile merges the file at path over what is there already.
func (f *File) ReadFile(path string) error {
	r, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	defer r.Close()
	return f.Read(r, path)
}

// Read merges a file over what is there already. A section or key that stands
// twice in the same file is an error. All the file's errors are reported,
// joined; each is an *Error, except a failing read. After an error the File
// holds the part that could be read.
func (f *File) Read(r io.Reader, name string) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read configuration %s: %w", name, err)
	}
	p := parser{f: f, name: name, sections: map[string]int{}, keys: map[position]int{}}
	for i, line := range splitLines(string(text)) {
		p.line(i+1, line)
	}
	p.endKey()
	return errors.Join(p.errs...)
}

// position names a key within one file, for finding duplicates.
type position struct{ section, key string }

type parser struct {
	f    *File
	name string
	errs []error

	section  *Section
	key      *Key // the value that continuation lines go to
	indent   int  // of the line that opened key or section
	sections map[string]int
	keys     map[position]int
}

func (p *parser) fail(number int, key, format string, args ...any) {
	p.errs = append(p.errs, &Error{File: p.name, Line: number, Key: key, Msg: fmt.Sprintf(format, args...)})
}

func (p *parser) line(number int, line string) {
	text := strings.TrimFunc(line, isSpace)
	switch {
	case text == "":
		if p.key != nil {
			p.key.Lines = append(p.key.Lines, Line{number, ""})
		}
		return
	case text[0] == '#' || text[0] == ';':
		return
	}
	indent := len([]rune(line)) - len([]rune(strings.TrimLeftFunc(line, isSpace)))
	if p.key != nil && indent > p.indent {
		p.key.Lines = append(p.key.Lines, Line{number, text})
		return
	}
	p.endKey()
	p.indent = indent
	if header, ok := sectionHeader(text); ok {
		p.openSection(number, header)
		return
	}
	if p.section == nil {
		p.fail(number, "", "%q stands before any [section]", text)
		return
	}
	p.openKey(number, text)
}

// sectionHeader takes the name between the first [ and the last ]; what
// follows the bracket is ignored, as Python does.
func sectionHeader(text string) (string, bool) {
	end := strings.LastIndexByte(text, ']')
	if text[0] != '[' || end < 2 {
		return "", false
	}
	return text[1:end], true
}

func (p *parser) openSection(number int, name string) {
	if name == DefaultSection {
		p.section = p.f.defaults
		return
	}
	if first, twice := p.sections[name]; twice {
		p.fail(number, "", "section [%s] stands twice, first in line %d", name, first)
	} else {
		p.sections[name] = number
	}
	s, ok := p.f.sections[name]
	if !ok {
		s = p.f.newSection(name, p.name, number)
		p.f.sections[name] = s
		p.f.names = append(p.f.names, name)
	}
	p.section = s
}

func (p *parser) openKey(number int, text string) {
	delim := strings.IndexAny(text, "=:")
	if delim < 0 {
		p.fail(number, "", "%q is neither a [section] nor key = value", text)
		return
	}
	spelling := strings.TrimRightFunc(text[:delim], isSpace)
	if spelling == "" {
		p.fail(number, "", "%q has no key before the %c", text, text[delim])
		return
	}
	name := p.f.fold(spelling)
	where := position{p.section.Name, name}
	if first, twice := p.keys[where]; twice {
		p.fail(number, spelling, "stands twice in [%s], first in line %d", p.section.Name, first)
	} else {
		p.keys[where] = number
	}
	value := strings.TrimLeftFunc(text[delim+1:], isSpace)
	p.key = &Key{Name: name, Spelling: spelling, File: p.name, Line: number, Lines: []Line{{number, value}}}
	if _, ok := p.section.keys[name]; !ok {
		p.section.names = append(p.section.names, name)
	}
	p.section.keys[name] = p.key
}

// endKey closes the open value: blank lines at its end are no part of it.
func (p *parser) endKey() {
	if p.key == nil {
		return
	}
	n := len(p.key.Lines)
	for n > 1 && p.key.Lines[n-1].Text == "" {
		n--
	}
	p.key.Lines = p.key.Lines[:n]
	p.key = nil
}

// splitLines knows the line ends of all systems, and drops a byte order mark.
func splitLines(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.Split(text, "\n")
}

// isSpace is Python's str.isspace, which knows four separators more than Go.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
