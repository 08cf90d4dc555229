package xmlrpc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
	"unsafe"
)

const (
	firstBuffer = 2 << 10
	fullBuffer  = 64 << 10
	// deepestValue keeps a value that contains itself from eating the stack.
	deepestValue = 1000
	base64Line   = 57 // bytes that make a line of 76 characters
)

// Marshaler is a type that writes itself: exactly one value, with the Encoder's
// Value, Nil, Int, Bool, Double, String, Bytes, or BeginStruct … EndStruct or
// BeginArray … EndArray. It isn't asked when it is a nil pointer.
type Marshaler interface {
	MarshalXMLRPC(e *Encoder) error
}

// Encoder writes documents, or single values, to a stream through a buffer.
// The first error stays: all that follows it does nothing and returns it.
type Encoder struct {
	w      io.Writer
	pieces *pieces // instead of w
	buf    []byte
	err    error
	depth  int
	frames []frame
	typed  bool // Moment writes dateTime
}

// frame is an array or a struct that was begun, or the place of a Marshaler's value.
type frame struct {
	kind  frameKind
	ready bool // a value may come: a key was given, the one value is missing
}

type frameKind uint8

const (
	frameOne frameKind = iota
	frameArray
	frameStruct
)

// NewEncoder prepares to write to w. Call, Response and Fault flush the buffer
// at their document's end; who writes single values calls Flush.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// streamBuffers are the buffers of the Encoders that write to a stream.
var streamBuffers = sync.Pool{New: func() any { return new([fullBuffer]byte) }}

// finish writes what is in the buffer and gives the buffer back: a document has ended.
func (e *Encoder) finish() error {
	err := e.Flush()
	if err == nil && e.pieces == nil && e.buf != nil {
		streamBuffers.Put((*[fullBuffer]byte)(e.buf[:fullBuffer]))
		e.buf = nil
	}
	return err
}

// Flush writes what is in the buffer.
func (e *Encoder) Flush() error {
	if e.err == nil {
		e.drain()
	}
	return e.err
}

// drain empties the buffer.
func (e *Encoder) drain() {
	if e.pieces != nil {
		if len(e.buf) > 0 {
			*e.pieces = append(*e.pieces, e.buf)
			e.buf = nil
		}
		return
	}
	if len(e.buf) == 0 {
		return
	}
	n, err := e.w.Write(e.buf)
	if err == nil && n < len(e.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		e.err = fmt.Errorf("write document: %w", err)
	}
	e.buf = e.buf[:0]
}

// room makes the buffer take n more bytes; n is at most fullBuffer.
func (e *Encoder) room(n int) {
	if len(e.buf)+n <= cap(e.buf) {
		return
	}
	switch {
	case e.pieces == nil && e.buf == nil:
		e.buf = streamBuffers.Get().(*[fullBuffer]byte)[:0]
		return
	case e.buf == nil && len(*e.pieces) == 0:
		e.buf = make([]byte, 0, max(firstBuffer, n))
	case e.buf == nil:
		e.buf = make([]byte, 0, fullBuffer)
	case cap(e.buf) < fullBuffer:
		wider := make([]byte, len(e.buf), min(fullBuffer, max(cap(e.buf)*4, len(e.buf)+n)))
		copy(wider, e.buf)
		e.buf = wider
	}
	if len(e.buf)+n > cap(e.buf) {
		e.drain()
		if e.buf == nil {
			e.buf = make([]byte, 0, fullBuffer)
		}
	}
}

// raw writes text as it is.
func (e *Encoder) raw(text string) {
	for len(text) > fullBuffer {
		e.room(fullBuffer)
		e.buf = append(e.buf, text[:fullBuffer]...)
		text = text[fullBuffer:]
	}
	e.room(len(text))
	e.buf = append(e.buf, text...)
}

// fail keeps the first error.
func (e *Encoder) fail(err error) error {
	if e.err == nil {
		e.err = err
	}
	return e.err
}

