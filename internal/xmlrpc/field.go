package xmlrpc

import (
	"reflect"
	"strings"
)

// field is a field of a Go struct as a member of an XML-RPC struct.
type field struct {
	name      string
	omitEmpty bool
	index     []int // the way to it through embedded structs
	typ       reflect.Type
}

// fieldsOf lists the fields of a struct type, those of embedded structs where
// the embedded struct stands. An embedded type that is special (implements the
// interface, or is a time.Time) is a field of its own.
func fieldsOf(t reflect.Type, special reflect.Type) []field {
	all := collectFields(t, special, nil, map[reflect.Type]bool{})
	best := make(map[string]int, len(all))
	for i, f := range all {
		if j, ok := best[f.name]; !ok || len(f.index) < len(all[j].index) {
			best[f.name] = i
		}
	}
	kept := all[:0]
	for i, f := range all {
		if best[f.name] == i {
			kept = append(kept, f)
		}
	}
	return kept
}

func collectFields(t, special reflect.Type, index []int, open map[reflect.Type]bool) []field {
	if open[t] { // it embeds itself by a pointer
		return nil
	}
	open[t] = true
	defer delete(open, t)
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tagged := sf.Tag.Get("xmlrpc")
		if tagged == "-" {
			continue
		}
		name, options, _ := strings.Cut(tagged, ",")
		way := append(append([]int(nil), index...), i)
		if sf.Anonymous && name == "" {
			et := sf.Type
			if et.Kind() == reflect.Pointer {
				et = et.Elem()
			}
			ownWay := et == timeType || et.Implements(special) || reflect.PointerTo(et).Implements(special)
			// Nobody outside of its package can set a pointer to an unexported struct.
			if et.Kind() == reflect.Struct && !ownWay && (sf.IsExported() || sf.Type.Kind() == reflect.Struct) {
				fields = append(fields, collectFields(et, special, way, open)...)
				continue
			}
		}
		if !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		fields = append(fields, field{name: name, omitEmpty: options == "omitempty", index: way, typ: sf.Type})
	}
	return fields
}

// settable is the field in v, through embedded pointers that it makes if need be.
func (f *field) settable(v reflect.Value) reflect.Value {
	for n, i := range f.index {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// present is the field in v; it isn't there behind an embedded pointer that is nil.
func (f *field) present(v reflect.Value) (reflect.Value, bool) {
	for n, i := range f.index {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}
