package xmlrpc

import (
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"time"
)

// Unmarshaler is a type that reads itself. It gets the value as it is read
// untyped: nil, bool, int64, float64, string, []byte, time.Time, []any or
// map[string]any. A nil goes to a pointer field as nil, not to this method.
type Unmarshaler interface {
	UnmarshalXMLRPC(v any) error
}

// decodePlan is how values are read into a type. It is made once a type;
// a recursive type's plan refers to itself.
type decodePlan struct {
	read func(d *Decoder, v reflect.Value, kind element, text []byte) error
}

// decodePlans has the finished plans by reflect.Type. It only spares work.
var decodePlans sync.Map

var (
	timeType        = reflect.TypeFor[time.Time]()
	verbatimType    = reflect.TypeFor[Verbatim]()
	unmarshalerType = reflect.TypeFor[Unmarshaler]()
)

func decodePlanOf(t reflect.Type) *decodePlan {
	if p, ok := decodePlans.Load(t); ok {
		return p.(*decodePlan)
	}
	b := decodePlanner{}
	p := b.plan(t)
	for t, p := range b {
		decodePlans.LoadOrStore(t, p)
	}
	return p
}

// decodePlanner has the plans that are being made.
type decodePlanner map[reflect.Type]*decodePlan

func (b decodePlanner) plan(t reflect.Type) *decodePlan {
	if p, ok := decodePlans.Load(t); ok {
		return p.(*decodePlan)
	}
	if p, ok := b[t]; ok {
		return p
	}
	p := &decodePlan{}
	b[t] = p
	switch {
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshalerType):
		p.read = readUnmarshaler
	case t == timeType:
		p.read = readTime
	case t == verbatimType:
		p.read = readVerbatim
	default:
		b.byKind(p, t)
	}
	return p
}

func (b decodePlanner) byKind(p *decodePlan, t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool:
		p.read = readBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.read = readInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.read = readUint
	case reflect.Float32, reflect.Float64:
		p.read = readFloat
	case reflect.String:
		p.read = readString
	case reflect.Pointer:
		p.read = pointerReader(b.plan(t.Elem()))
	case reflect.Struct:
		b.structPlan(p, t)
	case reflect.Map:
		b.mapPlan(p, t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			p.read = readBytes
		} else {
			p.read = sliceReader(b.plan(t.Elem()))
		}
	case reflect.Array:
		p.read = arrayReader(b.plan(t.Elem()))
	case reflect.Interface:
		if t.NumMethod() == 0 {
			p.read = readAny
			return
		}
		fallthrough
	default:
		p.read = func(d *Decoder, v reflect.Value, kind element, _ []byte) error { return d.misfit(v, kind) }
	}
}

// misfit is the TypeError of a value that is of another type.
func (d *Decoder) misfit(v reflect.Value, kind element) error {
	return d.unfit(v, kind.String())
}

// unfit is the TypeError of a value that doesn't fit for a reason.
func (d *Decoder) unfit(v reflect.Value, reason string) error {
	return &TypeError{Offset: d.s.offset(), Type: v.Type(), Reason: reason}
}

// null reads nil as the zero value.
func (d *Decoder) null(v reflect.Value, text []byte) error {
	if err := d.empty(text); err != nil {
		return err
	}
	v.SetZero()
	return d.end(elemNil)
}

// into reads a typed value, behind <value>.
func (d *Decoder) into(p *decodePlan, v reflect.Value) error {
	kind, text, err := d.begin(true)
	if err != nil {
		return err
	}
	return p.read(d, v, kind, text)
}

func readUnmarshaler(d *Decoder, v reflect.Value, kind element, text []byte) error {
	offset := d.s.offset()
	x, err := d.rest(kind, text)
	if err != nil {
		return err
	}
	if err := v.Addr().Interface().(Unmarshaler).UnmarshalXMLRPC(x); err != nil {
		return fmt.Errorf("read %s at byte %d: %w", v.Type(), offset, err)
	}
	return nil
}

func readAny(d *Decoder, v reflect.Value, kind element, text []byte) error {
	x, err := d.rest(kind, text)
	if err != nil {
		return err
	}
	if x == nil {
		v.SetZero()
	} else {
		v.Set(reflect.ValueOf(x))
	}
	return nil
}

