package pylit

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
)

// Filter turns a word of the command line into a value, as Koji's client does
// for call and make-task: what int() reads is a number, then what float()
// reads, then exactly None, True and False; the rest is a string.
//
// A whole number beyond 64 bits comes back as *big.Int, and nan, inf and what
// is too large for a float as such floats: the wire has no such values, so
// that the codec refuses them rather than sending a string nobody wrote.
func Filter(word string) any {
	if v, ok := scalar(word); ok {
		return v
	}
	return word
}

// FilterJSON is Filter for the places where Koji also reads JSON
// (add-tag -x, edit-tag -x): a word that Filter leaves a string, and that is a
// JSON document, is what the document says.
func FilterJSON(word string) any {
	if v, ok := scalar(word); ok {
		return v
	}
	d := json.NewDecoder(bytes.NewReader([]byte(word)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return word
	}
	if _, err := d.Token(); err != io.EOF {
		return word
	}
	return plain(v)
}

func scalar(word string) (any, bool) {
	if n, ok := Int(word); ok {
		return whole(n), true
	}
	if f, ok := Float(word); ok {
		return f, true
	}
	switch word {
	case "None":
		return nil, true
	case "True":
		return true, true
	case "False":
		return false, true
	}
	return nil, false
}

// whole is n as int64 where it fits.
func whole(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// plain replaces the numbers of a JSON document.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := Int(v.String()); ok {
			return whole(n)
		}
		f, _ := Float(v.String())
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return v
}
