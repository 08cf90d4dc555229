package xmlrpc

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// This file reads what XML allows and XML-RPC hardly ever has: attributes,
// comments, CDATA sections, references, and the XML declaration.

const (
	longestReference   = 32
	longestDeclaration = 1 << 10
	mostAttributes     = 32
)

// isPlainText marks the bytes of text that stand for themselves.
// isNameByte marks those of element and attribute names.
var isPlainText, isNameByte = byteClasses()

func byteClasses() (text, name [256]bool) {
	for c := range 256 {
		b := byte(c)
		text[c] = b == '\t' || b == '\n' || b >= 0x20 && b < utf8.RuneSelf && b != '<' && b != '&' && b != ']'
		name[c] = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte(":_-.", b) >= 0
	}
	return text, name
}

// character measures the character that b begins with, or says why XML has no such.
func character(b []byte) (size int, reason string) {
	if b[0] < utf8.RuneSelf {
		if isXMLChar(rune(b[0])) {
			return 1, ""
		}
		return 0, "the control character 0x" + strconv.FormatUint(uint64(b[0]), 16) + " isn't allowed in XML"
	}
	r, size := utf8.DecodeRune(b)
	switch {
	case r == utf8.RuneError && size == 1:
		return 0, "the text isn't UTF-8"
	case !isXMLChar(r):
		return 0, "the character U+" + strings.ToUpper(strconv.FormatInt(int64(r), 16)) + " isn't allowed in XML"
	}
	return size, ""
}

// isXMLChar reports whether a document can hold the character, written out or
// as a reference (XML 1.0 §2.2).
func isXMLChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// peek is the next byte.
func (s *scanner) peek() (byte, error) {
	err := s.ensure(1)
	if err != nil {
		return 0, err
	}
	return s.buf[s.pos], nil
}

// step moves past one character that stands for itself.
func (s *scanner) step() error {
	if err := s.fill(utf8.UTFMax); err != nil {
		return err
	}
	if s.pos == len(s.buf) {
		return s.want()
	}
	size, reason := character(s.buf[s.pos:])
	if reason != "" {
		return s.syntax("%s", reason)
	}
	s.pos += size
	return nil
}

// section reads the comment or CDATA section that begins at s.pos.
func (s *scanner) section(keep bool) error {
	const cdata = "<![CDATA["
	if err := s.fill(len(cdata)); err != nil {
		return err
	}
	if !s.literal(cdata) {
		return s.comment()
	}
	for {
		if err := s.fill(len("]]>")); err != nil {
			return err
		}
		if s.literal("]]>") {
			return nil
		}
		if s.literal("\r\n") || s.literal("\r") {
			if keep {
				s.text = append(s.text, '\n')
			}
			continue
		}
		if err := s.fill(utf8.UTFMax); err != nil {
			return err
		}
		before := s.pos
		if err := s.step(); err != nil {
			return err
		}
		if keep {
			s.text = append(s.text, s.buf[before:s.pos]...)
		}
	}
}

// comment moves past the comment that begins at s.pos.
func (s *scanner) comment() error {
	if err := s.fill(len("<!DOCTYPE")); err != nil {
		return err
	}
	if !s.literal("<!--") {
		if bytes.HasPrefix(s.buf[s.pos:], []byte("<!DOCTYPE")) {
			return s.syntax("a DTD isn't allowed")
		}
		return s.syntax("<! doesn't begin a comment")
	}
	for {
		if err := s.fill(len("-->")); err != nil {
			return err
		}
		if s.literal("-->") {
			return nil
		}
		if bytes.HasPrefix(s.buf[s.pos:], []byte("--")) && len(s.buf)-s.pos > 2 {
			return s.syntax("-- isn't allowed in a comment")
		}
		if err := s.step(); err != nil {
			return err
		}
	}
}

// reference reads the reference that begins at s.pos.
func (s *scanner) reference() (rune, error) {
	if err := s.fill(longestReference); err != nil {
		return 0, err
	}
	rest := s.buf[s.pos:min(len(s.buf), s.pos+longestReference)]
	end := bytes.IndexByte(rest, ';')
	if end < 0 {
		return 0, s.syntax("& doesn't begin a reference")
	}
	var r rune
	switch name := string(rest[1:end]); name {
	case "amp":
		r = '&'
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "quot":
		r = '"'
	case "apos":
		r = '\''
	default:
		digits, numeric := strings.CutPrefix(name, "#")
		base := 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		if !numeric {
			return 0, s.syntax("the entity %.*q isn't known", longestReference, name)
		}
		n, err := strconv.ParseUint(digits, base, 31)
		if err != nil || strings.ContainsAny(digits, "+_") {
			return 0, s.syntax("&%s; isn't a character reference", name)
		}
		if r = rune(n); !isXMLChar(r) {
			return 0, s.syntax("&%s; isn't allowed in XML", name)
		}
	}
	s.pos += end + 1
	return r, nil
}

