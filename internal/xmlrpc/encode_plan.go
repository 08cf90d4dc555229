package xmlrpc

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// encodePlan is how values of a type are written. It is made once a type;
// a recursive type's plan refers to itself.
type encodePlan struct {
	write   func(e *Encoder, v reflect.Value) error
	members []encodeMember                            // of a struct that is written member by member
	boxed   func(e *Encoder, at unsafe.Pointer) error // for such structs, spares a copy; else nil
}

// encodeMember is a field of a struct, its name ready as it stands on the wire.
type encodeMember struct {
	field
	head   string
	plan   *encodePlan
	kind   memberKind
	offset uintptr // in the struct, unless kind is memberFar
}

// encodePlans has the finished plans by reflect.Type. It only spares work.
var encodePlans sync.Map

var (
	marshalerType = reflect.TypeFor[Marshaler]()
	errorType     = reflect.TypeFor[error]()
	listedType    = reflect.TypeFor[listed]()
)

func encodePlanOf(t reflect.Type) *encodePlan {
	if p, ok := encodePlans.Load(t); ok {
		return p.(*encodePlan)
	}
	b := encodePlanner{}
	p := b.plan(t)
	for t, p := range b {
		encodePlans.LoadOrStore(t, p)
	}
	return p
}

// any writes an untyped value; the common types don't need a plan.
func (e *Encoder) any(v any) error {
	switch v := v.(type) {
	case nil:
		e.null()
	case string:
		e.text(v)
	case int:
		e.integer(int64(v))
	case int64:
		e.integer(v)
	case bool:
		e.boolean(v)
	case float64:
		e.double(v, 64)
	case []byte:
		e.base64(v)
	case time.Time:
		return e.dateTime(v)
	case []any:
		return e.list(len(v), func(i int) error { return e.any(v[i]) })
	case []string:
		return e.list(len(v), func(i int) error { e.text(v[i]); return nil })
	case map[string]any:
		return e.object(v)
	case iter.Seq2[any, error]:
		return e.stream(v)
	case func(func(any, error) bool):
		return e.stream(v)
	default:
		rv := reflect.ValueOf(v)
		p := encodePlanOf(rv.Type())
		if p.boxed != nil {
			return p.boxed(e, boxed(&v))
		}
		return p.write(e, rv)
	}
	return e.err
}

// enter begins an array or a struct.
func (e *Encoder) enter(text string) error {
	if e.depth++; e.depth > deepestValue {
		return errTooDeep
	}
	e.raw(text)
	return e.err
}

// leave ends an array or a struct.
func (e *Encoder) leave(text string) error {
	e.depth--
	e.raw(text)
	return e.err
}

// list writes an array of n elements.
func (e *Encoder) list(n int, write func(i int) error) error {
	if err := e.enter("<value><array><data>\n"); err != nil {
		return err
	}
	for i := range n {
		if err := write(i); err != nil {
			return err
		}
	}
	return e.leave("</data></array></value>\n")
}

// object writes a map in the order of its keys.
func (e *Encoder) object(m map[string]any) error {
	if err := e.enter("<value><struct>\n"); err != nil {
		return err
	}
	for _, k := range sortedKeys(m) {
		e.key(k)
		if err := e.any(m[k]); err != nil {
			return err
		}
		e.raw("</member>\n")
	}
	return e.leave("</struct></value>\n")
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// stream writes an array while it is produced.
func (e *Encoder) stream(seq iter.Seq2[any, error]) error {
	if err := e.enter("<value><array><data>\n"); err != nil {
		return err
	}
	if seq != nil {
		for v, err := range seq {
			if err == nil {
				err = e.any(v)
			}
			if err != nil {
				return err
			}
		}
	}
	return e.leave("</data></array></value>\n")
}

// marshaled writes a Marshaler's value and sees that it is one.
func (e *Encoder) marshaled(m Marshaler) error {
	if e.depth++; e.depth > deepestValue {
		return errTooDeep
	}
	n := len(e.frames)
	e.frames = append(e.frames, frame{kind: frameOne, ready: true})
	if err := m.MarshalXMLRPC(e); err != nil {
		return err
	}
	switch {
	case e.err != nil:
		return e.err
	case len(e.frames) != n+1:
		return errUnpaired
	case e.frames[n].ready:
		return errNoValue
	}
	e.frames = e.frames[:n]
	e.depth--
	return nil
}

// encodePlanner has the plans that are being made.
type encodePlanner map[reflect.Type]*encodePlan

func (b encodePlanner) plan(t reflect.Type) *encodePlan {
	if p, ok := encodePlans.Load(t); ok {
		return p.(*encodePlan)
	}
	if p, ok := b[t]; ok {
		return p
	}
	p := &encodePlan{}
	b[t] = p
	switch {
	case t == listedType:
		p.write = func(e *Encoder, v reflect.Value) error {
			return e.listed(reflect.ValueOf(v.Interface().(listed).value))
		}
	case t.Implements(marshalerType):
		p.write = writeMarshaler
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(marshalerType):
		p.write = func(e *Encoder, v reflect.Value) error {
			if !v.CanAddr() {
				copied := reflect.New(t).Elem()
				copied.Set(v)
				v = copied
			}
			return e.marshaled(v.Addr().Interface().(Marshaler))
		}
	case t == timeType:
		p.write = func(e *Encoder, v reflect.Value) error { return e.dateTime(v.Interface().(time.Time)) }
	default:
		b.byKind(p, t)
	}
	return p
}

func writeMarshaler(e *Encoder, v reflect.Value) error {
	if k := v.Kind(); (k == reflect.Pointer || k == reflect.Interface) && v.IsNil() {
		e.null()
		return nil
	}
	return e.marshaled(v.Interface().(Marshaler))
}

func (b encodePlanner) byKind(p *encodePlan, t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool:
		p.write = func(e *Encoder, v reflect.Value) error { e.boolean(v.Bool()); return nil }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.write = func(e *Encoder, v reflect.Value) error { e.integer(v.Int()); return nil }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.write = func(e *Encoder, v reflect.Value) error {
			if v.Uint() > math.MaxInt64 {
				return fmt.Errorf("encode int: %d is beyond 64 bits with a sign", v.Uint())
			}
			e.integer(int64(v.Uint()))
			return nil
		}
	case reflect.Float32, reflect.Float64:
		bits := t.Bits()
		p.write = func(e *Encoder, v reflect.Value) error { e.double(v.Float(), bits); return e.err }
	case reflect.String:
		p.write = func(e *Encoder, v reflect.Value) error { e.text(v.String()); return nil }
	case reflect.Pointer:
		elem := b.plan(t.Elem())
		p.write = func(e *Encoder, v reflect.Value) error {
			if v.IsNil() {
				e.null()
				return nil
			}
			if e.depth++; e.depth > deepestValue {
				return errTooDeep
			}
			err := elem.write(e, v.Elem())
			e.depth--
			return err
		}
	case reflect.Interface:
		p.write = func(e *Encoder, v reflect.Value) error { return e.any(v.Interface()) }
	case reflect.Struct:
		b.structPlan(p, t)
	case reflect.Map:
		b.mapPlan(p, t)
	case reflect.Slice, reflect.Array:
		b.listPlan(p, t)
	case reflect.Func:
		b.seqPlan(p, t)
	default:
		p.write = unsupported
	}
}

