package hubd

import (
	"slices"
	"strconv"
	"strings"

	"koji"
	"koji/internal/xmlrpc"
	"koji/sqlstore"
)

// defaultPriority is a task's when nobody asks for another; lower runs earlier.
const defaultPriority = 20

// taskOptions is a task to make. Whoever is zero takes Koji's default: the
// owner and the arch are the parent's, else the caller and noarch; the priority
// is one before the parent's, else 20. Koji: reference/tasks.md §5.
type taskOptions struct {
	Method   string
	Params   []any
	Named    map[string]any // travel as a last struct with __starstar
	Owner    int64
	Parent   int64
	Label    string
	Channel  string // asked for; the channel policy decides
	Arch     string
	Priority *int64
	Assign   int64 // a host that gets the task without the scheduler
}

// makeTask makes a task and returns its id. With a label that the parent
// already has, it is the id of the task that is there.
func (c *call) makeTask(o taskOptions) (int64, error) {
	var parent *koji.Task
	if o.Parent != 0 {
		var err error
		if parent, err = c.tx.Task(c, o.Parent); err != nil {
			return 0, err
		}
		if parent == nil {
			return 0, refuse("No such task: %d", o.Parent)
		}
		if parent.State != koji.TaskOpen {
			return 0, refuse("Parent task (id %d) is not open", o.Parent)
		}
		if o.Label != "" {
			if id, err := c.tx.TaskByLabel(c, o.Parent, o.Label); err != nil || id != 0 {
				return id, err
			}
		}
		if o.Owner == 0 {
			o.Owner = parent.Owner
		}
		if o.Arch == "" {
			o.Arch = parent.Arch
		}
		if o.Priority == nil {
			before := parent.Priority - 1
			o.Priority = &before
		}
	} else {
		o.Label = "" // the identity among a parent's children
	}
	if o.Owner == 0 {
		o.Owner = c.session.user
	}
	if o.Arch == "" {
		o.Arch = "noarch"
	}
	if len(o.Arch) > 16 || strings.ContainsAny(o.Arch, ",") {
		return 0, refuse("Invalid arch for a task: %q", o.Arch)
	}
	if len(o.Label) > 255 {
		return 0, refuse("Label of a task is longer than 255 characters: %.40s…", o.Label)
	}
	if o.Priority == nil {
		p := int64(defaultPriority)
		o.Priority = &p
	}
	params := o.Params
	if len(o.Named) > 0 {
		last := map[string]any{"__starstar": true}
		for k, v := range o.Named {
			last[k] = v
		}
		params = append(slices.Clone(params), last)
	}
	request, err := xmlrpc.MarshalStoredCall(o.Method, params...)
	if err != nil {
		return 0, fault(koji.CodeParameter, "parameters of task %s: %v", o.Method, err)
	}
	channel, err := c.taskChannel(&o, parent, params)
	if err != nil {
		return 0, err
	}
	if o.Arch == noArch {
		o.Arch = ""
	}

	if p := *o.Priority; int64(int32(p)) != p {
		return 0, fault(koji.CodeParameter, "priority: %d is out of range", p)
	}
	n := sqlstore.NewTask{
		State: koji.TaskFree, Owner: o.Owner, Method: o.Method, Request: string(request), Parent: o.Parent,
		Label: o.Label, Channel: channel, Arch: o.Arch, Priority: *o.Priority,
	}
	if o.Assign != 0 {
		n.State, n.Host = koji.TaskAssigned, o.Assign
	}
	record := &koji.Task{
		State: n.State, Owner: n.Owner, Method: n.Method, Request: params, Parent: some(n.Parent), Label: some(n.Label),
		ChannelID: n.Channel, HostID: some(n.Host), Arch: n.Arch, Priority: n.Priority,
	}
	made := taskChange{"state", nil, n.State.String()}
	if err := c.callback("preTaskStateChange", map[string]any{"attribute": made.attribute, "old": nil, "new": made.after, "info": record}); err != nil {
		return 0, err
	}
	id, err := c.tx.InsertTask(c, n)
	if err != nil {
		return 0, err
	}
	if err := c.refuseArches(id, o, channel); err != nil {
		return 0, err
	}
	if err := c.taskCallbacks("postTaskStateChange", id, []taskChange{made}); err != nil {
		return 0, err
	}
	record.ID = id
	return id, c.tellOfTask(record, 0)
}

// noArch asks for a task with an empty arch, which makeTask's arch=nil gives in Koji.
const noArch = "\x00"

// taskChannel asks the policies for the channel and the priority.
func (c *call) taskChannel(o *taskOptions, parent *koji.Task, params []any) (int64, error) {
	data := c.taskData(o.Method, params)
	for k, v := range map[string]any{
		"method": o.Method, "arch": o.Arch, "owner": o.Owner, "user_id": o.Owner, "label": nullText(o.Label), "parent": nil,
	} {
		data[k] = v
	}
	if parent != nil {
		data["parent"] = parent.ID
	}
	if o.Channel != "" {
		data["req_channel"] = o.Channel
	}
	result, err := c.evalPolicy("channel", data)
	if err != nil {
		return 0, err
	}
	words := strings.Fields(result.Action)
	var channel *koji.Channel
	switch {
	case !result.Matched:
		channel, err = c.channelRef("default")
	case words[0] == "use" && len(words) == 2:
		channel, err = c.channelRef(words[1])
	case words[0] == "parent" && parent != nil:
		channel, err = c.channelRef(parent.ChannelID)
	case words[0] == "req" && o.Channel != "":
		channel, err = c.channelRef(channelName(o.Channel))
	default:
		c.log().Error("channel policy ends in no channel", "action", result.Action)
		return 0, refuse("invalid channel policy")
	}
	if err != nil {
		return 0, err
	}
	if !channel.Enabled {
		return 0, refuse("Channel %s is disabled", channel.Name)
	}

	result, err = c.evalPolicy("priority", data)
	if err != nil {
		return 0, err
	}
	words = strings.Fields(result.Action)
	switch {
	case !result.Matched || words[0] == "stay":
	case len(words) == 2 && (words[0] == "set" || words[0] == "adjust"):
		n, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			return 0, refuse("invalid priority policy: %s", result.Action)
		}
		if words[0] == "adjust" {
			n += *o.Priority
		}
		o.Priority = &n
	default:
		return 0, refuse("invalid priority policy: %s", result.Action)
	}
	return channel.ID, nil
}

