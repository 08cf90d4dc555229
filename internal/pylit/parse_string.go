package pylit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// literals reads one string or bytes literal, and those next to it that
// continue it.
func (p *parser) literals() (any, error) {
	var text strings.Builder
	var isBytes bool
	for first := true; ; first = false {
		start := p.pos
		l, ok, err := p.prefix()
		if err != nil {
			return nil, err
		}
		if !ok {
			p.pos = start
			break
		}
		if !first && l.bytes != isBytes {
			p.pos = start
			return nil, fmt.Errorf("a string and bytes cannot stand side by side")
		}
		isBytes = l.bytes
		if err := p.literal(&text, l); err != nil {
			return nil, err
		}
		p.space()
	}
	if isBytes {
		return []byte(text.String()), nil
	}
	return text.String(), nil
}

// literal is the kind of a literal, told by what stands before its text.
type literal struct {
	raw, bytes bool
	quote      string // one or three quotes
}

// prefix reads up to and with the opening quotes; ok is false when no string
// begins here.
func (p *parser) prefix() (l literal, ok bool, err error) {
	letters := 0
	for p.pos+letters < len(p.text) && letters < 3 && strings.IndexByte("rRbBuUfFtT", p.text[p.pos+letters]) >= 0 {
		letters++
	}
	rest := p.text[p.pos+letters:]
	if rest == "" || rest[0] != '\'' && rest[0] != '"' {
		return l, false, nil
	}
	switch name := strings.ToLower(p.text[p.pos : p.pos+letters]); name {
	case "", "u":
	case "r":
		l.raw = true
	case "b":
		l.bytes = true
	case "br", "rb":
		l.raw, l.bytes = true, true
	case "f", "fr", "rf", "t", "tr", "rt":
		return l, false, fmt.Errorf("a string with the prefix %s is computed, no literal", name)
	default:
		return l, false, fmt.Errorf("strings have no prefix %s", name)
	}
	l.quote = rest[:1]
	if triple := strings.Repeat(l.quote, 3); strings.HasPrefix(rest, triple) {
		l.quote = triple
	}
	p.pos += letters + len(l.quote)
	return l, true, nil
}

// literal reads the text up to and with the closing quotes.
func (p *parser) literal(text *strings.Builder, l literal) error {
	start := p.pos - len(l.quote)
	for {
		rest := p.text[p.pos:]
		switch {
		case rest == "" || rest[0] == '\n' && len(l.quote) == 1:
			p.pos = start
			return fmt.Errorf("the string that begins here is never closed")
		case strings.HasPrefix(rest, l.quote):
			p.pos += len(l.quote)
			return nil
		case rest[0] >= 0x80 && l.bytes:
			return fmt.Errorf("bytes are written in ASCII")
		case rest[0] != '\\':
			_, size := utf8.DecodeRuneInString(rest)
			text.WriteString(rest[:size])
			p.pos += size
		case l.raw:
			// A backslash keeps a quote from closing the string, and stays.
			size := 1
			if len(rest) > 1 && rest[1] < 0x80 {
				size = 2
			}
			text.WriteString(rest[:size])
			p.pos += size
		default:
			size, err := escape(text, rest, l.bytes)
			if err != nil {
				return err
			}
			p.pos += size
		}
	}
}

// escape writes what the escape that rest begins with stands for, and returns
// its length. An unknown one stands for itself.
func escape(text *strings.Builder, rest string, isBytes bool) (int, error) {
	if len(rest) < 2 {
		text.WriteByte('\\')
		return 1, nil
	}
	const named, meant = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"
	c := rest[1]
	if i := strings.IndexByte(named, c); i >= 0 {
		text.WriteByte(meant[i])
		return 2, nil
	}
	switch {
	case c == '\n':
		return 2, nil
	case '0' <= c && c <= '7':
		size := 2
		for size < 4 && size < len(rest) && '0' <= rest[size] && rest[size] <= '7' {
			size++
		}
		n, err := strconv.ParseUint(rest[1:size], 8, 16)
		if err != nil {
			return 0, err
		}
		return size, write(text, rune(n), isBytes)
	case c == 'x':
		return hexEscape(text, rest, 2, isBytes)
	case c == 'u' && !isBytes:
		return hexEscape(text, rest, 4, isBytes)
	case c == 'U' && !isBytes:
		return hexEscape(text, rest, 8, isBytes)
	case c == 'N' && !isBytes:
		return 0, fmt.Errorf(`\N{...} is not understood here; write the character or \u`)
	}
	text.WriteByte('\\')
	return 1, nil
}

// hexEscape reads exactly so many digits behind the two bytes of the escape.
func hexEscape(text *strings.Builder, rest string, digits int, isBytes bool) (int, error) {
	size := 2 + digits
	if len(rest) < size {
		return 0, fmt.Errorf("%s needs %d hexadecimal digits", rest[:2], digits)
	}
	n, err := strconv.ParseUint(rest[2:size], 16, 32)
	if err != nil {
		return 0, fmt.Errorf("%s needs %d hexadecimal digits", rest[:2], digits)
	}
	if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, fmt.Errorf("%s is no character", rest[:size])
	}
	return size, write(text, rune(n), isBytes)
}

func write(text *strings.Builder, r rune, isBytes bool) error {
	if isBytes {
		return text.WriteByte(byte(r))
	}
	_, err := text.WriteRune(r)
	return err
}
