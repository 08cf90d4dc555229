package hubd

import (
	"koji"
	"koji/sqlstore"
)

func channelMethods() []method {
	manager := perm("host")
	return []method{
		writes("addChannel", perm("admin"), "Creates a channel and returns its id.", addChannel),
		writes("editChannel", perm("admin"), "Changes name, description or comment of a channel; says whether anything changed.", editChannel),
		writes("renameChannel", perm("admin"), "Renames a channel; editChannel does it too.", renameChannel),
		writes("enableChannel", manager, "Enables a channel.", enableChannel),
		writes("disableChannel", manager, "Disables a channel.", disableChannel),
		reads("getChannel", anyone, "Channel by id or name.", getChannel),
		reads("listChannels", anyone, "Channels, or those of one host.", listChannels),
		writes("addHostToChannel", manager, "Makes a host listen to a channel, with create a new one.", addHostToChannel),
		writes("removeHostFromChannel", manager, "Makes a host listen to a channel no more.", removeHostFromChannel),
	}
}

// channelRef finds a channel.
func (c *call) channelRef(ref any) (*koji.Channel, error) {
	if name, isName := ref.(string); isName {
		ch, err := c.tx.ChannelNamed(c, name)
		if err == nil && ch == nil {
			err = noSuch(sqlstore.ChannelNames, ref)
		}
		return ch, err
	}
	n, err := c.need(sqlstore.ChannelNames, ref)
	if err != nil {
		return nil, err
	}
	return c.tx.Channel(c, n.ID)
}

type addChannelArgs struct {
	Name        any     `rpc:"channel_name"`
	Description *string `rpc:"description=nil"`
}

func addChannel(c *call, a addChannelArgs) (any, error) { return c.newChannel(a.Name, a.Description) }

func (c *call) newChannel(v any, description *string) (int64, error) {
	name, err := c.shortName("channel", v, 128)
	if err != nil {
		return 0, err
	}
	if _, there, err := c.tx.NameByName(c, sqlstore.ChannelNames, name); err != nil || there {
		return 0, orRefuse(err, "Channel %s already exists", name)
	}
	return c.tx.CreateChannel(c, name, description)
}

type editChannelArgs struct {
	Channel any            `rpc:"channelInfo"`
	Changes map[string]any `rpc:"**kw"`
}

func editChannel(c *call, a editChannelArgs) (any, error) {
	ch, err := c.channelRef(a.Channel)
	if err != nil {
		return nil, err
	}
	changed := false
	if v, given := a.Changes["name"]; given && v != ch.Name {
		name, err := c.shortName("channel", v, 128)
		if err != nil {
			return nil, err
		}
		if other, there, err := c.tx.NameByName(c, sqlstore.ChannelNames, name); err != nil || there {
			return nil, orRefuse(err, "Name %s is already taken by channel %d", name, other.ID)
		}
		ch.Name, changed = name, true
	}
	for key, field := range map[string]**string{"description": &ch.Description, "comment": &ch.Comment} {
		v, given := a.Changes[key]
		if !given {
			continue
		}
		s, ok := v.(string)
		if !ok {
			return nil, fault(koji.CodeParameter, "%s: invalid type %s, want a string", key, typeName(v))
		}
		if *field == nil || **field != s {
			*field, changed = &s, true
		}
	}
	if !changed {
		return false, nil
	}
	return true, c.tx.SetChannel(c, ch)
}

type renameChannelArgs struct {
	Old any `rpc:"old"`
	New any `rpc:"new"`
}

func renameChannel(c *call, a renameChannelArgs) (any, error) {
	_, err := editChannel(c, editChannelArgs{a.Old, map[string]any{"name": a.New}})
	return nil, err
}

type channelEnabledArgs struct {
	Channel any     `rpc:"channelname"`
	Comment *string `rpc:"comment=nil"`
}

func enableChannel(c *call, a channelEnabledArgs) (any, error) { return setChannelEnabled(c, a, true) }

func disableChannel(c *call, a channelEnabledArgs) (any, error) {
	return setChannelEnabled(c, a, false)
}

