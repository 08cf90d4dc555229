package xmlrpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	firstWindow = 4 << 10  // so that the many small documents stay cheap
	fullWindow  = 64 << 10 // reached as a document turns out to be long
	longestTag  = 4 << 10  // a tag with its attributes must fit the window
	longestName = 64       // of an element
)

// scanner cuts a document into tags and text. It sees the document through a
// window that slides over the reader; what it returns is part of the window or
// of its scratch space, and valid until the next call.
type scanner struct {
	r    io.Reader // nil when the window is the whole document
	buf  []byte    // the window
	pos  int       // the next byte in it
	base int64     // offset of the window in the document
	left int64     // bytes that may still be read; negative: any number

	text    []byte  // scratch for text that isn't in the window in one piece
	last    []byte  // name of the last type's start tag as it was written
	pending element // an empty-element tag was read, its end comes next
	err     error   // why the reader has no more: io.EOF or worse
}

// tag is a start or an end tag.
type tag struct {
	elem  element
	start bool
}

func newScanner(r io.Reader, maxBytes int64) scanner {
	if maxBytes <= 0 {
		maxBytes = -1
	}
	return scanner{r: r, left: maxBytes}
}

// offset is where the scanner is in the document.
func (s *scanner) offset() int64 { return s.base + int64(s.pos) }

// syntax is a SyntaxError at the scanner's place.
func (s *scanner) syntax(format string, args ...any) error {
	return &SyntaxError{Offset: s.offset(), Reason: fmt.Sprintf(format, args...)}
}

// more slides the window and reads on. It fails with io.EOF at the end.
func (s *scanner) more() error {
	if s.err == nil && s.r == nil {
		s.err = io.EOF
	}
	if s.err != nil {
		return s.err
	}
	s.makeRoom()
	room := s.buf[len(s.buf):cap(s.buf)]
	if s.left >= 0 && int64(len(room)) > s.left+1 {
		room = room[:s.left+1]
	}
	for range 100 {
		n, err := s.r.Read(room)
		switch {
		case errors.Is(err, io.EOF):
			s.err = io.EOF
		case err != nil:
			s.err = fmt.Errorf("read document: %w", err)
		}
		if s.left >= 0 {
			if int64(n) > s.left {
				s.err = ErrTooLong
				return s.err
			}
			s.left -= int64(n)
		}
		if n > 0 {
			s.buf = s.buf[:len(s.buf)+n]
			return nil
		}
		if s.err != nil {
			return s.err
		}
	}
	s.err = fmt.Errorf("read document: %w", io.ErrNoProgress)
	return s.err
}

// makeRoom has a quarter of the window or more free behind what is in it. The
// window widens only when it was filled, so that a slow reader of a small
// document doesn't cost a wide one.
func (s *scanner) makeRoom() {
	size := cap(s.buf)
	kept := len(s.buf) - s.pos
	switch {
	case size == 0:
		s.buf = make([]byte, 0, firstWindow)
		return
	case kept > 0 && size-len(s.buf) >= size/4:
		return
	case size < fullWindow && len(s.buf) >= size-size/4:
		wider := make([]byte, kept, size*4)
		copy(wider, s.buf[s.pos:])
		s.buf = wider
	default:
		copy(s.buf, s.buf[s.pos:])
		s.buf = s.buf[:kept]
	}
	s.base += int64(s.pos)
	s.pos = 0
}

// want reads on inside of the document, where its end is an error.
func (s *scanner) want() error {
	if err := s.more(); err != nil {
		if errors.Is(err, io.EOF) {
			s.pos = len(s.buf)
			return s.syntax("the document ends too early")
		}
		return err
	}
	return nil
}

// ensure has n bytes of the document in the window from s.pos on.
func (s *scanner) ensure(n int) error {
	for len(s.buf)-s.pos < n {
		if err := s.want(); err != nil {
			return err
		}
	}
	return nil
}

