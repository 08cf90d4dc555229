package pylit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNesting is how deep brackets may stand in each other, as in Python.
const maxNesting = 200

// SyntaxError is what keeps a text from being a literal.
type SyntaxError struct {
	Column int // characters before the place, plus 1
	Msg    string
}

// Error gives the column and what is wrong there.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("column %d: %s", e.Column, e.Msg)
}

// Parse reads one literal as Python's ast.literal_eval does. Not taken, though
// Python would: complex numbers, whole numbers beyond 64 bits, dict keys other
// than strings, \N{...}, lone surrogates and the ellipsis; the wire has none
// of them or Koji none of it. Errors are *SyntaxError.
func Parse(text string) (any, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	p := parser{text: text}
	v, err := p.document()
	if err != nil {
		return nil, &SyntaxError{Column: utf8.RuneCountInString(text[:min(p.pos, len(text))]) + 1, Msg: err.Error()}
	}
	return v, nil
}

// parser is a recursive descent over text; where it fails pos tells the place.
type parser struct {
	text  string
	pos   int
	depth int // of brackets; inside, line ends are space
}

func (p *parser) document() (any, error) {
	if !utf8.ValidString(p.text) || strings.Contains(p.text, "\x00") {
		return nil, fmt.Errorf("text with a NUL or broken UTF-8")
	}
	p.text = strings.TrimRight(p.text, " \t\n\f")
	p.emptyLines()
	v, err := p.item()
	if err != nil {
		return nil, err
	}
	// A tuple needs no parentheses.
	if p.peek() == ',' {
		items := []any{v}
		for p.accept(',') && !p.end() {
			if v, err = p.item(); err != nil {
				return nil, err
			}
			items = append(items, v)
		}
		v = items
	}
	if p.emptyLines(); !p.end() {
		return nil, fmt.Errorf("%q follows the value", p.rest())
	}
	return v, nil
}

// emptyLines skips space, comments and line ends around the value.
func (p *parser) emptyLines() {
	for p.space(); p.peek() == '\n'; p.space() {
		p.pos++
	}
}

func (p *parser) end() bool { return p.pos >= len(p.text) }

// peek is the byte at pos, or 0 at the end.
func (p *parser) peek() byte {
	if p.end() {
		return 0
	}
	return p.text[p.pos]
}

// rest is a little of what comes, for messages.
func (p *parser) rest() string {
	r := []rune(p.text[p.pos:min(p.pos+80, len(p.text))])
	if len(r) > 12 {
		return string(r[:12]) + "…"
	}
	return string(r)
}

// accept takes the byte if it comes next, and the space behind it.
func (p *parser) accept(c byte) bool {
	if p.end() || p.text[p.pos] != c {
		return false
	}
	p.pos++
	p.space()
	return true
}

// space skips what may stand between two tokens.
func (p *parser) space() {
	for !p.end() {
		switch c := p.text[p.pos]; {
		case c == ' ' || c == '\t' || c == '\f':
			p.pos++
		case c == '\n' && p.depth > 0:
			p.pos++
		case c == '\\' && strings.HasPrefix(p.text[p.pos+1:], "\n"):
			p.pos += 2
		case c == '#':
			end := strings.IndexByte(p.text[p.pos:], '\n')
			if end < 0 {
				end = len(p.text) - p.pos
			}
			p.pos += end
		default:
			return
		}
	}
}

// item reads one value and the space behind it.
func (p *parser) item() (any, error) {
	c := p.peek()
	switch {
	case p.end():
		return nil, fmt.Errorf("the text ends where a value should stand")
	case c == '[':
		return p.list()
	case c == '(':
		return p.tuple()
	case c == '{':
		return p.braces()
	case c == '+' || c == '-':
		p.pos++
		p.space()
		return p.signed(c == '-')
	case c == '\'' || c == '"':
		return p.literals()
	case c == '.' || '0' <= c && c <= '9':
		return p.number(false)
	}
	return p.word()
}

