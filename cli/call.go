package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/lazyregexp"
	"koji/internal/pylit"
	"koji/internal/xmlrpc"
)

type callOptions struct {
	env                             *Env
	python, jsonIO, jsonIn, jsonOut bool
	bare                            bool
	kwargs                          string
	kwargsGiven                     bool
}

// newCallCommand is koji call.
func newCallCommand(env *Env) *cobra.Command {
	o := &callOptions{env: env}
	cmd := &cobra.Command{
		Use: "call [options] <name> [<arg> ...]", Short: "Call a method of the hub's API", GroupID: misc,
		Long: "An argument of the form name=value goes by name. Words that read as numbers, None, True or False are such; " +
			"a negative number needs -- in front.",
		Example: "koji call getTag f40 strict=True\nkoji call --json-output listTags pattern='f4*'",
		Args:    arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.kwargsGiven = cmd.Flags().Changed("kwargs")
			return o.run(cmd.Context(), args[0], args[1:])
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.python, "python", "p", false, "arguments are Python literals")
	f.StringVar(&o.kwargs, "kwargs", "", "arguments by name, as one dict")
	f.BoolVarP(&o.jsonIO, "json", "j", false, "arguments and answer are JSON")
	f.BoolVar(&o.jsonIn, "json-input", false, "arguments are JSON")
	f.BoolVar(&o.jsonOut, "json-output", false, "print the answer as JSON")
	f.BoolVarP(&o.bare, "bare-strings", "b", false, "what can't be read is a string")
	return cmd
}

func (o *callOptions) run(ctx context.Context, method string, words []string) error {
	o.jsonIn = o.jsonIn || o.jsonIO
	o.jsonOut = o.jsonOut || o.jsonIO || o.env.globals.json
	if o.python && o.jsonIn {
		return usagef("The --python and --json-input options are mutually exclusive")
	}
	o.python = o.python || o.kwargsGiven && !o.jsonIn
	args, err := o.arguments(words)
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var answer xmlrpc.Verbatim
	if err := s.Call(ctx, method, &answer, args...); err != nil {
		return err
	}
	if o.jsonOut {
		return o.env.writeJSON(answer.Value)
	}
	o.env.printf("%s", pylit.Format(xmlrpc.Plain(answer.Value)))
	return nil
}

var byName = lazyregexp.New(`(?s)^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// arguments reads the words, and puts those by name behind the others.
func (o *callOptions) arguments(words []string) ([]any, error) {
	named := koji.Named{}
	if o.kwargsGiven {
		value, err := o.value(o.kwargs)
		members, ok := xmlrpc.Plain(value).(map[string]any)
		if err != nil || !ok {
			return nil, failf("The value of --kwargs is not a dict: %s", o.kwargs)
		}
		named = members
	}
	args, err := readWords(words, named, o.value)
	if err != nil {
		return nil, err
	}
	if len(named) > 0 {
		args = append(args, named)
	}
	return args, nil
}

// readWords reads words as value does: those of the form name=value into named,
// and the others as a list.
func readWords(words []string, named map[string]any, value func(text string) (any, error)) ([]any, error) {
	list := []any{}
	for _, word := range words {
		name, text := "", word
		if m := byName().FindStringSubmatch(word); m != nil {
			name, text = m[1], m[2]
		}
		v, err := value(text)
		if err != nil {
			return nil, err
		}
		if name == "" {
			list = append(list, v)
		} else {
			named[name] = v
		}
	}
	return list, nil
}

// value reads one word in the notation that was chosen.
func (o *callOptions) value(text string) (any, error) {
	var value any
	var err error
	switch {
	case o.jsonIn:
		value, err = orderedJSON(text)
	case o.python:
		value, err = pylit.Parse(text)
	default:
		return pylit.Filter(text), nil
	}
	switch {
	case err == nil:
		return value, nil
	case o.bare && (o.jsonIn || !strings.ContainsAny(text, "[](){}")):
		return text, nil
	case o.bare:
		// Brackets that don't close were hardly meant as a string.
		return nil, failf("Invalid value: %s: %v", text, err)
	}
	return nil, usagef("Invalid value: %s: %v", text, err)
}

// parseJSON reads one JSON document; whole numbers stay whole.
func parseJSON(text string) (any, error) {
	v, err := orderedJSON(text)
	return xmlrpc.Plain(v), err
}

// orderedJSON is parseJSON with objects as xmlrpc.Objects, whose members keep
// their order.
func orderedJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	var document json.RawMessage // what nests too deep is refused
	if err := d.Decode(&document); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more behind the value")
	}
	d = json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	return nextJSON(d)
}

// nextJSON reads a value.
func nextJSON(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		if !strings.ContainsAny(token.String(), ".eE") {
			return pylit.Filter(token.String()), nil
		}
		f, _ := pylit.Float(token.String())
		return f, nil
	case json.Delim:
		if token == '[' {
			return jsonArray(d)
		}
		return jsonObject(d)
	}
	return token, nil
}

func jsonArray(d *json.Decoder) (any, error) {
	list := []any{}
	for d.More() {
		item, err := nextJSON(d)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := d.Token()
	return list, err
}

func jsonObject(d *json.Decoder) (any, error) {
	object, at := xmlrpc.Object{}, map[string]int{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := nextJSON(d)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprint(token)
		if i, ok := at[name]; ok { // the last one counts
			object[i].Value = value
			continue
		}
		at[name] = len(object)
		object = append(object, xmlrpc.Field{Name: name, Value: value})
	}
	_, err := d.Token()
	return object, err
}
