package conformance

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// matcher compares the answers of one replay with the recorded ones. All is
// literal, type and value, but for
//
//	{"$id": "id3"}      any integer, the same one wherever the label stands in the scenario
//	{"$time": 1}        a timestamp string
//	{"$num": "float"}   any double; of another kind, any number
//	{"$str": 1}         any string
//	{"$like": "a-#"}    a string that reads so once each run of digits is #
//	{"$b64": "<hex>"}   binary
//	{"$any": …}         anything
//
// A struct may hold more keys than recorded, and a recorded key ?x says nothing.
type matcher struct{ ids map[string]int64 }

var (
	timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)?$`)
	digits    = regexp.MustCompile(`\p{Nd}+`)
)

// answer says what is wrong with a step's answer; "" if nothing is.
func (m *matcher) answer(step *Step, got answer) string {
	want := step.Expect
	if want.Fault == nil {
		if got.fault != nil {
			return fmt.Sprintf("want a result, got fault %d: %s", got.fault.Code, brief(got.fault.Text))
		}
		if err := m.match(want.Result.v, got.result, "$", step.Ordered); err != nil {
			return err.Error()
		}
		return ""
	}
	switch {
	case got.fault == nil:
		return fmt.Sprintf("want fault %d, got %s", want.Fault.Code, brief(got.result))
	case got.fault.Code != want.Fault.Code:
		return fmt.Sprintf("want fault %d, got fault %d: %s", want.Fault.Code, got.fault.Code, brief(got.fault.Text))
	}
	missing := slices.DeleteFunc(slices.Clone(want.Fault.Mentions), func(m string) bool { return strings.Contains(got.fault.Text, m) })
	if len(missing) > 0 {
		return fmt.Sprintf("the fault does not name %q: %s", missing, brief(got.fault.Text))
	}
	return ""
}

func (m *matcher) match(want, got any, path string, ordered bool) error {
	switch want := want.(type) {
	case object:
		if len(want) == 1 && strings.HasPrefix(want[0].key, "$") {
			return m.special(want[0].key, want[0].value, got, path)
		}
		members, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: want a struct, got %s", path, brief(got))
		}
		for _, f := range want {
			if strings.HasPrefix(f.key, "?") {
				continue
			}
			value, ok := members[f.key]
			if !ok {
				return fmt.Errorf("%s: key %q is missing", path, f.key)
			}
			if err := m.match(f.value, value, path+"."+f.key, ordered); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, ok := got.([]any)
		if !ok {
			return fmt.Errorf("%s: want an array, got %s", path, brief(got))
		}
		if len(want) != len(list) {
			return fmt.Errorf("%s: want %d elements, got %d: %s", path, len(want), len(list), brief(got))
		}
		if !ordered && !slices.ContainsFunc(want, hasPlace) {
			return m.anyOrder(want, list, path)
		}
		for i, w := range want {
			if err := m.match(w, list[i], fmt.Sprintf("%s[%d]", path, i), ordered); err != nil {
				return err
			}
		}
		return nil
	}
	if want != got { // a scalar, equal only to its own kind
		return fmt.Errorf("%s: want %s, got %s", path, brief(want), brief(got))
	}
	return nil
}

// hasPlace says that the order of an array with such an element counts always.
func hasPlace(v any) bool {
	switch v.(type) {
	case object, string:
		return false
	}
	return true
}

// anyOrder gives each recorded element the first that fits, its own place before others.
func (m *matcher) anyOrder(want, got []any, path string) error {
	left := make([]int, len(got))
	for i := range left {
		left[i] = i
	}
	for i, w := range want {
		order := slices.Clone(left)
		if at := slices.Index(order, i); at >= 0 {
			order = append([]int{i}, slices.Delete(order, at, at+1)...)
		}
		var problem error
		found := false
		for _, n := range order {
			before := maps.Clone(m.ids)
			err := m.match(w, got[n], fmt.Sprintf("%s[%d]", path, i), false)
			if err == nil {
				at := slices.Index(left, n)
				left, found = slices.Delete(left, at, at+1), true
				break
			}
			m.ids = before
			if problem == nil {
				problem = err
			}
		}
		if !found {
			return problem
		}
	}
	return nil
}

func (m *matcher) special(kind string, value, got any, path string) error {
	text, isText := got.(string)
	number, isInt := got.(int64)
	_, isFloat := got.(float64)
	wrong := func(what string) error { return fmt.Errorf("%s: want %s, got %s", path, what, brief(got)) }
	switch kind {
	case "$id":
		label := fmt.Sprint(value)
		if !isInt {
			return wrong("an id")
		}
		if known, ok := m.ids[label]; ok && known != number {
			return fmt.Errorf("%s: want id %s (%d here), got %d", path, label, known, number)
		}
		m.ids[label] = number
	case "$time":
		if !isText || !timestamp.MatchString(text) {
			return wrong("a timestamp string")
		}
	case "$num":
		if !isFloat && (value == "float" || !isInt) {
			return wrong("a number (" + fmt.Sprint(value) + ")")
		}
	case "$str":
		if !isText {
			return wrong("a string")
		}
	case "$like":
		if !isText || digits.ReplaceAllString(text, "#") != value {
			return wrong(fmt.Sprintf("a string like %q", value))
		}
	case "$b64":
		binary, ok := got.([]byte)
		if !ok || hex.EncodeToString(binary) != value {
			return wrong("binary data " + fmt.Sprint(value))
		}
	case "$any":
	default:
		return fmt.Errorf("%s: unknown matcher %s", path, kind)
	}
	return nil
}

// brief is a value as JSON, in one short line.
func brief(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("%T", v)
	}
	text := []rune(strings.TrimSuffix(b.String(), "\n"))
	const most = 160
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
