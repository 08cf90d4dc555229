package hubd

import (
	"math/rand/v2"
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

// runrootPlugin is Koji's plugin runroot_hub: commands that run in a buildroot of a tag.
type runrootPlugin struct{}

func (runrootPlugin) install(h *Hub) error {
	return h.addMethods([]method{
		writes("runroot", perm("runroot"), "Creates a runroot task.", runroot),
	})
}

const (
	runrootPriority = 15
	runrootChannel  = "runroot"
)

type runrootArgs struct {
	Tag     any            `rpc:"tagInfo"`
	Arch    string         `rpc:"arch"`
	Command any            `rpc:"command"`
	Channel any            `rpc:"channel=nil"`
	Opts    map[string]any `rpc:"**opts"`
}

func runroot(c *call, a runrootArgs) (any, error) {
	tag, err := c.tagRef(a.Tag)
	if err != nil {
		return nil, err
	}
	if arches, err := koji.ArchList(a.Arch); err != nil || len(arches) != 1 {
		return nil, refuse("runroot: invalid arch %q", a.Arch)
	}
	if err := checkCommand(a.Command); err != nil {
		return nil, err
	}
	if a.Channel == nil {
		a.Channel = runrootChannel
	}
	channel, err := c.channelRef(a.Channel)
	if err != nil {
		return nil, err
	}
	arch := a.Arch
	if arch == "noarch" {
		if arch, err = c.archFor(tag, channel); err != nil {
			return nil, err
		}
	}
	priority := int64(runrootPriority)
	return c.makeTask(taskOptions{
		Method: "runroot", Params: []any{a.Tag, a.Arch, a.Command}, Named: a.Opts,
		Channel: channel.Name, Arch: arch, Priority: &priority,
	})
}

// checkCommand lets a line for a shell pass, or the words of a command.
func checkCommand(v any) error {
	if words, ok := v.([]any); ok && len(words) > 0 {
		for _, w := range words {
			if _, ok := w.(string); !ok {
				return refuse("runroot: command: invalid type %s in the array, want a string", typeName(w))
			}
		}
		return nil
	}
	if line, ok := v.(string); ok && strings.TrimSpace(line) != "" {
		return nil
	}
	return refuse("runroot: command: invalid value %s, want a line or an array of words", refText(v))
}

// archFor is where a noarch command may run: anywhere if the tag has every arch that
// hosts have, else on a host of the channel that has one of the tag's arches.
func (c *call) archFor(tag *koji.Tag, channel *koji.Channel) (string, error) {
	config, err := c.buildConfig(tag.ID)
	if err != nil {
		return "", err
	}
	if config == nil || config.Arches == nil || *config.Arches == "" {
		return "", refuse("runroot: tag %s has no arches", tag.Name)
	}
	arches := strings.Fields(*config.Arches)
	all, err := c.tx.HostArches(c)
	if err != nil {
		return "", err
	}
	lacks := func(a string) bool { return a != "noarch" && !slices.Contains(arches, a) }
	if !slices.ContainsFunc(all, lacks) {
		return "noarch", nil
	}
	enabled := true
	hosts, err := c.tx.ListHosts(c, sqlstore.HostFilter{Channel: channel.ID, Enabled: &enabled}, sqlstore.QueryOpts{})
	if err != nil {
		return "", err
	}
	var common []string
	for _, h := range hosts {
		for _, a := range strings.Fields(deref(h.Arches)) {
			if slices.Contains(arches, a) {
				common = append(common, a)
			}
		}
	}
	if len(common) == 0 {
		return "", refuse("runroot: no host of channel %s has an arch of tag %s", channel.Name, tag.Name)
	}
	return koji.CanonicalArch(common[rand.IntN(len(common))]), nil
}