// fill is ensure for when the document may end before; that is no error then.
func (s *scanner) fill(n int) error {
	for len(s.buf)-s.pos < n {
		if err := s.more(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// literal moves past the text if it comes next and is in the window.
func (s *scanner) literal(text string) bool {
	if n := len(text); len(s.buf)-s.pos >= n && string(s.buf[s.pos:s.pos+n]) == text {
		s.pos += n
		return true
	}
	return false
}

// space moves past white space; it stops at the window's end.
func (s *scanner) space() {
	for s.pos < len(s.buf) && isSpace(s.buf[s.pos]) {
		s.pos++
	}
}

func isSpace(c byte) bool { return c == '\n' || c == ' ' || c == '\t' || c == '\r' }

// next moves past white space and comments to the next tag, and past that.
func (s *scanner) next() (tag, error) {
	if e := s.pending; e != elemNone {
		s.pending = elemNone
		return tag{e, false}, nil
	}
	for {
		s.space()
		if s.pos == len(s.buf) {
			if err := s.want(); err != nil {
				return tag{}, err
			}
			continue
		}
		if s.buf[s.pos] != '<' {
			return tag{}, s.syntax("there is text where a tag belongs")
		}
		if err := s.ensure(2); err != nil {
			return tag{}, err
		}
		switch s.buf[s.pos+1] {
		case '!':
			if err := s.comment(); err != nil {
				return tag{}, err
			}
		case '?':
			return tag{}, s.syntax("a processing instruction isn't allowed here")
		default:
			return s.tag()
		}
	}
}

// tag reads the tag that begins at s.pos.
func (s *scanner) tag() (tag, error) {
	for {
		i := s.pos + 1
		start := true
		if i < len(s.buf) && s.buf[i] == '/' {
			start = false
			i++
		}
		begin := i
		for i < len(s.buf) && isNameByte[s.buf[i]] {
			i++
		}
		if i-begin > longestName {
			return tag{}, s.syntax("an element name is too long")
		}
		if i == len(s.buf) {
			if err := s.want(); err != nil {
				return tag{}, err
			}
			continue
		}
		name := s.buf[begin:i]
		e, err := s.element(name, start)
		if err != nil {
			return tag{}, err
		}
		if s.buf[i] == '>' {
			s.pos = i + 1
			return tag{e, start}, nil
		}
		s.pos = i
		return tag{e, start}, s.restOfTag(e, start)
	}
}

// element names a tag. Only types may have a prefix, and only they have more
// than one spelling; theirs is kept in s.last for the end tag.
func (s *scanner) element(name []byte, start bool) (element, error) {
	e := elementOf(name)
	if e == elemNone {
		if i := bytes.IndexByte(name, ':'); i > 0 {
			if e = elementOf(name[i+1:]); e < elemNil {
				e = elemNone
			}
		}
	}
	switch {
	case e == elemNone && len(name) == 0:
		return e, s.syntax("< doesn't begin a tag")
	case e == elemNone:
		return e, s.syntax("there is no element <%s> in XML-RPC", name)
	case e >= elemNil && start:
		s.last = append(s.last[:0], name...)
	case e >= elemNil && string(s.last) != string(name):
		return e, s.syntax("</%s> doesn't end <%s>", name, s.last)
	}
	return e, nil
}

// open moves past the start tag of e, which must come next.
func (s *scanner) open(e element) error {
	if s.pending == elemNone {
		s.space()
		if s.literal(openTags[e]) {
			return nil
		}
	}
	t, err := s.next()
	if err != nil {
		return err
	}
	if !t.start || t.elem != e {
		return s.unexpected(t, "<"+e.String()+">")
	}
	return nil
}

// close moves past the end tag of e, which must come next.
func (s *scanner) close(e element) error {
	if s.pending == elemNone {
		if e >= elemNil {
			if s.closeLast() {
				return nil
			}
		} else if s.space(); s.literal(closeTags[e]) {
			return nil
		}
	}
	t, err := s.next()
	if err != nil {
		return err
	}
	if t.start || t.elem != e {
		return s.unexpected(t, "</"+e.String()+">")
	}
	return nil
}

// closeLast moves past the end tag of the last type if it comes next as plainly
// as its start tag was written.
func (s *scanner) closeLast() bool {
	n := len(s.last)
	rest := s.buf[s.pos:]
	if len(rest) < n+3 || rest[0] != '<' || rest[1] != '/' || string(rest[2:2+n]) != string(s.last) || rest[2+n] != '>' {
		return false
	}
	s.pos += n + 3
	return true
}

// unexpected says which tag stands where another belongs.
func (s *scanner) unexpected(t tag, want string) error {
	if t.start {
		return s.syntax("<%s> stands where %s belongs", t.elem, want)
	}
	return s.syntax("</%s> stands where %s belongs", t.elem, want)
}

// chars reads text up to the next tag. Comments in it vanish, CDATA sections
// and references are resolved. Without keep the text is checked, not returned.
func (s *scanner) chars(keep bool) ([]byte, error) {
	if s.pending != elemNone {
		return nil, nil
	}
	s.text = s.text[:0]
	whole := true // all of the text is buf[start:i], nothing is in s.text
	start, i := s.pos, s.pos
	for {
		for i < len(s.buf) && isPlainText[s.buf[i]] {
			i++
		}
		if len(s.buf)-i < utf8.UTFMax && s.err == nil {
			// See enough to tell what the next byte begins.
			s.take(start, i, keep)
			whole = false
			if err := s.fill(utf8.UTFMax); err != nil {
				return nil, err
			}
			start, i = s.pos, s.pos
			continue
		}
		if i == len(s.buf) {
			s.pos = i
			return nil, s.want()
		}
		c := s.buf[i]
		if c == '<' && (i+1 == len(s.buf) || s.buf[i+1] != '!') {
			if whole {
				s.pos = i
				return s.buf[start:i], nil
			}
			s.take(start, i, keep)
			return s.text, nil
		}
		if c != '<' && c != '&' && c != '\r' {
			// The byte stands for itself if it is allowed.
			size, reason := character(s.buf[i:])
			if c == ']' && bytes.HasPrefix(s.buf[i:], []byte("]]>")) {
				reason = "]]> isn't allowed in text"
			}
			if reason != "" {
				s.pos = i
				return nil, s.syntax("%s", reason)
			}
			i += size
			continue
		}
		s.take(start, i, keep)
		whole = false
		if err := s.special(c, keep); err != nil {
			return nil, err
		}
		start, i = s.pos, s.pos
	}
}

// take moves past buf[start:i] and keeps it as text.
func (s *scanner) take(start, i int, keep bool) {
	if keep {
		s.text = append(s.text, s.buf[start:i]...)
	}
	s.pos = i
}

// special reads what c begins in text: a section, a reference or a line end.
func (s *scanner) special(c byte, keep bool) error {
	switch c {
	case '<':
		return s.section(keep)
	case '&':
		r, err := s.reference()
		if keep && err == nil {
			s.text = utf8.AppendRune(s.text, r)
		}
		return err
	default: // a carriage return, with or without a line feed, is a line feed
		if keep {
			s.text = append(s.text, '\n')
		}
		s.pos++
		if s.pos < len(s.buf) && s.buf[s.pos] == '\n' {
			s.pos++
		}
		return nil
	}
}