func readVerbatim(d *Decoder, v reflect.Value, kind element, text []byte) error {
	outside := d.verbatim
	d.verbatim = true
	x, err := d.rest(kind, text)
	d.verbatim = outside
	v.Set(reflect.ValueOf(Verbatim{x}))
	return err
}

func readBool(d *Decoder, v reflect.Value, kind element, text []byte) error {
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemBoolean:
		x, err := d.boolean(text)
		if err != nil {
			return err
		}
		v.SetBool(x)
	case elemInt:
		x, err := d.integer(text)
		if err != nil {
			return err
		}
		if x != 0 && x != 1 {
			return d.unfit(v, "the int "+strconv.FormatInt(x, 10))
		}
		v.SetBool(x == 1)
	default:
		return d.misfit(v, kind)
	}
	return d.end(kind)
}

func readInt(d *Decoder, v reflect.Value, kind element, text []byte) error {
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemInt:
		x, err := d.integer(text)
		if err != nil {
			return err
		}
		if v.OverflowInt(x) {
			return d.unfit(v, "the int "+strconv.FormatInt(x, 10))
		}
		v.SetInt(x)
		return d.end(kind)
	}
	return d.misfit(v, kind)
}

func readUint(d *Decoder, v reflect.Value, kind element, text []byte) error {
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemInt:
		x, err := d.integer(text)
		if err != nil {
			return err
		}
		if x < 0 || v.OverflowUint(uint64(x)) {
			return d.unfit(v, "the int "+strconv.FormatInt(x, 10))
		}
		v.SetUint(uint64(x))
		return d.end(kind)
	}
	return d.misfit(v, kind)
}

func readFloat(d *Decoder, v reflect.Value, kind element, text []byte) error {
	var x float64
	var err error
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemDouble:
		x, err = d.double(text)
	case elemInt:
		var n int64
		n, err = d.integer(text)
		x = float64(n)
	default:
		return d.misfit(v, kind)
	}
	if err != nil {
		return err
	}
	if v.OverflowFloat(x) {
		return d.unfit(v, "the double "+strconv.FormatFloat(x, 'g', -1, 64))
	}
	v.SetFloat(x)
	return d.end(kind)
}

func readString(d *Decoder, v reflect.Value, kind element, text []byte) error {
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemString, elemText:
		v.SetString(string(text))
		return d.end(kind)
	}
	return d.misfit(v, kind)
}

func readBytes(d *Decoder, v reflect.Value, kind element, text []byte) error {
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemBase64:
		x, err := d.base64(text)
		if err != nil {
			return err
		}
		v.SetBytes(x)
	case elemString, elemText:
		v.SetBytes(append([]byte{}, text...))
	default:
		return d.misfit(v, kind)
	}
	return d.end(kind)
}

func readTime(d *Decoder, v reflect.Value, kind element, text []byte) error {
	switch kind {
	case elemNil:
		return d.null(v, text)
	case elemDateTime:
		x, err := d.dateTime(text)
		if err != nil {
			return err
		}
		*v.Addr().Interface().(*time.Time) = x
		return d.end(kind)
	}
	return d.misfit(v, kind)
}

