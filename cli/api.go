package cli

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"
)

// newListAPICommand is koji list-api.
func newListAPICommand(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "list-api [options] [method_name ...]", Short: "Tell the hub's methods and their arguments", GroupID: info,
		Example: "koji list-api getTag",
		RunE:    func(cmd *cobra.Command, args []string) error { return listAPI(cmd.Context(), env, args) },
	})
}

type apiMethod struct {
	Name    string  `xmlrpc:"name"`
	ArgDesc string  `xmlrpc:"argdesc"`
	Doc     *string `xmlrpc:"doc"`
}

func listAPI(ctx context.Context, env *Env, names []string) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	var methods []apiMethod
	if err := s.Call(ctx, "_listapi", &methods); err != nil {
		return err
	}
	slices.SortFunc(methods, func(a, b apiMethod) int { return cmp.Compare(a.Name, b.Name) })
	if len(names) > 0 {
		chosen := []apiMethod{}
		for _, name := range names {
			at, found := slices.BinarySearchFunc(methods, name, func(m apiMethod, name string) int { return cmp.Compare(m.Name, name) })
			if !found {
				return usagef("Unknown method: %s", name)
			}
			chosen = append(chosen, methods[at])
		}
		methods = chosen
	}
	if env.asData() {
		return env.printData(methods)
	}
	for _, m := range methods {
		env.printf("%s%s", m.Name, m.ArgDesc)
		if m.Doc != nil && *m.Doc != "" {
			env.printf("  description: %s", *m.Doc)
		}
	}
	return nil
}
