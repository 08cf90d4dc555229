package policy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"

	"koji/internal/fnmatch"
	"koji/internal/pylit"
)

// general gives the tests that only look at fields of the data:
//
//	true, all              always
//	false, none            never
//	has FIELD              the field is there, be it empty
//	bool FIELD             the field is there and neither empty, zero nor false
//	match FIELD glob...    the field matches a glob
//	match_any FIELD glob...  the field is a list, and an item matches a glob
//	match_all FIELD glob...  the field is a list of one or more, and all items match
//	target glob...         the same as match target glob...
//	compare FIELD OP NUMBER  OP is one of < > <= >= = !=
func general() map[string]Test {
	always := Test{Run: func(context.Context, Data, []string) (bool, error) { return true, nil }}
	never := Test{Run: func(context.Context, Data, []string) (bool, error) { return false, nil }}
	return map[string]Test{
		"true": always, "all": always,
		"false": never, "none": never,
		"has":       {has, needsField},
		"bool":      {isTrue, needsField},
		"match":     {match, needsField},
		"match_any": {matchAny, needsField},
		"match_all": {matchAll, needsField},
		"target":    {target, nil},
		"compare":   {compare, checkCompare},
	}
}

func needsField(args []string) error {
	if len(args) == 0 {
		return errors.New("the name of a field is missing")
	}
	return nil
}

func has(_ context.Context, data Data, args []string) (bool, error) {
	_, ok := data[args[0]]
	return ok, nil
}

func isTrue(_ context.Context, data Data, args []string) (bool, error) {
	switch v := data[args[0]].(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case int:
		return v != 0, nil
	case int64:
		return v != 0, nil
	case float64:
		return v != 0, nil
	case string:
		return v != "", nil
	case []byte:
		return len(v) > 0, nil
	case []any:
		return len(v) > 0, nil
	case []string:
		return len(v) > 0, nil
	case map[string]any:
		return len(v) > 0, nil
	}
	return true, nil
}

func match(_ context.Context, data Data, args []string) (bool, error) {
	return matches(data[args[0]], args[1:]), nil
}

func target(_ context.Context, data Data, args []string) (bool, error) {
	return matches(data["target"], args), nil
}

func matchAny(_ context.Context, data Data, args []string) (bool, error) {
	for _, item := range list(data[args[0]]) {
		if matches(item, args[1:]) {
			return true, nil
		}
	}
	return false, nil
}

func matchAll(_ context.Context, data Data, args []string) (bool, error) {
	items := list(data[args[0]])
	for _, item := range items {
		if !matches(item, args[1:]) {
			return false, nil
		}
	}
	return len(items) > 0, nil
}

// matches compares a value with globs: a string as it is, others as Python
// prints them (True, 7), nil never.
func matches(v any, globs []string) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return fnmatch.MatchAny(globs, v)
	}
	return fnmatch.MatchAny(globs, pylit.Repr(v))
}

// list is the items of a list; anything else has none.
func list(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return items
	}
	return nil
}

func checkCompare(args []string) error {
	if len(args) != 3 {
		return errors.New("it is written compare FIELD OP NUMBER")
	}
	if _, ok := holds(args[1], 0); !ok {
		return fmt.Errorf("%s is none of < > <= >= = !=", args[1])
	}
	if _, ok := written(args[2]); !ok {
		return fmt.Errorf("%s is no number", args[2])
	}
	return nil
}

// DataError says why a test can't judge the data that it was given.
type DataError struct{ Msg string }

func (e *DataError) Error() string { return e.Msg }

// compare fails on a field that is missing or no number, as Koji does: a rule
// with !! must not apply because nobody knows.
func compare(_ context.Context, data Data, args []string) (bool, error) {
	v, ok := data[args[0]]
	if !ok {
		return false, &DataError{fmt.Sprintf("there is no field %s", args[0])}
	}
	left, ok := number(v)
	if !ok {
		return false, &DataError{fmt.Sprintf("the field %s is %s, no number", args[0], pylit.Repr(v))}
	}
	right, _ := written(args[2])
	result, _ := holds(args[1], left.Cmp(right))
	return result, nil
}

// number is a value as an exact number; booleans are 0 and 1 as in Python.
func number(v any) (*big.Float, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewFloat(1), true
		}
		return new(big.Float), true
	case int:
		return new(big.Float).SetInt64(int64(v)), true
	case int64:
		return new(big.Float).SetInt64(v), true
	case *big.Int:
		return new(big.Float).SetInt(v), true
	case float64:
		if math.IsNaN(v) {
			return nil, false
		}
		return big.NewFloat(v), true
	}
	return nil, false
}

// written is the number that stands in a rule.
func written(word string) (*big.Float, bool) {
	if n, ok := pylit.Int(word); ok {
		return number(n)
	}
	f, ok := pylit.Float(word)
	if !ok {
		return nil, false
	}
	return number(f)
}

// holds tells what an operator makes of the order of its sides; ok is false
// for an unknown one.
func holds(operator string, order int) (result, ok bool) {
	switch operator {
	case "<":
		return order < 0, true
	case ">":
		return order > 0, true
	case "<=":
		return order <= 0, true
	case ">=":
		return order >= 0, true
	case "=":
		return order == 0, true
	case "!=":
		return order != 0, true
	}
	return false, false
}
