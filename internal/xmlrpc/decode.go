package xmlrpc

import (
	"encoding/base64"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Decoder reads one document from a stream, and the stream to its end.
type Decoder struct {
	s       scanner
	l       Limits
	depth   int
	values  int
	keys    map[string]string // names of members seen, so that each exists once
	items   []any             // elements of the arrays that are being read
	members []Field           // members of the structs that are being read

	verbatim   bool                     // values are read as Verbatim tells
	verbatimOf func(method string) bool // whether those of a call are
}

// Beyond these, names of members are no longer shared.
const (
	mostKeys   = 1024
	longestKey = 64
)

// NewDecoder prepares to read a document from r within the limits.
// The Decoder reads r ahead, and serves for one document.
func NewDecoder(r io.Reader, l Limits) *Decoder {
	return &Decoder{s: newScanner(r, l.MaxBytes), l: l.withDefaults()}
}

// newBytesDecoder reads a document that is in memory as a whole.
func newBytesDecoder(document []byte) *Decoder {
	return &Decoder{s: scanner{buf: document, left: -1}, l: Limits{}.withDefaults()}
}

// begin reads the start of a value, behind <value>: its type, and for all but
// arrays and structs its text, which is valid until the next step.
// Without keep the text is only checked.
func (d *Decoder) begin(keep bool) (element, []byte, error) {
	d.values++
	if d.l.MaxValues > 0 && d.values > d.l.MaxValues {
		return elemNone, nil, d.s.syntax("there are more than %d values", d.l.MaxValues)
	}
	text, err := d.s.chars(true)
	if err != nil {
		return elemNone, nil, err
	}
	if d.s.pending != elemNone || d.s.atEndTag() {
		return elemText, text, nil
	}
	for _, c := range text {
		if !isSpace(c) {
			return elemNone, nil, d.s.syntax("a value has both text and a type")
		}
	}
	t, err := d.s.next()
	if err != nil {
		return elemNone, nil, err
	}
	switch t.elem {
	case elemStruct, elemArray:
		if d.depth++; d.depth > d.l.MaxDepth {
			return elemNone, nil, d.s.syntax("values nest deeper than %d", d.l.MaxDepth)
		}
		return t.elem, nil, nil
	case elemNil, elemInt, elemDouble, elemBoolean, elemString, elemBase64, elemDateTime:
		text, err = d.s.chars(keep)
		return t.elem, text, err
	}
	return elemNone, nil, d.s.unexpected(t, "a type")
}

// atEndTag reports whether an end tag comes next, after chars.
func (s *scanner) atEndTag() bool {
	return s.pos+1 < len(s.buf) && s.buf[s.pos+1] == '/'
}

// end reads the end of a value, with </value>.
func (d *Decoder) end(kind element) error {
	switch kind {
	case elemText:
		return d.s.close(elemValue)
	case elemStruct, elemArray:
		d.depth--
	}
	if err := d.s.close(kind); err != nil {
		return err
	}
	return d.s.close(elemValue)
}

// value reads an untyped value, behind <value>.
func (d *Decoder) value() (any, error) {
	kind, text, err := d.begin(true)
	if err != nil {
		return nil, err
	}
	return d.rest(kind, text)
}

// rest reads an untyped value behind what begin read.
func (d *Decoder) rest(kind element, text []byte) (any, error) {
	var v any
	var err error
	switch kind {
	case elemText, elemString:
		v = string(text)
	case elemInt:
		v, err = d.integer(text)
	case elemBoolean:
		v, err = d.boolean(text)
	case elemDouble:
		v, err = d.double(text)
	case elemNil:
		err = d.empty(text)
	case elemBase64:
		v, err = d.base64(text)
	case elemDateTime:
		v, err = d.dateTime(text)
	case elemStruct:
		v, err = d.object()
	case elemArray:
		v, err = d.array()
	}
	if err != nil {
		return nil, err
	}
	return v, d.end(kind)
}

// array reads the elements of an array.
func (d *Decoder) array() (any, error) {
	mark := len(d.items)
	err := d.elements(func() error {
		v, err := d.value()
		d.items = append(d.items, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]any, len(d.items)-mark)
	copy(list, d.items[mark:])
	clear(d.items[mark:])
	d.items = d.items[:mark]
	return list, nil
}

// elements calls read behind each <value> of an array, up to before </array>.
func (d *Decoder) elements(read func() error) error {
	t, err := d.s.next()
	switch {
	case err != nil:
		return err
	case t == tag{elemArray, false}:
		d.s.pending = elemArray // end will want it
		return nil
	case t != tag{elemData, true}:
		return d.s.unexpected(t, "<data>")
	}
	for {
		more, err := d.another(elemValue, elemData)
		if err != nil || !more {
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// another moves past <item>, or past the end of the list that it would be in.
func (d *Decoder) another(item, list element) (bool, error) {
	if d.s.pending == elemNone {
		d.s.space()
		if d.s.literal(openTags[item]) {
			return true, nil
		}
		if d.s.literal(closeTags[list]) {
			return false, nil
		}
	}
	t, err := d.s.next()
	switch {
	case err != nil:
		return false, err
	case t == tag{item, true}:
		return true, nil
	case t == tag{list, false}:
		return false, nil
	}
	return false, d.s.unexpected(t, "<"+item.String()+"> or </"+list.String()+">")
}

// object reads the members of a struct.
func (d *Decoder) object() (any, error) {
	mark := len(d.members)
	for {
		text, more, err := d.key()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		m := Field{Name: d.intern(text)}
		if err := d.afterKey(); err != nil {
			return nil, err
		}
		if m.Value, err = d.value(); err != nil {
			return nil, err
		}
		d.members = append(d.members, m)
		if err := d.s.close(elemMember); err != nil {
			return nil, err
		}
	}
	defer func() {
		clear(d.members[mark:])
		d.members = d.members[:mark]
	}()
	object := make(map[string]any, len(d.members)-mark)
	for _, m := range d.members[mark:] {
		object[m.Name] = m.Value
	}
	if !d.verbatim {
		return object, nil
	}
	ordered := make(Object, 0, len(object))
	for _, m := range d.members[mark:] {
		if last, ok := object[m.Name]; ok { // of members with the same name
			ordered = append(ordered, Field{m.Name, last})
			delete(object, m.Name)
		}
	}
	return ordered, nil
}

// key reads the name of the next member, which is valid until the next step.
// At the struct's end there is no more, and </struct> is still to come.
func (d *Decoder) key() (name []byte, more bool, err error) {
	more, err = d.another(elemMember, elemStruct)
	if err != nil {
		return nil, false, err
	}
	if !more {
		d.s.pending = elemStruct // end will want it
		return nil, false, nil
	}
	if err := d.s.open(elemName); err != nil {
		return nil, false, err
	}
	name, err = d.s.chars(true)
	return name, true, err
}

// afterKey moves from behind the name's text into its value.
func (d *Decoder) afterKey() error {
	if err := d.s.close(elemName); err != nil {
		return err
	}
	return d.s.open(elemValue)
}

// intern is the name of a member as a string, the same one each time.
func (d *Decoder) intern(name []byte) string {
	if key, ok := d.keys[string(name)]; ok {
		return key
	}
	key := string(name)
	if len(key) <= longestKey && len(d.keys) < mostKeys {
		if d.keys == nil {
			d.keys = make(map[string]string)
		}
		d.keys[key] = key
	}
	return key
}

// skip reads a value that nobody wants, behind <value>.
func (d *Decoder) skip() error {
	kind, _, err := d.begin(false)
	if err != nil {
		return err
	}
	switch kind {
	case elemArray:
		if err := d.elements(d.skip); err != nil {
			return err
		}
	case elemStruct:
		for {
			_, more, err := d.key()
			if err != nil {
				return err
			}
			if !more {
				break
			}
			if err := d.afterKey(); err != nil {
				return err
			}
			if err := d.skip(); err != nil {
				return err
			}
			if err := d.s.close(elemMember); err != nil {
				return err
			}
		}
	}
	return d.end(kind)
}

// empty makes sure that <nil> holds nothing.
func (d *Decoder) empty(text []byte) error {
	if len(trim(text)) > 0 {
		return d.s.syntax("nil has text")
	}
	return nil
}

// trim cuts white space off both ends.
func trim(text []byte) []byte {
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

// number trims the text of a number or a moment and checks its length.
func (d *Decoder) number(text []byte) ([]byte, error) {
	text = trim(text)
	if len(text) > d.l.MaxDigits {
		return nil, d.s.syntax("a number has more than %d digits", d.l.MaxDigits)
	}
	return text, nil
}

func (d *Decoder) integer(text []byte) (int64, error) {
	text, err := d.number(text)
	if err != nil {
		return 0, err
	}
	digits, negative := text, false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if len(digits) == 0 {
		return 0, d.s.syntax("%q is no integer", text)
	}
	const limit = uint64(math.MaxInt64)
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, d.s.syntax("%q is no integer", text)
		}
		if n > limit/10 {
			return 0, d.s.syntax("%s is beyond 64 bits", text)
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= limit+1:
		return -int64(n), nil
	case !negative && n <= limit:
		return int64(n), nil
	}
	return 0, d.s.syntax("%s is beyond 64 bits", text)
}

func (d *Decoder) boolean(text []byte) (bool, error) {
	switch string(trim(text)) {
	case "0":
		return false, nil
	case "1":
		return true, nil
	}
	return false, d.s.syntax("%.20q is neither 0 nor 1", text)
}

func (d *Decoder) double(text []byte) (float64, error) {
	text, err := d.number(text)
	if err != nil {
		return 0, err
	}
	if f, ok := notFinite(text); ok && d.verbatim {
		return f, nil
	}
	for _, c := range text {
		if (c < '0' || c > '9') && strings.IndexByte("+-.eE", c) < 0 {
			return 0, d.s.syntax("%q is no number", text)
		}
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		if math.IsInf(f, 0) {
			return 0, d.s.syntax("%s is beyond a double", text)
		}
		return 0, d.s.syntax("%q is no number", text)
	}
	return f, nil
}

// base64 ignores white space anywhere.
func (d *Decoder) base64(text []byte) ([]byte, error) {
	// What can be decoded is moved to the front of the scratch space first:
	// text may be part of a document that isn't ours.
	clean := d.s.text[:0]
	for _, c := range text {
		if !isSpace(c) {
			clean = append(clean, c)
		}
	}
	d.s.text = clean
	data := make([]byte, base64.StdEncoding.DecodedLen(len(clean)))
	n, err := base64.StdEncoding.Decode(data, clean)
	if err != nil {
		return nil, d.s.syntax("the text isn't base64")
	}
	return data[:n], nil
}

// The forms of dateTime.iso8601, the proper one first. Fractions are read too.
var dateTimeForms = []string{"20060102T15:04:05", "20060102T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00"}

// dateTime reads a moment; without an offset it is UTC.
func (d *Decoder) dateTime(text []byte) (time.Time, error) {
	text, err := d.number(text)
	if err != nil {
		return time.Time{}, err
	}
	for _, form := range dateTimeForms {
		if t, err := time.Parse(form, string(text)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, d.s.syntax("%q is no dateTime", text)
}
