package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// tree is a JSON value that keeps what encoding/json's any forgets and a match
// depends on: whether a number was written as an integer, and the order of keys.
// It holds nil, bool, int64, float64, string, []any or object.
type tree struct{ v any }

type object []field

type field struct {
	key   string
	value any
}

func (o object) get(key string) (any, bool) {
	for _, f := range o {
		if f.key == key {
			return f.value, true
		}
	}
	return nil, false
}

// text is the string under a key, fallback if it isn't there.
func (o object) text(key, fallback string) string {
	if v, ok := o.get(key); ok {
		if s, ok := v.(string); ok {
			return s
		}
	}
	return fallback
}

// UnmarshalJSON reads the value.
func (t *tree) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var err error
	t.v, err = readTree(dec)
	return err
}

func readTree(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		if strings.ContainsAny(token.String(), ".eE") {
			return token.Float64()
		}
		return strconv.ParseInt(token.String(), 10, 64)
	case json.Delim:
		if token == '[' {
			return readList(dec)
		}
		return readObject(dec)
	}
	return token, nil
}

func readList(dec *json.Decoder) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := readTree(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

func readObject(dec *json.Decoder) (any, error) {
	o := object{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := readTree(dec)
		if err != nil {
			return nil, err
		}
		o = append(o, field{fmt.Sprint(key), v})
	}
	_, err := dec.Token()
	return o, err
}
