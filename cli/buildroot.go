package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type listBuildrootOptions struct {
	env            *Env
	built, verbose bool
}

// newListBuildrootCommand is koji list-buildroot.
func newListBuildrootCommand(env *Env) *cobra.Command {
	o := &listBuildrootOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-buildroot [options] <buildroot-id>", Short: "List what is in a buildroot, or was built in it", GroupID: info,
		Example: "koji list-buildroot --built 1234", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.built, "built", false, "what was built in it")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "mark what was put in by an update")
	return withData(env, cmd)
}

// buildrootContent is what a buildroot holds, or what came out of it.
type buildrootContent struct {
	RPMs     []koji.RPM `xmlrpc:"rpms"`
	Archives []archive  `xmlrpc:"archives"`
}

func (o *listBuildrootOptions) run(ctx context.Context, arg string) error {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return failf("A buildroot's id must be a number: %s", arg)
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	key, title := "componentBuildrootID", "Component"
	if o.built {
		key, title = "buildrootID", "Built"
	}
	var c buildrootContent
	m := s.Multicall()
	m.Add(&c.RPMs, "listRPMs", koji.Named{key: id})
	m.Add(&c.Archives, "listArchives", koji.Named{key: id})
	if err := m.Run(ctx); err != nil {
		return firstError(m)
	}
	slices.SortFunc(c.RPMs, func(a, b koji.RPM) int { return cmp.Compare(a.FileName(), b.FileName()) })
	slices.SortFunc(c.Archives, func(a, b archive) int { return cmp.Compare(a.FileName, b.FileName) })
	return o.env.show(c, func(w *bufio.Writer) { o.print(w, c, title) })
}

func (o *listBuildrootOptions) print(w io.Writer, c buildrootContent, title string) {
	if len(c.RPMs) > 0 {
		fmt.Fprintf(w, "%s RPMs:\n", title)
	}
	for _, r := range c.RPMs {
		line := strings.TrimSuffix(r.FileName(), ".rpm")
		if o.verbose && r.IsUpdate != nil && *r.IsUpdate {
			line += " [update]"
		}
		fmt.Fprintln(w, o.env.oneLine(line))
	}
	if len(c.Archives) > 0 {
		fmt.Fprintf(w, "%s Archives:\n", title)
	}
	for _, a := range c.Archives {
		fmt.Fprintln(w, o.env.oneLine(a.FileName))
	}
}
