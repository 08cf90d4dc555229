package hubd

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"koji"
	"koji/internal/xmlrpc"
)

// method is one name of the API: who may call it, whether it changes anything,
// and the function behind it. The struct that the function takes is the one
// place where its arguments are written down: binding, type errors, _listapi,
// system.methodHelp and docs/api.md come from it.
type method struct {
	name   string
	access access
	writes bool
	help   string
	params []param
	run    func(c *call, positional []any, named map[string]any) (any, error)
}

// param is one argument of a method, as its rpc tag tells it:
//
//	`rpc:"tagInfo"`       required
//	`rpc:"strict=false"`  with a default: nil, true, false, a number, or text
//	`rpc:"*args"`         the rest of the positional ones ([]any)
//	`rpc:"**kwargs"`      the rest of the named ones (map[string]any)
type param struct {
	name     string
	required bool
	value    any // the default
	index    int // of the struct's field
	rest     bool
	keywords bool
}

// reads is a method that changes nothing; it may run beside others.
func reads[A any](name string, who access, help string, f func(*call, A) (any, error)) method {
	return newMethod(name, who, false, help, f)
}

// writes is a method that may change the database or the file tree.
func writes[A any](name string, who access, help string, f func(*call, A) (any, error)) method {
	return newMethod(name, who, true, help, f)
}

// none is the argument struct of methods without arguments.
type none struct{}

func newMethod[A any](name string, who access, changes bool, help string, f func(*call, A) (any, error)) method {
	params := paramsOf(reflect.TypeFor[A]())
	m := method{name: name, access: who, writes: changes, help: help, params: params}
	m.run = func(c *call, positional []any, named map[string]any) (any, error) {
		var a A
		if err := bind(name, params, positional, named, reflect.ValueOf(&a).Elem()); err != nil {
			return nil, err
		}
		return f(c, a)
	}
	return m
}

func paramsOf(t reflect.Type) []param {
	var params []param
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("rpc")
		p := param{index: i}
		switch name, value, hasDefault := strings.Cut(tag, "="); {
		case strings.HasPrefix(tag, "**"):
			p.name, p.keywords = tag[2:], true
		case strings.HasPrefix(tag, "*"):
			p.name, p.rest = tag[1:], true
		case tag == "":
			panic(fmt.Sprintf("field %s of %s has no rpc tag", t.Field(i).Name, t))
		case hasDefault:
			p.name, p.value = name, defaultValue(value)
		default:
			p.name, p.required = name, true
		}
		params = append(params, p)
	}
	return params
}

func defaultValue(s string) any {
	switch s {
	case "nil":
		return nil
	case "true":
		return true
	case "false":
		return false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return s
}

// bind puts the arguments of a call into the method's struct. What doesn't
// fit is a fault 1019 that says which argument of which method.
func bind(name string, params []param, positional []any, named map[string]any, into reflect.Value) error {
	wrong := func(format string, args ...any) error {
		return koji.NewError(koji.CodeParameter, name+"() "+fmt.Sprintf(format, args...))
	}
	var missing []string
	used, at, plain := 0, 0, 0
	for _, p := range params {
		field := into.Field(p.index)
		if p.rest {
			field.Set(reflect.ValueOf(append([]any{}, positional[min(at, len(positional)):]...)))
			at = max(at, len(positional))
			continue
		}
		if p.keywords {
			rest := map[string]any{}
			for k, v := range named {
				if !hasParam(params, k) {
					rest[k] = v
					used++
				}
			}
			field.Set(reflect.ValueOf(rest))
			continue
		}
		plain++
		value, byName := named[p.name]
		if byName {
			used++
		}
		switch {
		case at < len(positional) && byName:
			return wrong("got multiple values for argument '%s'", p.name)
		case at < len(positional):
			value = positional[at]
			at++
		case byName:
		case p.required:
			missing = append(missing, "'"+p.name+"'")
			continue
		default:
			value = p.value
		}
		if value == nil && !p.required && p.value == nil {
			continue // nil is what the default says
		}
		if err := setArgument(field, value); err != nil {
			return wrong("argument '%s': %v", p.name, err)
		}
	}
	switch {
	case at < len(positional):
		return wrong("takes %d positional arguments but %d were given", plain, len(positional))
	case used < len(named):
		for k := range named {
			if !hasParam(params, k) {
				return wrong("got an unexpected keyword argument '%s'", k)
			}
		}
	case len(missing) > 0:
		return wrong("missing %d required positional argument%s: %s", len(missing), map[bool]string{true: "s"}[len(missing) > 1], strings.Join(missing, ", "))
	}
	return nil
}

func hasParam(params []param, name string) bool {
	for _, p := range params {
		if p.name == name && !p.rest && !p.keywords {
			return true
		}
	}
	return false
}

// setArgument converts as Koji's callers expect: a flag takes anything and
// asks whether it is true, a number and a text take only their own kind.
func setArgument(field reflect.Value, value any) error {
	if field.Kind() == reflect.Interface {
		if value != nil {
			field.Set(reflect.ValueOf(value))
		}
		return nil
	}
	if field.Kind() == reflect.Pointer {
		if value == nil {
			return nil
		}
		field.Set(reflect.New(field.Type().Elem()))
		return setArgument(field.Elem(), value)
	}
	switch field.Kind() {
	case reflect.Bool:
		field.SetBool(truthy(value))
		return nil
	case reflect.Int64:
		if n, ok := value.(int64); ok {
			field.SetInt(n)
			return nil
		}
		return fmt.Errorf("invalid type %s, want an integer", shown(value))
	case reflect.Float64:
		switch n := value.(type) {
		case float64:
			field.SetFloat(n)
			return nil
		case int64:
			field.SetFloat(float64(n))
			return nil
		}
		return fmt.Errorf("invalid type %s, want a number", shown(value))
	case reflect.String:
		if s, ok := value.(string); ok {
			field.SetString(s)
			return nil
		}
		return fmt.Errorf("invalid type %s, want a string", shown(value))
	case reflect.Map:
		if value == nil {
			return nil
		}
		if v, ok := value.(map[string]any); ok {
			field.Set(reflect.ValueOf(v))
			return nil
		}
		return fmt.Errorf("invalid type %s, want a struct", shown(value))
	case reflect.Slice:
		if value == nil {
			return nil
		}
		list, ok := value.([]any)
		if !ok {
			return fmt.Errorf("invalid type %s, want an array", shown(value))
		}
		out := reflect.MakeSlice(field.Type(), len(list), len(list))
		for i, v := range list {
			if err := setArgument(out.Index(i), v); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
		field.Set(out)
		return nil
	}
	return fmt.Errorf("no way to hold a %s in a %s", typeName(value), field.Type())
}

// shown is the type of a value and, when that is short, the value.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) <= 60 {
			return fmt.Sprintf("string %q", v)
		}
	case int64, float64:
		return fmt.Sprintf("%s %v", typeName(v), v)
	}
	return typeName(v)
}

// truthy is Python's idea of what is true, which Koji's flags follow.
func truthy(v any) bool { return xmlrpc.Truthy(v) }

// typeName is what a caller calls the type of a value.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		return "double"
	case string:
		return "string"
	case []byte:
		return "base64"
	case []any:
		return "array"
	case map[string]any:
		return "struct"
	}
	return fmt.Sprintf("%T", v)
}
