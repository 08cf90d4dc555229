package xmlrpc

import (
	"reflect"
	"strconv"
	"unsafe"
)

// Long lists are structs of few kinds of fields, some 20 a row. Reading a field through reflect costs more than writing
// it, so that a struct's plan knows where in the struct each field is and reads the common kinds from there. This is the
// one file of the codec with unsafe; it reads, never writes, and only fields of the type that the plan was made for.

// memberKind is how a member's field is read.
type memberKind uint8

const (
	memberAny memberKind = iota // through reflect and the plan of its type
	memberFar                   // likewise, and behind an embedded pointer
	memberInt                   // int64, int
	memberText
	memberBool
	memberDouble
	memberIntPointer
	memberTextPointer
	memberDoublePointer
	memberInterface
	memberMarshaler // whose pointer writes it, without a copy
)

// The beginnings and ends of members.
const (
	endOfInt    = "</int></value>\n</member>\n"
	endOfString = "</string></value>\n</member>\n"
	endOfMember = "</member>\n"
	nullMember  = "<value><nil/></value></member>\n"
)

// place works out where a field is in a struct of type t, and how it is read.
func (m *encodeMember) place(t reflect.Type) {
	for n, i := range m.index {
		if n > 0 && t.Kind() == reflect.Pointer {
			m.kind = memberFar
			return
		}
		f := t.Field(i)
		m.offset += f.Offset
		t = f.Type
	}
	switch {
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(marshalerType):
		m.kind = memberMarshaler
	case t == timeType || t.Implements(marshalerType):
	case t.Kind() == reflect.Int64, t.Kind() == reflect.Int && t.Size() == 8:
		m.kind = memberInt
	case t.Kind() == reflect.String:
		m.kind = memberText
	case t.Kind() == reflect.Bool:
		m.kind = memberBool
	case t.Kind() == reflect.Float64:
		m.kind = memberDouble
	case t == reflect.TypeFor[*int64]():
		m.kind = memberIntPointer
	case t == reflect.TypeFor[*string]():
		m.kind = memberTextPointer
	case t == reflect.TypeFor[*float64]():
		m.kind = memberDoublePointer
	case t == reflect.TypeFor[any]():
		m.kind = memberInterface
	}
}

// members writes the members of the struct of type t that is at base.
func (p *encodePlan) writeMembers(e *Encoder, t reflect.Type, base unsafe.Pointer) error {
	for i := range p.members {
		m := &p.members[i]
		at := unsafe.Add(base, m.offset)
		switch m.kind {
		case memberInt:
			if n := *(*int64)(at); n != 0 || !m.omitEmpty {
				e.intMember(m.head, n)
			}
		case memberText:
			if s := *(*string)(at); s != "" || !m.omitEmpty {
				e.textMember(m.head, s)
			}
		case memberBool:
			if b := *(*bool)(at); b || !m.omitEmpty {
				e.boolMember(m.head, b)
			}
		case memberDouble:
			if f := *(*float64)(at); f != 0 || !m.omitEmpty {
				e.raw(m.head)
				e.double(f, 64)
				e.raw(endOfMember)
			}
		case memberIntPointer:
			if n := *(**int64)(at); n != nil {
				e.intMember(m.head, *n)
			} else if !m.omitEmpty {
				e.nullMember(m.head)
			}
		case memberTextPointer:
			if s := *(**string)(at); s != nil {
				e.textMember(m.head, *s)
			} else if !m.omitEmpty {
				e.nullMember(m.head)
			}
		case memberDoublePointer:
			if f := *(**float64)(at); f != nil {
				e.raw(m.head)
				e.double(*f, 64)
				e.raw(endOfMember)
			} else if !m.omitEmpty {
				e.nullMember(m.head)
			}
		case memberInterface:
			if v := *(*any)(at); v != nil {
				e.raw(m.head)
				if err := e.any(v); err != nil {
					return err
				}
				e.raw(endOfMember)
			} else if !m.omitEmpty {
				e.nullMember(m.head)
			}
		case memberMarshaler:
			v := reflect.NewAt(m.typ, at)
			if m.omitEmpty && isEmpty(v.Elem()) {
				continue
			}
			e.raw(m.head)
			if err := e.marshaled(v.Interface().(Marshaler)); err != nil {
				return err
			}
			e.raw(endOfMember)
		default:
			fv := reflect.NewAt(m.typ, at).Elem()
			if m.kind == memberFar {
				var ok bool
				if fv, ok = m.present(reflect.NewAt(t, base).Elem()); !ok {
					continue
				}
			}
			if m.omitEmpty && isEmpty(fv) {
				continue
			}
			e.raw(m.head)
			if err := m.plan.write(e, fv); err != nil {
				return err
			}
			e.raw(endOfMember)
		}
	}
	return e.err
}

func (e *Encoder) intMember(head string, n int64) {
	if n != int64(int32(n)) {
		e.raw(head)
		e.integer(n)
		e.raw(endOfMember)
		return
	}
	e.room(len(head) + 64)
	b := append(append(e.buf, head...), "<value><int>"...)
	e.buf = append(strconv.AppendInt(b, n, 10), endOfInt...)
}

func (e *Encoder) textMember(head, s string) {
	if len(head)+len(s) > firstBuffer/2 || !isUnescapedText(s) {
		e.raw(head)
		e.text(s)
		e.raw(endOfMember)
		return
	}
	e.room(len(head) + len(s) + 64)
	b := append(append(e.buf, head...), "<value><string>"...)
	e.buf = append(append(b, s...), endOfString...)
}

func isUnescapedText(s string) bool {
	for i := range len(s) {
		if !isUnescaped[s[i]] {
			return false
		}
	}
	return true
}

func (e *Encoder) boolMember(head string, b bool) {
	e.raw(head)
	e.boolean(b)
	e.raw(endOfMember)
}

func (e *Encoder) nullMember(head string) {
	e.room(len(head) + len(nullMember))
	e.buf = append(append(e.buf, head...), nullMember...)
}

// boxed is where the value in an interface is, for types that are kept there as a pointer to them: all structs but those
// that are nothing but a pointer.
func boxed(v *any) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(v))[1] }

// isBoxed says whether boxed finds values of a struct type.
func isBoxed(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.Size() > unsafe.Sizeof(uintptr(0))
}
