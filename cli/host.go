package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

// hostRow is a host with what its columns tell besides.
type hostRow struct {
	koji.Host
	LastUpdate *float64       `xmlrpc:"last_update"`
	Channels   []koji.Channel `xmlrpc:"channels,omitempty"`
}

type listHostsOptions struct {
	env                                *Env
	arches                             []string
	channel                            string
	ready, notReady, enabled, disabled bool
	channels, comment, description     bool
}

// newListHostsCommand is koji list-hosts.
func newListHostsCommand(env *Env) *cobra.Command {
	o := &listHostsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-hosts [options]", Short: "List builders", GroupID: info,
		Example: "koji list-hosts --enabled --arch x86_64", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.arches, "arch", nil, "only those of this arch (repeatable)")
	f.StringVar(&o.channel, "channel", "", "only those in this channel")
	f.BoolVar(&o.ready, "ready", false, "only those that are ready")
	f.BoolVar(&o.notReady, "not-ready", false, "only those that are not")
	f.BoolVar(&o.enabled, "enabled", false, "only those that are enabled")
	f.BoolVar(&o.disabled, "not-enabled", false, "only those that are not")
	f.BoolVar(&o.disabled, "disabled", false, "the same as --not-enabled")
	withQuiet(env, cmd)
	f.BoolVar(&o.channels, "show-channels", false, "tell their channels")
	f.BoolVar(&o.comment, "comment", false, "tell their comments")
	f.BoolVar(&o.description, "description", false, "tell their descriptions")
	return withData(env, cmd)
}

func (o *listHostsOptions) run(ctx context.Context) error {
	named := koji.Named{}
	if len(o.arches) > 0 {
		named["arches"] = o.arches
	}
	if o.ready != o.notReady {
		named["ready"] = o.ready
	}
	if o.enabled != o.disabled {
		named["enabled"] = o.enabled
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	if o.channel != "" {
		var channel *koji.Channel
		if err := s.Call(ctx, "getChannel", &channel, o.channel); err != nil {
			return err
		}
		if channel == nil {
			return usagef("No such channel: %s", o.channel)
		}
		named["channelID"] = channel.ID
	}
	var hosts []hostRow
	if err := s.Call(ctx, "listHosts", &hosts, named); err != nil {
		return err
	}
	slices.SortFunc(hosts, func(a, b hostRow) int { return cmp.Compare(a.Name, b.Name) })
	if err := o.complete(ctx, s, hosts); err != nil {
		return err
	}
	width := len("Hostname")
	for _, h := range hosts {
		width = max(width, len(h.Name))
	}
	header := fmt.Sprintf("%-*s Enb Rdy Load/Cap  %-16s %-35s", width, "Hostname", "Arches", "Last Update")
	if o.description {
		header += fmt.Sprintf(" %-50s", "Description")
	}
	if o.comment {
		header += fmt.Sprintf(" %-50s", "Comment")
	}
	if o.channels {
		header += " Channels"
	}
	return list(o.env, hosts, header, func(h hostRow) string { return o.line(h, width) })
}

// complete asks when the hosts were last heard of, and for their channels.
func (o *listHostsOptions) complete(ctx context.Context, s *koji.Session, hosts []hostRow) error {
	if len(hosts) == 0 {
		return nil
	}
	m := s.Multicall()
	for i := range hosts {
		m.Add(&hosts[i].LastUpdate, "getLastHostUpdate", hosts[i].ID, koji.Named{"ts": true})
		if o.channels || o.env.asData() {
			m.Add(&hosts[i].Channels, "listChannels", koji.Named{"hostID": hosts[i].ID})
		}
	}
	return m.Run(ctx)
}

func (o *listHostsOptions) line(h hostRow, width int) string {
	yn := func(b bool) string { return o.env.paint(map[bool]string{true: "Y  ", false: "N  "}[b]) }
	update := longTime(h.LastUpdate)
	if update == "" {
		update = "-"
	}
	line := fmt.Sprintf("%-*s %s %s %4.1f/%-4.1f %-16s %-35s", width, h.Name, yn(h.Enabled), yn(h.Ready),
		h.TaskLoad, h.Capacity, strings.Join(strings.Fields(text(h.Arches)), ","), update)
	if o.description {
		line += fmt.Sprintf(" %-50s", firstLine(h.Description))
	}
	if o.comment {
		line += fmt.Sprintf(" %-50s", firstLine(h.Comment))
	}
	if o.channels {
		line += " " + channelNames(h.Channels, ",")
	}
	return line
}

func firstLine(s *string) string {
	line, _, _ := strings.Cut(text(s), "\n")
	return line
}

// channelNames joins the names of channels, disabled ones with a star.
func channelNames(channels []koji.Channel, between string) string {
	names := make([]string, len(channels))
	for i, c := range channels {
		names[i] = c.Name
		if !c.Enabled {
			names[i] = "*" + c.Name
		}
	}
	slices.Sort(names)
	return strings.Join(names, between)
}

// newHostInfoCommand is koji hostinfo.
func newHostInfoCommand(env *Env) *cobra.Command {
	return withData(env, &cobra.Command{
		Use: "hostinfo [options] <hostname> [<hostname> ...]", Short: "Show builders", GroupID: info,
		Example: "koji hostinfo builder1", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return hostInfo(cmd.Context(), env, args) },
	})
}

