package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pylit"
)

type makeTaskOptions struct {
	env                           *Env
	channel, priority, arch, once string
	watch, wait, jsonIn           bool
}

// newMakeTaskCommand is koji make-task.
func newMakeTaskCommand(env *Env) *cobra.Command {
	o := &makeTaskOptions{env: env}
	cmd := &cobra.Command{
		Use: "make-task [options] <method> [<arg> ...] [<key>=<value> ...]", Short: "Create a task of any kind", GroupID: admin,
		Long: "Words that read as numbers, None, True or False are such; with --json-input each word is JSON. " +
			"A word key=value is an argument by name, and @FILE is the JSON in a file (@- in the standard input). " +
			"Words behind -- are arguments by place whatever they look like; a negative number needs it in front.\n" +
			"With --once a task is made only once for a key, however often the command is run: later runs tell the same task, " +
			"even if the first was interrupted before it knew the task.",
		Example: "koji make-task --watch sleep 5\nkoji make-task runroot f40-build x86_64 'rpm -qa' skip_setarch=True\n" +
			"koji make-task --quiet --once nightly-2026-11-27 build @args.json",
		Args: arguments(1, -1),
	}
	f := cmd.Flags()
	f.StringVar(&o.channel, "channel", "", "the channel to run in")
	f.StringVar(&o.priority, "priority", "", "its priority, a `NUMBER`")
	f.BoolVar(&o.watch, "watch", false, "watch it, unless in the background")
	f.BoolVar(&o.wait, "wait", false, "watch it, also in the background")
	f.StringVar(&o.arch, "arch", "", "the arch to run on")
	f.BoolVar(&o.jsonIn, "json-input", false, "arguments are JSON")
	f.StringVar(&o.once, "once", "", "make only one task for this `KEY`")
	withQuiet(env, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		literal := len(args)
		if at := cmd.ArgsLenAtDash(); at >= 0 {
			literal = max(at, 1)
		}
		return o.run(cmd.Context(), args[0], args[1:literal], args[literal:])
	}
	return withData(env, cmd)
}

// run makes a task. The words of literal have no meaning but their own.
func (o *makeTaskOptions) run(ctx context.Context, method string, words, literal []string) error {
	arglist, err := o.arguments(words, literal)
	if err != nil {
		return err
	}
	named := koji.Named{"method": method, "arglist": arglist}
	setTexts(named, map[string]string{"channel": o.channel, "arch": o.arch})
	if o.priority != "" {
		n, ok := pylit.Int(o.priority)
		if !ok || !n.IsInt64() {
			return failf("priority must be an integer: %s", o.priority)
		}
		named["priority"] = n.Int64()
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	create := func() (id int64, err error) { return id, s.Call(ctx, "makeTask", &id, named) }
	var id int64
	if o.once == "" {
		id, err = create()
	} else {
		id, err = onlyOnce(ctx, s, onceRequest{Profile: o.env.profile.Name, Server: o.env.profile.Server, Key: o.once, Method: method, Arguments: arglist}, create)
	}
	if err != nil {
		return err
	}
	switch {
	case o.env.asData():
		err = o.env.printLines(map[string]any{"task": id})
	case o.env.quiet():
		o.env.printf("%d", id)
	default:
		o.env.printf("Created task id %d", id)
	}
	if err != nil || !o.wait && (!o.watch || o.env.background()) {
		return err
	}
	return watchTasks(ctx, o.env, []int64{id})
}

// arguments are the words as the task gets them: those by name are a struct
// behind the others. Koji: reference/wire.md, named arguments.
func (o *makeTaskOptions) arguments(words, literal []string) ([]any, error) {
	named := map[string]any{}
	arglist, err := readWords(words, named, o.value)
	if err != nil {
		return nil, err
	}
	for _, word := range literal {
		value := pylit.Filter(word)
		if o.jsonIn {
			if value, err = parseJSON(word); err != nil {
				return nil, usagef("Invalid value: %s: %v", word, err)
			}
		}
		arglist = append(arglist, value)
	}
	if len(named) > 0 {
		named["__starstar"] = true
		arglist = append(arglist, named)
	}
	return arglist, nil
}

// value reads a word, or the file that it names.
func (o *makeTaskOptions) value(text string) (any, error) {
	file, isFile := strings.CutPrefix(text, "@")
	if isFile && file != "" {
		data, err := o.read(file)
		if err != nil {
			return nil, failf("Unable to read %s: %v", file, err)
		}
		value, err := parseJSON(string(data))
		if err != nil {
			return nil, usagef("%s is not JSON: %v", file, err)
		}
		return value, nil
	}
	if !o.jsonIn {
		return pylit.Filter(text), nil
	}
	value, err := parseJSON(text)
	if err != nil {
		return nil, usagef("Invalid value: %s: %v", text, err)
	}
	return value, nil
}

// largestArgument is how much of a file is read: the hub takes no larger call.
const largestArgument = 4 << 20

func (o *makeTaskOptions) read(file string) ([]byte, error) {
	in := o.env.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, largestArgument+1))
	if err == nil && len(data) > largestArgument {
		err = fmt.Errorf("more than %d bytes", largestArgument)
	}
	return data, err
}