var (
	errNoKey     = errors.New("encode struct: a value needs a key")
	errTwoValues = errors.New("encode value: a MarshalXMLRPC wrote more than one value")
	errNoValue   = errors.New("encode value: a MarshalXMLRPC wrote no value")
	errUnpaired  = errors.New("encode value: begin and end of arrays and structs don't match")
	errTooDeep   = fmt.Errorf("encode value: nested deeper than %d", deepestValue)
)

// begin checks that a value may come here.
func (e *Encoder) begin() bool {
	if e.err != nil {
		return false
	}
	if n := len(e.frames); n > 0 {
		switch f := &e.frames[n-1]; {
		case f.kind == frameArray:
		case !f.ready && f.kind == frameStruct:
			e.fail(errNoKey)
			return false
		case !f.ready:
			e.fail(errTwoValues)
			return false
		}
	}
	return true
}

// end finishes what begin began.
func (e *Encoder) end() {
	if n := len(e.frames); n > 0 {
		f := &e.frames[n-1]
		f.ready = false
		if f.kind == frameStruct {
			e.raw("</member>\n")
		}
	}
}

// Value writes one <value> of any type this package knows; see the package's text.
func (e *Encoder) Value(v any) error {
	if e.begin() {
		if err := e.any(v); err != nil {
			return e.fail(err)
		}
		e.end()
	}
	return e.err
}

// BeginStruct begins a struct: pairs of Key and a value follow, and EndStruct.
func (e *Encoder) BeginStruct() { e.push(frameStruct, "<value><struct>\n") }

// BeginArray begins an array: values follow, and EndArray.
func (e *Encoder) BeginArray() { e.push(frameArray, "<value><array><data>\n") }

func (e *Encoder) push(kind frameKind, text string) {
	if !e.begin() {
		return
	}
	if e.depth++; e.depth > deepestValue {
		e.fail(errTooDeep)
		return
	}
	e.raw(text)
	e.frames = append(e.frames, frame{kind: kind})
}

// Key writes the name of a struct's next member.
func (e *Encoder) Key(name string) {
	if e.err != nil {
		return
	}
	n := len(e.frames)
	if n == 0 || e.frames[n-1].kind != frameStruct || e.frames[n-1].ready {
		e.fail(errUnpaired)
		return
	}
	e.frames[n-1].ready = true
	e.key(name)
}

// key writes a member's beginning.
func (e *Encoder) key(name string) {
	e.raw("<member>\n<name>")
	e.escape(name)
	e.raw("</name>\n")
}

// EndStruct ends the struct begun last.
func (e *Encoder) EndStruct() { e.pop(frameStruct, "</struct></value>\n") }

// EndArray ends the array begun last.
func (e *Encoder) EndArray() { e.pop(frameArray, "</data></array></value>\n") }

func (e *Encoder) pop(kind frameKind, text string) {
	if e.err != nil {
		return
	}
	n := len(e.frames)
	if n == 0 || e.frames[n-1].kind != kind || e.frames[n-1].ready {
		e.fail(errUnpaired)
		return
	}
	e.depth--
	e.raw(text)
	e.frames = e.frames[:n-1]
	e.end()
}

// Nil writes <nil/>.
func (e *Encoder) Nil() {
	if e.begin() {
		e.null()
		e.end()
	}
}

// Int writes an integer, as <i8> if it doesn't fit 32 bits.
func (e *Encoder) Int(n int64) {
	if e.begin() {
		e.integer(n)
		e.end()
	}
}

// Bool writes a boolean.
func (e *Encoder) Bool(b bool) {
	if e.begin() {
		e.boolean(b)
		e.end()
	}
}

// Double writes a double.
func (e *Encoder) Double(f float64) {
	if e.begin() {
		e.double(f, 64)
		e.end()
	}
}

// String writes a string.
func (e *Encoder) String(s string) {
	if e.begin() {
		e.text(s)
		e.end()
	}
}

// Text writes a string from bytes, which the Encoder doesn't keep.
func (e *Encoder) Text(b []byte) {
	if e.begin() {
		e.text(unsafe.String(unsafe.SliceData(b), len(b)))
		e.end()
	}
}

