package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
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
	var answer any
	if err := s.Call(ctx, method, &answer, args...); err != nil {
		return err
	}
	if o.jsonOut {
		return o.env.printJSON(answer)
	}
	o.env.printf("%s", pylit.Format(answer))
	return nil
}

var byName = regexp.MustCompile(`(?s)^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// arguments reads the words, and puts those by name behind the others.
func (o *callOptions) arguments(words []string) ([]any, error) {
	named := koji.Named{}
	if o.kwargsGiven {
		value, err := o.value(o.kwargs)
		members, ok := value.(map[string]any)
		if err != nil || !ok {
			return nil, failf("The value of --kwargs is not a dict: %s", o.kwargs)
		}
		named = members
	}
	args := []any{}
	for _, word := range words {
		name, text := "", word
		if m := byName.FindStringSubmatch(word); m != nil {
			name, text = m[1], m[2]
		}
		value, err := o.value(text)
		if err != nil {
			return nil, err
		}
		if name == "" {
			args = append(args, value)
		} else {
			named[name] = value
		}
	}
	if len(named) > 0 {
		args = append(args, named)
	}
	return args, nil
}

// value reads one word in the notation that was chosen.
func (o *callOptions) value(text string) (any, error) {
	var value any
	var err error
	switch {
	case o.jsonIn:
		value, err = parseJSON(text)
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
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more behind the value")
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if !bytes.ContainsAny([]byte(v), ".eE") {
			return pylit.Filter(v.String())
		}
		f, _ := pylit.Float(v.String())
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}