// channelName lets a channel be asked for by its id.
func channelName(s string) any {
	if id, err := strconv.ParseInt(s, 10, 64); err == nil {
		return id
	}
	return s
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// refuseArches keeps a noarch task of a build away from hosts that have none
// of the build tag's arches.
func (c *call) refuseArches(id int64, o taskOptions, channel int64) error {
	if o.Arch != "noarch" {
		return nil
	}
	tagAt, ok := map[string]int{"buildArch": 1, "buildMaven": 1, "wrapperRPM": 1, "rebuildSRPM": 1, "buildSRPMFromSCM": 1}[o.Method]
	if !ok || len(o.Params) <= tagAt {
		return nil
	}
	tag, _, err := c.tagID(tagRefOf(o.Params[tagAt]))
	if err != nil {
		return nil // the task itself will say what is wrong with its tag
	}
	config, err := c.buildConfig(tag)
	if err != nil || config == nil || config.Arches == nil {
		return err
	}
	wanted := map[string]bool{}
	for _, a := range strings.Fields(*config.Arches) {
		wanted[koji.CanonicalArch(a)] = true
	}
	hosts, err := c.tx.ChannelHosts(c, channel)
	if err != nil {
		return err
	}
	for _, h := range hosts {
		fits := slices.ContainsFunc(strings.Fields(h.Arches), func(a string) bool { return wanted[koji.CanonicalArch(a)] })
		if fits {
			continue
		}
		if err := c.tx.RefuseTask(c, id, h.ID, false, false, "automatic arch refusal"); err != nil {
			return err
		}
	}
	return nil
}

// tagRefOf takes a target's or tag's name out of a struct.
func tagRefOf(v any) any {
	if m, ok := v.(map[string]any); ok {
		if t, ok := m["build_tag"]; ok {
			return t
		}
		if n, ok := m["name"]; ok {
			return n
		}
		return m["id"]
	}
	return v
}

// tellTask tells the event stream how a task stands now; alert is the host of
// a waiting parent that the change wakes.
func (c *call) tellTask(id, alert int64) error {
	t, err := c.tx.Task(c, id)
	if err != nil || t == nil {
		return err
	}
	return c.tellOfTask(t, alert)
}

// tellOfTask is tellTask where the task is at hand.
func (c *call) tellOfTask(t *koji.Task, alert int64) error {
	n := koji.TaskNotice{
		ID: t.ID, State: t.State, Method: t.Method, Arch: t.Arch, Owner: t.Owner, Channel: t.ChannelID,
		Priority: t.Priority, Waiting: t.Waiting != nil && *t.Waiting, Alert: alert,
	}
	if t.Label != nil {
		n.Label = *t.Label
	}
	if t.Parent != nil {
		n.Parent = *t.Parent
	}
	if t.HostID != nil {
		n.Host = *t.HostID
	}
	return c.notice(koji.Notice{Kind: koji.NoticeTask, Task: &n})
}

// intArg reads a number where callers also send it as text.
func intArg(name string, v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return n, nil
		}
		return 0, fault(koji.CodeParameter, "%s: %q is not a number", name, v)
	}
	return 0, fault(koji.CodeParameter, "%s: invalid type %s, want an integer", name, typeName(v))
}

// archText is an arch argument: a name, or a list of them joined by spaces.
func archText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []any:
		return strings.Join(textOf(v), " "), nil
	}
	return "", fault(koji.CodeParameter, "arch: invalid type %s, want a string", typeName(v))
}

// taskOptionsOf reads the options that makeTask and host.subtask take.
func (c *call) taskOptionsOf(opts map[string]any) (o taskOptions, err error) {
	for key, v := range opts {
		switch key {
		case "parent":
			if v != nil {
				o.Parent, err = intArg("parent", v)
			}
		case "label":
			if v != nil {
				label, ok := v.(string)
				if !ok {
					return o, fault(koji.CodeParameter, "label: invalid type %s, want a string", typeName(v))
				}
				o.Label = label
			}
		case "channel":
			switch v := v.(type) {
			case nil:
			case string:
				o.Channel = v
			case int64:
				o.Channel = strconv.FormatInt(v, 10)
			default:
				return o, fault(koji.CodeParameter, "channel: invalid type %s, want a name or an id", typeName(v))
			}
		case "arch":
			if o.Arch, err = archText(v); err == nil && v == nil {
				o.Arch = noArch
			}
		case "priority":
			if v != nil {
				var n int64
				n, err = intArg("priority", v)
				o.Priority = &n
			}
		case "assign":
			if v != nil {
				o.Assign, err = c.hostID(v)
			}
		case "kwargs":
			named, ok := v.(map[string]any)
			if !ok && v != nil {
				return o, fault(koji.CodeParameter, "kwargs: invalid type %s, want a struct", typeName(v))
			}
			o.Named = named
		case "owner":
			return o, fault(koji.CodeActionNotAllowed, "override of a task's owner is not allowed")
		default:
			return o, fault(koji.CodeParameter, "task options: %q is not one of parent, label, channel, arch, priority, assign, kwargs", key)
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}