// Moment writes a moment as the text that stands for it in answers, or as
// dateTime.iso8601 in a stored call.
func (e *Encoder) Moment(t time.Time, text []byte) {
	if !e.typed {
		e.Text(text)
		return
	}
	if e.begin() {
		if err := e.dateTime(t); err != nil {
			e.fail(err)
			return
		}
		e.end()
	}
}

// Bytes writes base64.
func (e *Encoder) Bytes(b []byte) {
	if e.begin() {
		e.base64(b)
		e.end()
	}
}

// null has no line end: neither has Python's.
func (e *Encoder) null() { e.raw("<value><nil/></value>") }

func (e *Encoder) integer(n int64) {
	e.room(64)
	if n == int64(int32(n)) {
		e.buf = append(e.buf, "<value><int>"...)
		e.buf = strconv.AppendInt(e.buf, n, 10)
		e.buf = append(e.buf, "</int></value>\n"...)
		return
	}
	e.buf = append(e.buf, "<value><i8>"...)
	e.buf = strconv.AppendInt(e.buf, n, 10)
	e.buf = append(e.buf, "</i8></value>\n"...)
}

func (e *Encoder) boolean(b bool) {
	if b {
		e.raw("<value><boolean>1</boolean></value>\n")
	} else {
		e.raw("<value><boolean>0</boolean></value>\n")
	}
}

// double writes a number as Python's repr does: the shortest text that reads
// back as the same number of that many bits.
func (e *Encoder) double(f float64, bits int) {
	e.room(96)
	e.buf = append(e.buf, "<value><double>"...)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.buf = append(e.buf, notFiniteText(f)...)
	} else if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		e.buf = strconv.AppendFloat(e.buf, f, 'e', -1, bits)
	} else {
		e.buf = strconv.AppendFloat(e.buf, f, 'f', -1, bits)
		if f == math.Trunc(f) {
			e.buf = append(e.buf, ".0"...)
		}
	}
	e.buf = append(e.buf, "</double></value>\n"...)
}

func (e *Encoder) text(s string) {
	e.raw("<value><string>")
	e.escape(s)
	e.raw("</string></value>\n")
}

// dateTime writes a moment in UTC, without fractions of a second.
func (e *Encoder) dateTime(t time.Time) error {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return fmt.Errorf("encode dateTime: the year %d hasn't four digits", y)
	}
	e.room(96)
	e.buf = append(e.buf, "<value><dateTime.iso8601>"...)
	e.buf = t.AppendFormat(e.buf, "20060102T15:04:05")
	e.buf = append(e.buf, "</dateTime.iso8601></value>\n"...)
	return nil
}

// base64 writes lines of 76 characters, as Python does.
func (e *Encoder) base64(b []byte) {
	e.raw("<value><base64>\n")
	for len(b) > 0 {
		n := min(len(b), base64Line)
		e.room(128)
		e.buf = base64.StdEncoding.AppendEncode(e.buf, b[:n])
		e.buf = append(e.buf, '\n')
		b = b[n:]
	}
	e.raw("</base64></value>\n")
}

// escape writes text so that XML gives it back: see the package's text.
func (e *Encoder) escape(s string) {
	start := 0
	for i := 0; i < len(s); {
		if isUnescaped[s[i]] {
			i++
			continue
		}
		instead, size := escaped(s[i:])
		if instead != "" {
			e.raw(s[start:i])
			e.raw(instead)
			start = i + size
		}
		i += size
	}
	e.raw(s[start:])
}

// isUnescaped marks the bytes that can stand in a document as they are.
var isUnescaped = unescapedBytes()

func unescapedBytes() (plain [256]bool) {
	for c := range 256 {
		plain[c] = isPlainText[c] && c != '>' || c == ']'
	}
	return plain
}

// escaped is what stands for the first character of s, "" if it is itself, and
// how long that character is in s.
func escaped(s string) (instead string, size int) {
	switch s[0] {
	case '&':
		return "&amp;", 1
	case '<':
		return "&lt;", 1
	case '>':
		return "&gt;", 1
	case '\r':
		return "&#13;", 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 || !isXMLChar(r) {
		return "\uFFFD", size
	}
	return "", size
}