// restOfTag reads a tag from behind its name to its end. Attributes mean nothing
// in XML-RPC, but they must be well formed.
func (s *scanner) restOfTag(e element, start bool) error {
	begin := s.offset()
	var names []string
	for {
		c, spaced, err := s.afterSpace()
		switch {
		case err != nil:
			return err
		case s.offset()-begin > longestTag:
			return s.syntax("a tag is too long")
		case c == '>':
			s.pos++
			return nil
		case c == '/' && start:
			s.pos++
			if c, err = s.peek(); err != nil {
				return err
			}
			if c != '>' {
				return s.syntax("/ doesn't end a tag")
			}
			s.pos++
			s.pending = e
			return nil
		case !start || !spaced:
			return s.syntax("a tag isn't well formed")
		}
		name, err := s.attribute()
		if err != nil {
			return err
		}
		if slices.Contains(names, name) {
			return s.syntax("the attribute %q comes twice", name)
		}
		if names = append(names, name); len(names) > mostAttributes {
			return s.syntax("a tag has more than %d attributes", mostAttributes)
		}
	}
}

// afterSpace is the next byte that isn't white space.
func (s *scanner) afterSpace() (c byte, spaced bool, err error) {
	for n := 0; ; n++ {
		if c, err = s.peek(); err != nil || !isSpace(c) {
			return c, n > 0, err
		}
		s.pos++
	}
}

// attribute moves past name="value" and gives the name.
func (s *scanner) attribute() (string, error) {
	var name []byte
	for {
		c, err := s.peek()
		if err != nil {
			return "", err
		}
		if !isNameByte[c] {
			break
		}
		if len(name) == longestName {
			return "", s.syntax("an attribute name is too long")
		}
		name = append(name, c)
		s.pos++
	}
	if len(name) == 0 || strings.IndexByte("0123456789-.", name[0]) >= 0 {
		return "", s.syntax("a tag isn't well formed")
	}
	c, _, err := s.afterSpace()
	if err != nil {
		return "", err
	}
	if c != '=' {
		return "", s.syntax("the attribute %q has no value", name)
	}
	s.pos++
	quote, _, err := s.afterSpace()
	if err != nil {
		return "", err
	}
	if quote != '"' && quote != '\'' {
		return "", s.syntax("the attribute %q has no quoted value", name)
	}
	s.pos++
	for begin := s.offset(); s.offset()-begin <= longestTag; {
		c, err := s.peek()
		if err != nil {
			return "", err
		}
		switch c {
		case quote:
			s.pos++
			return string(name), nil
		case '<':
			return "", s.syntax("< isn't allowed in an attribute")
		case '&':
			_, err = s.reference()
		default:
			err = s.step()
		}
		if err != nil {
			return "", err
		}
	}
	return "", s.syntax("a tag is too long")
}

// prolog moves past a byte order mark and the XML declaration, if they are there.
func (s *scanner) prolog() error {
	const mark, declaration = "\uFEFF", "<?xml"
	if err := s.fill(len(mark) + len(declaration) + 1); err != nil {
		return err
	}
	s.literal(mark)
	rest := s.buf[s.pos:]
	if !bytes.HasPrefix(rest, []byte(declaration)) || len(rest) == len(declaration) || !isSpace(rest[len(declaration)]) {
		return nil
	}
	if err := s.fill(longestDeclaration); err != nil {
		return err
	}
	end := bytes.Index(s.buf[s.pos:min(len(s.buf), s.pos+longestDeclaration)], []byte("?>"))
	if end < 0 {
		return s.syntax("the XML declaration has no end, or is too long")
	}
	if err := s.declared(string(s.buf[s.pos+len(declaration) : s.pos+end])); err != nil {
		return err
	}
	s.pos += end + len("?>")
	return nil
}

// declared checks what an XML declaration says, without its <?xml and ?>.
func (s *scanner) declared(text string) error {
	order := []string{"version", "encoding", "standalone"}
	for first := true; ; first = false {
		trimmed := strings.TrimLeft(text, " \t\r\n")
		if trimmed == "" && !first {
			return nil
		}
		name, rest, ok := strings.Cut(trimmed, "=")
		name = strings.TrimRight(name, " \t\r\n")
		at := slices.Index(order, name)
		if !ok || at < 0 || trimmed == text || first && at != 0 {
			return s.syntax("the XML declaration isn't well formed")
		}
		order = order[at+1:]
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" || rest[0] != '"' && rest[0] != '\'' {
			return s.syntax("the XML declaration isn't well formed")
		}
		value, after, ok := strings.Cut(rest[1:], rest[:1])
		if !ok {
			return s.syntax("the XML declaration isn't well formed")
		}
		text = after
		switch name {
		case "version":
			if !strings.HasPrefix(value, "1.") {
				return s.syntax("the XML version %.20q isn't 1.0", value)
			}
		case "encoding":
			if e := strings.ToUpper(value); e != "UTF-8" && e != "US-ASCII" && e != "ASCII" {
				return s.syntax("the encoding %.20q isn't UTF-8", value)
			}
		case "standalone":
			if value != "yes" && value != "no" {
				return s.syntax("the XML declaration isn't well formed")
			}
		}
	}
}

// finish makes sure that nothing but white space and comments follows.
func (s *scanner) finish() error {
	for {
		s.space()
		if err := s.fill(2); err != nil {
			return err
		}
		switch {
		case s.pos == len(s.buf):
			return nil
		case isSpace(s.buf[s.pos]):
		case s.buf[s.pos] == '<' && s.pos+1 < len(s.buf) && s.buf[s.pos+1] == '!':
			if err := s.comment(); err != nil {
				return err
			}
		default:
			return s.syntax("something follows the document's end")
		}
	}
}
