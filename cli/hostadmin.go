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
	kind := switched{"hostname", "getHost", "host", "builder1"}
	return switching[koji.Host](env, kind, name, short, func(m *koji.Multicall, host string, comment *string) {
		m.Add(nil, method, host)
		if comment != nil {
			m.Add(nil, "editHost", host, koji.Named{"comment": *comment})
		}
	})
}

// newEditHostCommand is koji edit-host.
func newEditHostCommand(env *Env) *cobra.Command {
	var capacity float64
	cmd := &cobra.Command{
		Use: "edit-host <hostname> [<hostname> ...] [options]", Short: "Edit builders", GroupID: admin,
		Example: "koji edit-host --capacity 8 --arches 'x86_64 i686' builder1", Args: arguments(1, -1),
	}
	f := cmd.Flags()
	f.String("arches", "", "the `ARCHES` they build for")
	f.Float64Var(&capacity, "capacity", 0, "the load that they may carry")
	f.String("description", "", "what they are")
	f.String("comment", "", "a remark")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		change := koji.Named{}
		for _, key := range []string{"description", "comment"} {
			if f.Changed(key) {
				change[key] = f.Lookup(key).Value.String()
			}
		}
		if f.Changed("capacity") {
			change["capacity"] = capacity
		}
		if f.Changed("arches") {
			list, err := arches(f.Lookup("arches").Value.String())
			if err != nil {
				return err
			}
			change["arches"] = list
		}
		s, err := env.Session(cmd.Context())
		if err != nil {
			return err
		}
		if err := needAll[koji.Host](cmd.Context(), env, s, "getHost", "host", names); err != nil {
			return err
		}
		changed := make([]bool, len(names))
		m := s.Multicall()
		for i, name := range names {
			m.Add(&changed[i], "editHost", name, change)
		}
		if err := m.Run(cmd.Context()); err != nil {
			return err
		}
		for i, name := range names {
			if changed[i] {
				env.say("Edited %s", name)
			} else {
				env.say("No changes made to %s", name)
			}
		}
		return nil
	}
	return cmd
}

type restartHostsOptions struct {
	env     *Env
	wait    waitOption
	force   bool
	channel string
	arches  []string
	timeout int64
}

// newRestartHostsCommand is koji restart-hosts.
func newRestartHostsCommand(env *Env) *cobra.Command {
	o := &restartHostsOptions{env: env}
	cmd := &cobra.Command{
		Use: "restart-hosts [options]", Short: "Have builders start anew once they have nothing to do", GroupID: admin,
		Example: "koji restart-hosts --channel createrepo", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	o.wait.flags(f)
	withQuiet(env, cmd)
	f.BoolVar(&o.force, "force", false, "also while others are being restarted")
	f.StringVar(&o.channel, "channel", "", "only those of this `CHANNEL`")
	f.StringArrayVarP(&o.arches, "arch", "a", nil, "only those of this `ARCH`; can be given more than once")
	f.Int64Var(&o.timeout, "timeout", 0, "give up after so many `MINUTES`")
	return cmd
}

func (o *restartHostsOptions) run(ctx context.Context) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if !o.force {
		var others []koji.Task
		states := []int{int(koji.TaskFree), int(koji.TaskOpen), int(koji.TaskAssigned)}
		if err := s.Call(ctx, "listTasks", &others, map[string]any{"method": "restartHosts", "state": states}, map[string]any{"order": "id"}); err != nil {
			return err
		}
		if len(others) > 0 {
			return failf("Builders are being restarted already, by task %d; --force restarts them all the same", others[0].ID)
		}
	}
	options := map[string]any{}
	if o.channel != "" {
		options["channel"] = o.channel
	}
	if len(o.arches) > 0 {
		options["arches"] = o.arches
	}
	if o.timeout > 0 {
		options["timeout"] = o.timeout
	}
	args := []any{koji.Named{"priority": 5}}
	if len(options) > 0 {
		args = []any{koji.Named{"priority": 5, "options": options}}
	}
	var id int64
	if err := s.Call(ctx, "restartHosts", &id, args...); err != nil {
		return err
	}
	if !o.wait.wants(o.env) {
		return nil
	}
	return watchTasks(ctx, o.env, []int64{id})
}
