// Package pylit is Python's notation for values, as Koji's command line reads
// it (call --python, plain arguments) and prints it (call).
//
// Values are those of the wire: nil, bool, int64, float64, string, []byte,
// []any and map[string]any. Tuples and sets are read as []any.
package pylit
