package hubd

import (
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

func hostMethods() []method {
	manager := perm("host")
	return []method{
		writes("addHost", manager, "Creates a builder and its user, in the channel default; returns the host's id.", addHost),
		writes("editHost", manager, "Changes arches, capacity, description or comment of a host; says whether anything changed.", editHost),
		writes("enableHost", manager, "Enables a host.", enableHost),
		writes("disableHost", manager, "Disables a host.", disableHost),
		writes("restartHosts", manager, "Creates a task that restarts the builders; returns its id.", restartHosts),
		reads("getHost", anyone, "Host with its configuration, at an event if given.", getHost),
		reads("listHosts", anyone, "Hosts by arch, channel, readiness, enabled flag or user.", listHosts),
		reads("getLastHostUpdate", anyone, "When a host was last heard of.", getLastHostUpdate),
		reads("getAllArches", anyone, "Canonical arches of the enabled hosts.", getAllArches),
		reads("host.getHost", builder, "Record of the calling host.", builderHost),
		reads("host.getID", builder, "Id of the calling host.", func(c *call, _ none) (any, error) { return c.session.host, nil }),
		reads("host.isEnabled", builder, "Whether the calling host is enabled.", builderEnabled),
	}
}

// hostRef finds a host with its configuration now.
func (c *call) hostRef(ref any) (*koji.Host, error) {
	h, err := c.hostAt(ref, nil)
	if err == nil && h == nil {
		err = noSuch(sqlstore.HostNames, ref)
	}
	return h, err
}

// hostAt finds a host with its configuration at an event, nil if there is none.
func (c *call) hostAt(ref any, event *int64) (*koji.Host, error) {
	n, found, err := c.find(sqlstore.HostNames, ref)
	if err != nil || !found {
		return nil, err
	}
	return c.tx.Host(c, n.ID, event)
}

// hostChanged tells the event stream of a host.
func (c *call) hostChanged(id int64) error {
	h, err := c.tx.Host(c, id, nil)
	if err != nil || h == nil {
		return err
	}
	return c.notice(koji.Notice{Kind: koji.NoticeHost, Host: &koji.HostNotice{ID: h.ID, Name: h.Name, Ready: h.Ready, Load: h.TaskLoad}})
}

// archList is an argument that holds arches, as a text with blanks between them or as a list.
func archList(v any) (string, error) {
	var arches []string
	switch v := v.(type) {
	case string:
		arches = strings.Fields(v)
	case []any:
		for _, item := range v {
			arch, ok := item.(string)
			if !ok {
				return "", fault(koji.CodeParameter, "arches: invalid type %s in the list, want a string", typeName(item))
			}
			arches = append(arches, strings.TrimSpace(arch))
		}
	default:
		return "", fault(koji.CodeParameter, "arches: invalid type %s, want a string or an array", typeName(v))
	}
	for _, a := range arches {
		if a == "" || strings.ContainsFunc(a, notInArch) {
			return "", refuse("Invalid arch: %q", a)
		}
	}
	return strings.Join(arches, " "), nil
}

func notInArch(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
}

type addHostArgs struct {
	Name      any     `rpc:"hostname"`
	Arches    any     `rpc:"arches"`
	Principal *string `rpc:"krb_principal=nil"`
	Force     bool    `rpc:"force=false"`
}

// addHost makes the host's user. With force it takes one that is there, as
// long as that is a person's or a builder's without a host.
func addHost(c *call, a addHostArgs) (any, error) {
	name, err := c.shortName("host", a.Name, 128)
	if err != nil {
		return nil, err
	}
	arches, err := archList(a.Arches)
	if err != nil {
		return nil, err
	}
	if _, there, err := c.tx.NameByName(c, sqlstore.HostNames, name); err != nil || there {
		return nil, orRefuse(err, "Host %s already exists", name)
	}
	owner, err := c.tx.UserByName(c, name)
	if err != nil {
		return nil, err
	}
	var user int64
	switch {
	case owner == nil:
		if user, err = c.tx.CreateUser(c, name, koji.UserHost, koji.StatusNormal); err != nil {
			return nil, err
		}
	case !a.Force:
		return nil, refuse("User %s already exists; force makes it a host's", name)
	case owner.UserType == koji.UserGroup:
		return nil, refuse("User %s is a group and can't be a host's", name)
	default:
		user = owner.ID
		if err := c.tx.SetUserType(c, user, koji.UserHost); err != nil {
			return nil, err
		}
	}
	if err := c.hostPrincipal(user, name, owner, a.Principal); err != nil {
		return nil, err
	}
	id, err := c.tx.CreateHost(c, name, user, arches, c.session.user)
	if err != nil {
		return nil, err
	}
	channel, err := c.channelID("default")
	if err != nil {
		return nil, err
	}
	if err := c.tx.AddHostToChannel(c, id, channel, c.session.user); err != nil {
		return nil, err
	}
	return id, c.hostChanged(id)
}

// hostPrincipal gives a host's user the principal that was asked for, else the
// one that the hub's configuration makes of the name.
func (c *call) hostPrincipal(user int64, name string, owner *koji.User, asked *string) error {
	principal := strings.ReplaceAll(c.hub.cfg.HostPrincipalFormat, "%s", name)
	if asked != nil {
		principal = *asked
	}
	if principal == "" || owner != nil && slices.Contains(owner.KrbPrincipals, principal) {
		return nil
	}
	return c.addPrincipal(user, principal)
}

// orRefuse is err or, without one, a refusal.
func orRefuse(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return refuse(format, args...)
}

type editHostArgs struct {
	Host    any            `rpc:"hostInfo"`
	Changes map[string]any `rpc:"**kw"`
}

func editHost(c *call, a editHostArgs) (any, error) {
	h, err := c.hostRef(a.Host)
	if err != nil {
		return nil, err
	}
	changed := false
	text := func(key string, field **string) error {
		v, given := a.Changes[key]
		if !given {
			return nil
		}
		s, ok := v.(string)
		if !ok {
			return fault(koji.CodeParameter, "%s: invalid type %s, want a string", key, typeName(v))
		}
		if key == "arches" {
			if s, err = archList(s); err != nil {
				return err
			}
		}
		if *field == nil || **field != s {
			*field, changed = &s, true
		}
		return nil
	}
	for key, field := range map[string]**string{"arches": &h.Arches, "description": &h.Description, "comment": &h.Comment} {
		if err := text(key, field); err != nil {
			return nil, err
		}
	}
	if v, given := a.Changes["capacity"]; given {
		capacity, ok := v.(float64)
		if n, isInt := v.(int64); isInt {
			capacity, ok = float64(n), true
		}
		if !ok || !(capacity > 1) {
			return nil, fault(koji.CodeParameter, "capacity: invalid value %s, want a number greater than 1", refText(v))
		}
		if h.Capacity != capacity {
			h.Capacity, changed = capacity, true
		}
	}
	if !changed {
		return false, nil
	}
	if err := c.tx.ConfigureHost(c, h, c.session.user); err != nil {
		return nil, err
	}
	return true, c.hostChanged(h.ID)
}

type hostnameArgs struct {
	Host any `rpc:"hostname"`
}

func enableHost(c *call, a hostnameArgs) (any, error) { return setHostEnabled(c, a, true) }

func disableHost(c *call, a hostnameArgs) (any, error) { return setHostEnabled(c, a, false) }

func setHostEnabled(c *call, a hostnameArgs, enabled bool) (any, error) {
	h, err := c.hostRef(a.Host)
	if err != nil || h.Enabled == enabled {
		return nil, err
	}
	h.Enabled = enabled
	if err := c.tx.ConfigureHost(c, h, c.session.user); err != nil {
		return nil, err
	}
	return nil, c.hostChanged(h.ID)
}

type getHostArgs struct {
	Host   any  `rpc:"hostInfo"`
	Strict bool `rpc:"strict=false"`
	Event  any  `rpc:"event=nil"`
}

func getHost(c *call, a getHostArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	h, err := c.hostAt(a.Host, event)
	if err != nil {
		return nil, err
	}
	if h == nil {
		if a.Strict {
			return nil, noSuch(sqlstore.HostNames, a.Host)
		}
		return nil, nil
	}
	return h, nil
}

type listHostsArgs struct {
	Arches    any   `rpc:"arches=nil"`
	Channel   any   `rpc:"channelID=nil"`
	Ready     *bool `rpc:"ready=nil"`
	Enabled   *bool `rpc:"enabled=nil"`
	User      any   `rpc:"userID=nil"`
	QueryOpts any   `rpc:"queryOpts=nil"`
}

func listHosts(c *call, a listHostsArgs) (any, error) {
	f := sqlstore.HostFilter{Ready: a.Ready, Enabled: a.Enabled}
	var err error
	if a.Arches != nil {
		arches, err := archList(a.Arches)
		if err != nil {
			return nil, err
		}
		if f.Arches = strings.Fields(arches); len(f.Arches) == 0 {
			return nil, refuse("arches is empty; leave it out for hosts of any arch")
		}
	}
	if a.Channel != nil {
		if f.Channel, err = c.channelID(a.Channel); err != nil {
			return nil, err
		}
	}
	if a.User != nil {
		if f.User, err = c.userID(a.User); err != nil {
			return nil, err
		}
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return c.tx.CountHosts(c, f, opts)
	}
	hosts, err := c.tx.ListHosts(c, f, opts)
	return rows(opts, hosts), err
}

type lastUpdateArgs struct {
	Host any  `rpc:"hostID"`
	TS   bool `rpc:"ts=false"`
}

func getLastHostUpdate(c *call, a lastUpdateArgs) (any, error) {
	h, found, err := c.find(sqlstore.HostNames, a.Host)
	if err != nil || !found {
		return nil, err
	}
	t, err := c.tx.LastHostContact(c, h.ID)
	if err != nil || t.IsZero() {
		return nil, err
	}
	if a.TS {
		return koji.Seconds(t), nil
	}
	return koji.Time{Time: t}, nil
}

func getAllArches(c *call, _ none) (any, error) {
	arches, err := c.tx.HostArches(c)
	if err != nil {
		return nil, err
	}
	for i, a := range arches {
		arches[i] = koji.CanonicalArch(a)
	}
	slices.Sort(arches)
	return slices.Compact(arches), nil
}

func builderHost(c *call, _ none) (any, error) { return c.ownHost() }

// ownHost is the calling host with its configuration.
func (c *call) ownHost() (*koji.Host, error) {
	h, err := c.tx.Host(c, c.session.host, nil)
	if err == nil && h == nil {
		err = noSuch(sqlstore.HostNames, c.session.host)
	}
	return h, err
}

func builderEnabled(c *call, _ none) (any, error) {
	h, err := c.ownHost()
	if err != nil {
		return nil, err
	}
	return h.Enabled, nil
}

type restartHostsArgs struct {
	Priority int64 `rpc:"priority=5"`
	Options  any   `rpc:"options=nil"`
}

// restartHosts takes the options channel, arches and timeout, which are the task's to read.
func restartHosts(c *call, a restartHostsArgs) (any, error) {
	o := taskOptions{Method: "restartHosts", Params: []any{}, Priority: &a.Priority}
	if a.Options != nil {
		o.Params = append(o.Params, a.Options)
	}
	return c.makeTask(o)
}