// hostDetails is all that hostinfo tells of a host.
type hostDetails struct {
	hostRow
	Buildroots []koji.Buildroot `xmlrpc:"buildroots"`
}

func hostInfo(ctx context.Context, env *Env, names []string) error {
	s, err := env.Anonymous(ctx)
	if err != nil {
		return err
	}
	return showEach(env, "host", names, func(name string) (*hostDetails, error) {
		var host *koji.Host
		if err := s.Call(ctx, "getHost", &host, idOrName(name)); err != nil || host == nil {
			return nil, err
		}
		h := &hostDetails{hostRow: hostRow{Host: *host}}
		active := []int64{int64(koji.BuildrootInit), int64(koji.BuildrootWaiting), int64(koji.BuildrootBuilding)}
		m := s.Multicall()
		m.Add(&h.LastUpdate, "getLastHostUpdate", host.ID, koji.Named{"ts": true})
		m.Add(&h.Channels, "listChannels", koji.Named{"hostID": host.ID})
		m.Add(&h.Buildroots, "listBuildroots", koji.Named{"hostID": host.ID, "state": active})
		return h, m.Run(ctx)
	}, func(w io.Writer, h *hostDetails) { h.print(w) })
}

func (h *hostDetails) print(w io.Writer) {
	update := longTime(h.LastUpdate)
	if update == "" {
		update = "never"
	}
	fmt.Fprintf(w, "Name: %s\nID: %d\nArches: %s\nCapacity: %s\nTask Load: %.2f\n", h.Name, h.ID, text(h.Arches), pythonFloat(h.Capacity), h.TaskLoad)
	for _, p := range []struct {
		name string
		text *string
	}{{"Description", h.Description}, {"Comment", h.Comment}} {
		if text(p.text) == "" {
			fmt.Fprintf(w, "%s:\n", p.name)
		} else {
			fmt.Fprintf(w, "%s: %s\n", p.name, strings.ReplaceAll(text(p.text), "\n", "\n  "))
		}
	}
	fmt.Fprintf(w, "Enabled: %s\nReady: %s\nLast Update: %s\nChannels: %s\nActive Buildroots:\n",
		yesno(h.Enabled), yesno(h.Ready), update, channelNames(h.Channels, " "))
	if len(h.Buildroots) == 0 {
		fmt.Fprintln(w, "None")
		return
	}
	fmt.Fprintf(w, "%-50s %-10s %-20s\n", "NAME", "STATE", "CREATION TIME")
	for _, b := range h.Buildroots {
		created, _, _ := strings.Cut(b.CreateEventTime.String(), ".")
		state := ""
		if b.State != nil {
			state = b.State.String()
		}
		fmt.Fprintf(w, "%-50s %-10s %-20s\n", buildrootName(b), state, created)
	}
}

// buildrootName is the directory of a buildroot on its host.
func buildrootName(b koji.Buildroot) string {
	repo := int64(0)
	if b.RepoID != nil {
		repo = *b.RepoID
	}
	return fmt.Sprintf("%s-%d-%d", text(b.TagName), b.ID, repo)
}
