package xmlrpc

import "math"

// Object is a struct whose members have an order, in which it is written.
type Object []Field

// Field is a member of an Object.
type Field struct {
	Name  string
	Value any
}

// MarshalXMLRPC writes o as a struct.
func (o Object) MarshalXMLRPC(e *Encoder) error {
	e.BeginStruct()
	for _, m := range o {
		e.Key(m.Name)
		if err := e.Value(m.Value); err != nil {
			return err
		}
	}
	e.EndStruct()
	return nil
}

// Verbatim is an untyped value for those who hand it on without knowing what it
// means. Read into it, structs are Objects, and doubles may be inf, -inf and
// nan, which nobody else wants to calculate with.
type Verbatim struct{ Value any }

// Plain is a value with its Objects as map[string]any.
func Plain(v any) any {
	switch v := v.(type) {
	case Object:
		plain := make(map[string]any, len(v))
		for _, m := range v {
			plain[m.Name] = Plain(m.Value)
		}
		return plain
	case []any:
		plain := make([]any, len(v))
		for i, item := range v {
			plain[i] = Plain(item)
		}
		return plain
	}
	return v
}

// notFinite reads the doubles that are no finite number, as Python writes them.
func notFinite(text []byte) (float64, bool) {
	switch string(text) {
	case "inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	case "nan":
		return math.NaN(), true
	}
	return 0, false
}

// notFiniteText is how notFinite reads such a number.
func notFiniteText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return "nan"
}
