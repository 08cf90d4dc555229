package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"koji"
)

// newAddChannelCommand is koji add-channel.
func newAddChannelCommand(env *Env) *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use: "add-channel [options] <channel_name>", Short: "Create a channel", GroupID: admin,
		Example: "koji add-channel --description 'much memory' bigmem", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			named := koji.Named{}
			if description != "" {
				named["description"] = description
			}
			var id int64
			if err := s.Call(cmd.Context(), "addChannel", &id, args[0], named); err != nil {
				return err
			}
			env.say("%s added: id %d", args[0], id)
			return nil
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "say what it is for")
	return cmd
}

// newEditChannelCommand is koji edit-channel.
func newEditChannelCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "edit-channel [options] <old-name>", Short: "Edit a channel", GroupID: admin,
		Example: "koji edit-channel --name bigmem --comment 'new machines' large", Args: arguments(1, 1),
	}
	f := cmd.Flags()
	f.String("name", "", "its new `NAME`")
	f.String("description", "", "what it is for")
	f.String("comment", "", "a remark")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		named := koji.Named{}
		for _, key := range []string{"name", "description", "comment"} {
			if f.Changed(key) {
				named[key] = f.Lookup(key).Value.String()
			}
		}
		if len(named) == 0 {
			return usagef("Nothing to change: give --name, --description or --comment")
		}
		s, err := env.Session(cmd.Context())
		if err != nil {
			return err
		}
		var changed bool
		if err := s.Call(cmd.Context(), "editChannel", &changed, args[0], named); err != nil {
			return err
		}
		if !changed {
			return failf("No changes made, please check the hub's answer")
		}
		return nil
	}
	return cmd
}

// newEnableChannelCommand is koji enable-channel.
func newEnableChannelCommand(env *Env) *cobra.Command {
	return switchChannels(env, "enable-channel", "Enable channels", "enableChannel")
}

// newDisableChannelCommand is koji disable-channel.
func newDisableChannelCommand(env *Env) *cobra.Command {
	return switchChannels(env, "disable-channel", "Disable channels: no task goes there", "disableChannel")
}

func switchChannels(env *Env, name, short, method string) *cobra.Command {
	kind := switched{"channelname", "getChannel", "channel", "bigmem"}
	return switching[koji.Channel](env, kind, name, short, func(m *koji.Multicall, channel string, comment *string) {
		named := koji.Named{}
		if comment != nil {
			named["comment"] = *comment
		}
		m.Add(nil, method, channel, named)
	})
}

// switched is a kind of thing that can be enabled and disabled.
type switched struct {
	argument, getter, noun, example string
}

// switching makes a command that enables or disables things, by the calls that
// add adds for each; comment is nil if there is none.
func switching[T any](env *Env, kind switched, name, short string, add func(m *koji.Multicall, name string, comment *string)) *cobra.Command {
	var comment string
	cmd := &cobra.Command{
		Use: fmt.Sprintf("%s [options] <%s> [<%[2]s> ...]", name, kind.argument), Short: short, GroupID: admin,
		Example: "koji " + name + " --comment 'new disks' " + kind.example, Args: arguments(1, -1),
	}
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		ctx := cmd.Context()
		s, err := env.Session(ctx)
		if err != nil {
			return err
		}
		if err := needAll[T](ctx, env, s, kind.getter, kind.noun, names); err != nil {
			return err
		}
		var said *string
		if cmd.Flags().Changed("comment") {
			said = &comment
		}
		m := s.Multicall()
		for _, name := range names {
			add(m, name, said)
		}
		return m.Run(ctx)
	}
	cmd.Flags().StringVar(&comment, "comment", "", "say why")
	return cmd
}

// needAll finds the things of those names with method, and fails if one of them
// isn't there.
func needAll[T any](ctx context.Context, env *Env, s *koji.Session, method, noun string, names []string) error {
	found := make([]*T, len(names))
	m := s.Multicall()
	for i, name := range names {
		m.Add(&found[i], method, name)
	}
	if err := m.Run(ctx); err != nil {
		return err
	}
	missing := false
	for i, thing := range found {
		if thing == nil {
			env.warn("No such %s: %s", noun, names[i])
			missing = true
		}
	}
	if missing {
		return failf("No changes made. Please correct the command line.")
	}
	return nil
}

type hostChannelOptions struct {
	env                  *Env
	list, create, forced bool
}

// newAddHostToChannelCommand is koji add-host-to-channel.
func newAddHostToChannelCommand(env *Env) *cobra.Command {
	o := &hostChannelOptions{env: env}
	cmd := &cobra.Command{
		Use: "add-host-to-channel [options] <hostname> <channel>", Short: "Have a builder take tasks of a channel", GroupID: admin,
		Example: "koji add-host-to-channel builder1 createrepo", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.add(cmd.Context(), args[0], args[1]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.list, "list", false, "obsolete")
	f.Lookup("list").Hidden = true
	f.BoolVar(&o.create, "new", false, "create the channel if there is none")
	f.BoolVar(&o.forced, "force", false, "create the channel whatever its name looks like")
	return cmd
}

func (o *hostChannelOptions) add(ctx context.Context, host, channel string) error {
	if o.list {
		return usagef("--list is gone: use koji list-channels")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if !o.create {
		if err := needAll[koji.Channel](ctx, o.env, s, "getChannel", "channel", []string{channel}); err != nil {
			return err
		}
	}
	if err := needAll[koji.Host](ctx, o.env, s, "getHost", "host", []string{host}); err != nil {
		return err
	}
	named := koji.Named{}
	if o.create {
		named["create"] = true
	}
	if o.forced {
		named["force"] = true
	}
	return s.Call(ctx, "addHostToChannel", nil, host, channel, named)
}

// newRemoveHostFromChannelCommand is koji remove-host-from-channel.
func newRemoveHostFromChannelCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "remove-host-from-channel [options] <hostname> <channel>", Short: "Have a builder take no tasks of a channel", GroupID: admin,
		Example: "koji remove-host-from-channel builder1 createrepo", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			if err := needAll[koji.Host](cmd.Context(), env, s, "getHost", "host", args[:1]); err != nil {
				return err
			}
			return s.Call(cmd.Context(), "removeHostFromChannel", nil, args[0], args[1])
		},
	}
}
