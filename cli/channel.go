package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"koji"
)

type listChannelsOptions struct {
	env                          *Env
	simple, comment, description bool
	enabled, disabled            bool
	arch                         string
}

// channelRow is a channel with the sums of its hosts.
type channelRow struct {
	koji.Channel
	EnabledHosts int64   `xmlrpc:"enabled_hosts"`
	Ready        int64   `xmlrpc:"ready_hosts"`
	Disabled     int64   `xmlrpc:"disabled_hosts"`
	Load         float64 `xmlrpc:"load"`
	Capacity     float64 `xmlrpc:"capacity"`
}

// newListChannelsCommand is koji list-channels.
func newListChannelsCommand(env *Env) *cobra.Command {
	o := &listChannelsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-channels [options]", Short: "List channels", GroupID: info,
		Example: "koji list-channels --arch x86_64", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.simple, "simple", false, "only their names")
	withQuiet(env, cmd)
	f.BoolVar(&o.comment, "comment", false, "tell their comments")
	f.BoolVar(&o.description, "description", false, "tell their descriptions")
	f.BoolVar(&o.enabled, "enabled", false, "only those that are enabled")
	f.BoolVar(&o.disabled, "not-enabled", false, "only those that are not")
	f.BoolVar(&o.disabled, "disabled", false, "the same as --not-enabled")
	f.StringVar(&o.arch, "arch", "", "count only hosts of this arch")
	return withData(env, cmd)
}

func (o *listChannelsOptions) run(ctx context.Context) error {
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{}
	if o.enabled != o.disabled {
		named["enabled"] = o.enabled
	}
	var rows []channelRow
	if err := s.Call(ctx, "listChannels", &rows, named); err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b channelRow) int { return cmp.Compare(a.Name, b.Name) })
	if o.simple {
		return list(o.env, rows, "", func(c channelRow) string { return c.Name })
	}
	if err := o.sums(ctx, s, rows); err != nil {
		return err
	}
	width := len("Channel")
	for _, c := range rows {
		width = max(width, len(o.name(c)))
	}
	header := fmt.Sprintf("%-*s Enabled  Ready Disbld   Load    Cap    Perc", width, "Channel")
	if o.description {
		header += fmt.Sprintf(" %-50s", "Description")
	}
	if o.comment {
		header += fmt.Sprintf(" %-50s", "Comment")
	}
	return list(o.env, rows, header, func(c channelRow) string { return o.line(c, width) })
}

// sums counts the hosts of each channel.
func (o *listChannelsOptions) sums(ctx context.Context, s *koji.Session, rows []channelRow) error {
	if len(rows) == 0 {
		return nil
	}
	hosts := make([][]koji.Host, len(rows))
	m := s.Multicall()
	for i, c := range rows {
		named := koji.Named{"channelID": c.ID}
		if o.arch != "" {
			named["arches"] = []string{o.arch}
		}
		m.Add(&hosts[i], "listHosts", named)
	}
	if err := m.Run(ctx); err != nil {
		return err
	}
	for i := range rows {
		c := &rows[i]
		for _, h := range hosts[i] {
			if !h.Enabled {
				c.Disabled++
				continue
			}
			c.EnabledHosts++
			if h.Ready {
				c.Ready++
			}
			c.Load += h.TaskLoad
			c.Capacity += h.Capacity
		}
	}
	return nil
}

func (o *listChannelsOptions) name(c channelRow) string {
	if !c.Enabled {
		return "*" + c.Name
	}
	return c.Name
}

func (o *listChannelsOptions) line(c channelRow, width int) string {
	percent := 0.0
	if c.Capacity > 0 {
		percent = c.Load / c.Capacity * 100
	}
	line := fmt.Sprintf("%-*s %6d %6d %6d %6.0f %6.0f %6.0f%%", width, o.name(c), c.EnabledHosts, c.Ready, c.Disabled, c.Load, c.Capacity, percent)
	if o.description {
		line += fmt.Sprintf(" %-50s", firstLine(c.Description))
	}
	if o.comment {
		line += fmt.Sprintf(" %-50s", firstLine(c.Comment))
	}
	return line
}
