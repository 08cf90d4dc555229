package xmlrpc

import (
	"iter"
	"reflect"
)

// What is about to be written can be looked into as its reader will see it:
// what its elements are, and its members. Values that write themselves, and
// those wrapped by AsList, have no members.

// Elements are the elements of what is written as an array; ok is false for
// all else. What ranges over a stream uses it up.
func Elements(v any) (elements iter.Seq2[any, error], ok bool) {
	switch v := v.(type) {
	case []any:
		return func(yield func(any, error) bool) {
			for _, item := range v {
				if !yield(item, nil) {
					return
				}
			}
		}, true
	case iter.Seq2[any, error]:
		return v, true
	case func(func(any, error) bool):
		return v, true
	case listed:
		return listedElements(v)
	}
	rv := plainValue(reflect.ValueOf(v))
	if !rv.IsValid() {
		return nil, false
	}
	switch t := rv.Type(); {
	case (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && t.Elem().Kind() != reflect.Uint8:
		return func(yield func(any, error) bool) {
			for i := range rv.Len() {
				if !yield(rv.Index(i).Interface(), nil) {
					return
				}
			}
		}, true
	case t.Kind() == reflect.Func && t.CanSeq2() && t.In(0).In(1) == errorType:
		return func(yield func(any, error) bool) {
			for item, failed := range rv.Seq2() {
				err, _ := failed.Interface().(error)
				if !yield(item.Interface(), err) {
					return
				}
			}
		}, true
	}
	return nil, false
}

// listedElements are the elements of a list wrapped by AsList, each wrapped by it.
func listedElements(v listed) (iter.Seq2[any, error], bool) {
	inner, ok := Elements(v.value)
	if !ok {
		return nil, false
	}
	return func(yield func(any, error) bool) {
		for item, err := range inner {
			if !yield(AsList(item), err) {
				return
			}
		}
	}, true
}

// IsNil says whether a value is written as nil.
func IsNil(v any) bool {
	rv := reflect.ValueOf(v)
	for rv.IsValid() && (rv.Kind() == reflect.Pointer || rv.Kind() == reflect.Interface) {
		rv = rv.Elem()
	}
	return !rv.IsValid()
}

// Members is how many members a struct has; ok is false for what isn't written as one.
func Members(v any) (n int, ok bool) {
	rv := plainValue(reflect.ValueOf(v))
	switch {
	case !rv.IsValid():
		return 0, false
	case rv.Kind() == reflect.Map:
		return rv.Len(), true
	case rv.Kind() == reflect.Struct:
		return len(sortedMembers(encodePlanOf(rv.Type()), rv)), true
	}
	return 0, false
}

// Member is a struct's member as a reader gets it: nil, bool, int64, float64,
// string or what else Decoder makes of it; ok is false if there is none.
func Member(v any, name string) (member any, ok bool) {
	rv := plainValue(reflect.ValueOf(v))
	switch {
	case !rv.IsValid():
		return nil, false
	case rv.Kind() == reflect.Map && rv.Type().Key().Kind() == reflect.String:
		mv := rv.MapIndex(reflect.ValueOf(name).Convert(rv.Type().Key()))
		if !mv.IsValid() {
			return nil, false
		}
		return read(mv)
	case rv.Kind() == reflect.Struct:
		plan := encodePlanOf(rv.Type())
		for i := range plan.members {
			m := &plan.members[i]
			if m.name != name {
				continue
			}
			fv, present := m.present(rv)
			if !present || m.omitEmpty && isEmpty(fv) {
				return nil, false
			}
			return read(fv)
		}
	}
	return nil, false
}

// plainValue is a value without the pointers and interfaces around it; invalid
// for nil and for values with a way of their own to be written.
func plainValue(v reflect.Value) reflect.Value {
	for v.IsValid() {
		if t := v.Type(); t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType) || t == timeType || t == listedType {
			return reflect.Value{}
		}
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
			return v
		}
		v = v.Elem()
	}
	return v
}

// read is a value as it is after the way over the wire.
func read(v reflect.Value) (any, bool) {
	if p := plainValue(v); p.IsValid() {
		switch {
		case p.Kind() == reflect.Bool:
			return p.Bool(), true
		case p.CanInt():
			return p.Int(), true
		case p.CanFloat():
			return p.Float(), true
		case p.Kind() == reflect.String:
			return p.String(), true
		}
	}
	document, err := MarshalResponse(v.Interface())
	if err != nil {
		return nil, false
	}
	var member any
	if err := UnmarshalResponse(document, &member); err != nil {
		return nil, false
	}
	return member, true
}
