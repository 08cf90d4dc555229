package cli

import (
	"context"

	"github.com/spf13/cobra"

	"koji"
)

type addHostOptions struct {
	env       *Env
	principal string
	force     bool
}

// newAddHostCommand is koji add-host.
func newAddHostCommand(env *Env) *cobra.Command {
	o := &addHostOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-host [options] <hostname> <arch> [<arch> ...]", Short: "Create a builder", GroupID: admin,
		Example: "koji add-host builder1.example.org x86_64 noarch", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	cmd.Flags().StringVar(&o.principal, "krb-principal", "", "its Kerberos principal")
	cmd.Flags().BoolVar(&o.force, "force", false, "make a builder of a user of that name")
	return cmd
}

func (o *addHostOptions) run(ctx context.Context, name string, archNames []string) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var host *koji.Host
	if err := s.Call(ctx, "getHost", &host, name); err != nil {
		return err
	}
	if host != nil {
		return failf("%s is already in the database", name)
	}
	named := koji.Named{}
	if o.principal != "" {
		named["krb_principal"] = o.principal
	}
	if o.force {
		named["force"] = true
	}
	var id int64
	if err := s.Call(ctx, "addHost", &id, name, archNames, named); err != nil {
		return err
	}
	o.env.say("%s added: id %d", name, id)
	return nil
}

// newEnableHostCommand is koji enable-host.
func newEnableHostCommand(env *Env) *cobra.Command {
	return switchHosts(env, "enable-host", "Enable builders", "enableHost")
}

// newDisableHostCommand is koji disable-host.
func newDisableHostCommand(env *Env) *cobra.Command {
	return switchHosts(env, "disable-host", "Disable builders: they finish their tasks and get no new ones", "disableHost")
}

func switchHosts(env *Env, name, short, method string) *cobra.Command {
	var comment string
	cmd := &cobra.Command{
		Use: name + " [options] <hostname> [<hostname> ...]", Short: short, GroupID: admin,
		Example: "koji " + name + " --comment 'new disk' builder1", Args: arguments(1, -1),
	}
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		ctx := cmd.Context()
		s, err := env.Session(ctx)
		if err != nil {
			return err
		}
		found := make([]*koji.Host, len(names))
		look := s.Multicall()
		for i, name := range names {
			look.Add(&found[i], "getHost", name)
		}
		if err := look.Run(ctx); err != nil {
			return err
		}
		missing := false
		for i, host := range found {
			if host == nil {
				env.warn("No such host: %s", names[i])
				missing = true
			}
		}
		if missing {
			return failf("No changes made. Please correct the command line.")
		}
		m := s.Multicall()
		for _, name := range names {
			m.Add(nil, method, name)
			if cmd.Flags().Changed("comment") {
				m.Add(nil, "editHost", name, koji.Named{"comment": comment})
			}
		}
		return m.Run(ctx)
	}
	cmd.Flags().StringVar(&comment, "comment", "", "say why")
	return cmd
}