func setChannelEnabled(c *call, a channelEnabledArgs, enabled bool) (any, error) {
	ch, err := c.channelRef(a.Channel)
	if err != nil || ch.Enabled == enabled && a.Comment == nil {
		return nil, err
	}
	ch.Enabled = enabled
	if a.Comment != nil {
		ch.Comment = a.Comment
	}
	if enabled {
		c.tx.AfterCommit(c.hub.scheduler.wake) // its tasks can be given out now
	}
	return nil, c.tx.SetChannel(c, ch)
}

type getChannelArgs struct {
	Channel any  `rpc:"channelInfo"`
	Strict  bool `rpc:"strict=false"`
}

func getChannel(c *call, a getChannelArgs) (any, error) {
	n, found, err := c.find(sqlstore.ChannelNames, a.Channel)
	switch {
	case err != nil:
		return nil, err
	case !found && a.Strict:
		return nil, noSuch(sqlstore.ChannelNames, a.Channel)
	case !found:
		return nil, nil
	}
	return c.tx.Channel(c, n.ID)
}

type listChannelsArgs struct {
	Host    any   `rpc:"hostID=nil"`
	Event   any   `rpc:"event=nil"`
	Enabled *bool `rpc:"enabled=nil"`
}

func listChannels(c *call, a listChannelsArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	if a.Host == nil {
		if event != nil {
			return nil, refuse("event needs a host: only the channels of hosts have a history")
		}
		return c.tx.Channels(c, a.Enabled)
	}
	host, found, err := c.find(sqlstore.HostNames, a.Host)
	if err != nil {
		return nil, err
	}
	if _, isID := a.Host.(int64); !found && isID {
		return []koji.Channel{}, nil // Koji looks for no host of an id
	}
	if !found {
		return nil, noSuch(sqlstore.HostNames, a.Host)
	}
	return c.tx.HostChannels(c, host.ID, event, a.Enabled)
}

type addHostToChannelArgs struct {
	Host    any  `rpc:"hostname"`
	Channel any  `rpc:"channel_name"`
	Create  bool `rpc:"create=false"`
	Force   bool `rpc:"force=false"`
}

func addHostToChannel(c *call, a addHostToChannelArgs) (any, error) {
	h, err := c.hostRef(a.Host)
	if err != nil {
		return nil, err
	}
	n, found, err := c.find(sqlstore.ChannelNames, a.Channel)
	if err != nil {
		return nil, err
	}
	if !found {
		if !a.Create {
			return nil, noSuch(sqlstore.ChannelNames, a.Channel)
		}
		if n.ID, err = c.newChannel(a.Channel, nil); err != nil {
			return nil, err
		}
	}
	ch, err := c.tx.Channel(c, n.ID)
	if err != nil {
		return nil, err
	}
	if !ch.Enabled && !a.Force {
		return nil, refuse("Channel %s is disabled; force adds the host all the same", ch.Name)
	}
	if there, err := c.tx.ListensTo(c, h.ID, ch.ID); err != nil || there {
		return nil, orRefuse(err, "Host %s is already in channel %s", h.Name, ch.Name)
	}
	if err := c.tx.AddHostToChannel(c, h.ID, ch.ID, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.hostChanged(h.ID)
}

type removeHostFromChannelArgs struct {
	Host    any `rpc:"hostname"`
	Channel any `rpc:"channel_name"`
}

func removeHostFromChannel(c *call, a removeHostFromChannelArgs) (any, error) {
	h, err := c.hostRef(a.Host)
	if err != nil {
		return nil, err
	}
	ch, err := c.channelRef(a.Channel)
	if err != nil {
		return nil, err
	}
	was, err := c.tx.RemoveHostFromChannel(c, h.ID, ch.ID, c.session.user)
	if err == nil && !was {
		err = refuse("Host %s is not in channel %s", h.Name, ch.Name)
	}
	if err != nil {
		return nil, err
	}
	return nil, c.hostChanged(h.ID)
}