func unsupported(_ *Encoder, v reflect.Value) error {
	return fmt.Errorf("encode %s: XML-RPC has no such type", v.Type())
}

func (b encodePlanner) listPlan(p *encodePlan, t reflect.Type) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		p.write = func(e *Encoder, v reflect.Value) error { e.base64(v.Bytes()); return nil }
		return
	}
	elem := b.plan(t.Elem())
	p.write = func(e *Encoder, v reflect.Value) error {
		return e.list(v.Len(), func(i int) error { return elem.write(e, v.Index(i)) })
	}
}

// seqPlan writes iter.Seq2[T, error] of any T.
func (b encodePlanner) seqPlan(p *encodePlan, t reflect.Type) {
	if !t.CanSeq2() || t.In(0).In(1) != errorType {
		p.write = unsupported
		return
	}
	elem := b.plan(t.In(0).In(0))
	p.write = func(e *Encoder, v reflect.Value) error {
		return e.sequence(v, func(item reflect.Value) error { return elem.write(e, item) })
	}
}

// sequence writes the array that a function of the shape of iter.Seq2[T, error] produces.
func (e *Encoder) sequence(v reflect.Value, write func(reflect.Value) error) error {
	if err := e.enter("<value><array><data>\n"); err != nil {
		return err
	}
	if !v.IsNil() {
		for item, failed := range v.Seq2() {
			err, _ := failed.Interface().(error)
			if err == nil {
				err = write(item)
			}
			if err != nil {
				return err
			}
		}
	}
	return e.leave("</data></array></value>\n")
}

// mapPlan writes maps in the order of their keys as they stand on the wire.
func (b encodePlanner) mapPlan(p *encodePlan, t reflect.Type) {
	if keyText(t.Key()) == nil {
		p.write = unsupported
		return
	}
	elem := b.plan(t.Elem())
	p.write = func(e *Encoder, v reflect.Value) error {
		if err := e.enter("<value><struct>\n"); err != nil {
			return err
		}
		for _, entry := range sortedEntries(v) {
			e.key(entry.key)
			if err := elem.write(e, entry.value); err != nil {
				return err
			}
			e.raw("</member>\n")
		}
		return e.leave("</struct></value>\n")
	}
}

// entry is an entry of a map with its key as a string.
type entry struct {
	key   string
	value reflect.Value
}

func sortedEntries(m reflect.Value) []entry {
	text := keyText(m.Type().Key())
	entries := make([]entry, 0, m.Len())
	for it := m.MapRange(); it.Next(); {
		entries = append(entries, entry{text(it.Key()), it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries
}

// keyText is how a map's keys become strings; nil for types that don't.
func keyText(t reflect.Type) func(reflect.Value) string {
	switch t.Kind() {
	case reflect.String:
		return reflect.Value.String
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(v reflect.Value) string { return strconv.FormatUint(v.Uint(), 10) }
	}
	return nil
}

func (b encodePlanner) structPlan(p *encodePlan, t reflect.Type) {
	for _, f := range fieldsOf(t, marshalerType) {
		head := &Encoder{pieces: &pieces{}}
		head.key(f.name)
		m := encodeMember{field: f, head: string(head.buf), plan: b.plan(f.typ)}
		m.place(t)
		p.members = append(p.members, m)
	}
	at := func(e *Encoder, base unsafe.Pointer) error {
		if err := e.enter("<value><struct>\n"); err != nil {
			return err
		}
		if err := p.writeMembers(e, t, base); err != nil {
			return err
		}
		return e.leave("</struct></value>\n")
	}
	if isBoxed(t) {
		p.boxed = at
	}
	p.write = func(e *Encoder, v reflect.Value) error {
		if !v.CanAddr() {
			copied := reflect.New(t).Elem()
			copied.Set(v)
			v = copied
		}
		return at(e, v.Addr().UnsafePointer())
	}
}

// isEmpty is what omitempty leaves out: zero values, and arrays and maps without elements.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}
