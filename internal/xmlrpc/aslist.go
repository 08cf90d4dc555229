package xmlrpc

import (
	"reflect"
	"slices"
	"strings"
)

// AsList wraps a struct, or a map with string keys, so that it is written as the
// array of its members' values in the alphabetical order of their keys; what
// omitempty leaves out is left out here too. A slice or an iter.Seq2[T, error]
// of such is written as the array of such arrays. Other values, and types that
// write themselves, are written as ever. This is what Koji's query option asList
// asks for (Koji: reference/wire.md §8).
func AsList(v any) any { return listed{v} }

// listed is what AsList wraps.
type listed struct{ value any }

// listed writes a value as AsList says.
func (e *Encoder) listed(v reflect.Value) error {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() && !v.Type().Implements(marshalerType) {
		v = v.Elem()
	}
	if !v.IsValid() {
		e.null()
		return nil
	}
	t := v.Type()
	plan := encodePlanOf(t)
	special := t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType) || t == timeType || t == listedType
	switch {
	case special:
	case t.Kind() == reflect.Struct:
		members := sortedMembers(plan, v)
		return e.list(len(members), func(i int) error {
			fv, _ := members[i].present(v)
			return members[i].plan.write(e, fv)
		})
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		entries := sortedEntries(v)
		item := encodePlanOf(t.Elem())
		return e.list(len(entries), func(i int) error { return item.write(e, entries[i].value) })
	case (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && t.Elem().Kind() != reflect.Uint8:
		return e.list(v.Len(), func(i int) error { return e.listed(v.Index(i)) })
	case t.Kind() == reflect.Func && t.CanSeq2() && t.In(0).In(1) == errorType:
		return e.sequence(v, e.listed)
	}
	return plan.write(e, v)
}

// sortedMembers are the members of v that are written, in the order of their keys.
func sortedMembers(plan *encodePlan, v reflect.Value) []*encodeMember {
	var members []*encodeMember
	for i := range plan.members {
		m := &plan.members[i]
		if fv, ok := m.present(v); ok && (!m.omitEmpty || !isEmpty(fv)) {
			members = append(members, m)
		}
	}
	slices.SortFunc(members, func(a, b *encodeMember) int { return strings.Compare(a.name, b.name) })
	return members
}