// signed reads the number behind a sign. Python allows parentheses around it,
// but no second sign.
func (p *parser) signed(negative bool) (any, error) {
	if p.peek() == '(' {
		if err := p.open(); err != nil {
			return nil, err
		}
		v, err := p.signed(negative)
		if err != nil {
			return nil, err
		}
		return v, p.close(')')
	}
	if c := p.peek(); c != '.' && (c < '0' || '9' < c) {
		return nil, fmt.Errorf("a sign must stand before a number")
	}
	return p.number(negative)
}

// word reads a name: one of the three constants, the prefix of a string, or
// the empty set.
func (p *parser) word() (any, error) {
	end := p.pos
	for end < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[end:])
		if !isNameRune(r) {
			break
		}
		end += size
	}
	name := p.text[p.pos:end]
	switch name {
	case "":
		return nil, fmt.Errorf("%q is no value", p.rest())
	case "None":
		return p.constant(end, nil)
	case "True":
		return p.constant(end, true)
	case "False":
		return p.constant(end, false)
	case "set":
		start := p.pos
		p.pos = end
		p.space()
		if p.peek() == '(' {
			if err := p.open(); err != nil {
				return nil, err
			}
			if err := p.close(')'); err != nil {
				return nil, err
			}
			return []any{}, nil
		}
		p.pos = start
	}
	if end < len(p.text) && (p.text[end] == '\'' || p.text[end] == '"') {
		return p.literals()
	}
	return nil, fmt.Errorf("the name %s is no value; strings need quotes", name)
}

func (p *parser) constant(end int, v any) (any, error) {
	p.pos = end
	p.space()
	return v, nil
}

// isNameRune reports whether a rune may stand in a name or number.
func isNameRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// open takes an opening bracket, close the closing one.
func (p *parser) open() error {
	if p.depth++; p.depth > maxNesting {
		return fmt.Errorf("brackets nested more than %d deep", maxNesting)
	}
	p.pos++
	p.space()
	return nil
}

func (p *parser) close(bracket byte) error {
	if p.peek() != bracket {
		if p.end() {
			return fmt.Errorf("the text ends where %c should stand", bracket)
		}
		return fmt.Errorf("%q stands where %c or a comma should", p.rest(), bracket)
	}
	p.depth--
	p.pos++
	p.space()
	return nil
}

// items reads values with commas between them up to the closing bracket;
// comma tells whether there was any.
func (p *parser) items(bracket byte) (items []any, comma bool, err error) {
	items = []any{}
	for !p.end() && p.peek() != bracket {
		v, err := p.item()
		if err != nil {
			return nil, false, err
		}
		items = append(items, v)
		if !p.accept(',') {
			break
		}
		comma = true
	}
	return items, comma, p.close(bracket)
}

func (p *parser) list() (any, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	items, _, err := p.items(']')
	return items, err
}

// tuple reads a tuple, or a value in parentheses.
func (p *parser) tuple() (any, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	items, comma, err := p.items(')')
	if err != nil {
		return nil, err
	}
	if len(items) == 1 && !comma {
		return items[0], nil
	}
	return items, nil
}

// braces reads a dict or a set.
func (p *parser) braces() (any, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	if p.peek() == '}' {
		return map[string]any{}, p.close('}')
	}
	start := p.pos
	first, err := p.item()
	if err != nil {
		return nil, err
	}
	if p.peek() == ':' {
		return p.dict(first, start)
	}
	items := []any{first}
	for p.accept(',') && p.peek() != '}' {
		v, err := p.item()
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, p.close('}')
}

// dict reads the rest of a dict whose first key was read already, at start.
func (p *parser) dict(key any, start int) (any, error) {
	dict := map[string]any{}
	for {
		name, ok := key.(string)
		if !ok {
			p.pos = start
			return nil, fmt.Errorf("the key %s is no string", Repr(key))
		}
		if !p.accept(':') {
			return nil, fmt.Errorf("%q stands where a colon should", p.rest())
		}
		v, err := p.item()
		if err != nil {
			return nil, err
		}
		dict[name] = v
		if !p.accept(',') || p.peek() == '}' {
			return dict, p.close('}')
		}
		start = p.pos
		if key, err = p.item(); err != nil {
			return nil, err
		}
	}
}