func pointerReader(elem *decodePlan) func(*Decoder, reflect.Value, element, []byte) error {
	return func(d *Decoder, v reflect.Value, kind element, text []byte) error {
		if kind == elemNil {
			return d.null(v, text)
		}
		p := reflect.New(v.Type().Elem())
		if err := elem.read(d, p.Elem(), kind, text); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
}

func sliceReader(elem *decodePlan) func(*Decoder, reflect.Value, element, []byte) error {
	return func(d *Decoder, v reflect.Value, kind element, text []byte) error {
		switch kind {
		case elemNil:
			return d.null(v, text)
		case elemArray:
		default:
			return d.misfit(v, kind)
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		v.SetLen(0)
		err := d.elements(func() error {
			n := v.Len()
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
			item := v.Index(n)
			item.SetZero()
			if err := d.into(elem, item); err != nil {
				return inside(err, "["+strconv.Itoa(n)+"]")
			}
			return nil
		})
		if err != nil {
			return err
		}
		return d.end(kind)
	}
}

// arrayReader wants as many elements as the Go array has.
func arrayReader(elem *decodePlan) func(*Decoder, reflect.Value, element, []byte) error {
	return func(d *Decoder, v reflect.Value, kind element, text []byte) error {
		switch kind {
		case elemNil:
			return d.null(v, text)
		case elemArray:
		default:
			return d.misfit(v, kind)
		}
		n := 0
		err := d.elements(func() error {
			if n == v.Len() {
				return d.unfit(v, "a longer array")
			}
			n++
			if err := d.into(elem, v.Index(n-1)); err != nil {
				return inside(err, "["+strconv.Itoa(n-1)+"]")
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n < v.Len() {
			return d.unfit(v, "a shorter array")
		}
		return d.end(kind)
	}
}

// mapPlan reads structs into maps whose keys are strings or integers.
func (b decodePlanner) mapPlan(p *decodePlan, t reflect.Type) {
	var setKey func(key reflect.Value, name string) bool
	switch k := t.Key(); {
	case k.Kind() == reflect.String:
		setKey = func(key reflect.Value, name string) bool { key.SetString(name); return true }
	case k.Kind() >= reflect.Int && k.Kind() <= reflect.Int64:
		setKey = func(key reflect.Value, name string) bool {
			n, err := strconv.ParseInt(name, 10, 64)
			if err != nil || key.OverflowInt(n) {
				return false
			}
			key.SetInt(n)
			return true
		}
	default:
		p.read = func(d *Decoder, v reflect.Value, kind element, _ []byte) error { return d.misfit(v, kind) }
		return
	}
	elem := b.plan(t.Elem())
	p.read = func(d *Decoder, v reflect.Value, kind element, text []byte) error {
		switch kind {
		case elemNil:
			return d.null(v, text)
		case elemStruct:
		default:
			return d.misfit(v, kind)
		}
		m := reflect.MakeMap(t)
		key, item := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for {
			text, more, err := d.key()
			if err != nil {
				return err
			}
			if !more {
				break
			}
			name := d.intern(text)
			if !setKey(key, name) {
				return d.unfit(v, "the key "+strconv.Quote(name))
			}
			if err := d.afterKey(); err != nil {
				return err
			}
			item.SetZero()
			if err := d.into(elem, item); err != nil {
				return inside(err, name)
			}
			m.SetMapIndex(key, item)
			if err := d.s.close(elemMember); err != nil {
				return err
			}
		}
		v.Set(m)
		return d.end(kind)
	}
}

// decodeField is a field of a struct and how to read it.
type decodeField struct {
	field
	plan *decodePlan
}

// structPlan reads structs into Go structs; members without a field are skipped,
// fields without a member keep what they have.
func (b decodePlanner) structPlan(p *decodePlan, t reflect.Type) {
	var fields []decodeField
	byName := make(map[string]int)
	for _, f := range fieldsOf(t, unmarshalerType) {
		byName[f.name] = len(fields)
		fields = append(fields, decodeField{f, b.plan(f.typ)})
	}
	p.read = func(d *Decoder, v reflect.Value, kind element, text []byte) error {
		switch kind {
		case elemNil:
			return d.null(v, text)
		case elemStruct:
		default:
			return d.misfit(v, kind)
		}
		for next := 0; ; next++ {
			name, more, err := d.key()
			if err != nil {
				return err
			}
			if !more {
				return d.end(kind)
			}
			// Members mostly come in the order of the fields.
			known := next < len(fields) && fields[next].name == string(name)
			if !known {
				var i int
				if i, known = byName[string(name)]; known {
					next = i
				}
			}
			if err := d.afterKey(); err != nil {
				return err
			}
			if known {
				f := &fields[next]
				if err := d.into(f.plan, f.settable(v)); err != nil {
					return inside(err, f.name)
				}
			} else if err := d.skip(); err != nil {
				return err
			} else {
				next--
			}
			if err := d.s.close(elemMember); err != nil {
				return err
			}
		}
	}
}
