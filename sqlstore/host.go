package sqlstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"koji"
)

const hostColumns = `SELECT h.id, h.user_id, h.name, h.update_time, h.task_load, h.ready,
	c.arches, c.capacity, c.description, c.comment, c.enabled
	FROM host h JOIN host_config c ON c.host_id = h.id`

func scanHost(row scanner) (koji.Host, error) {
	var h koji.Host
	err := row.Scan(&h.ID, &h.UserID, &h.Name, scanTime(nil, &h.UpdateTS), &h.TaskLoad, &h.Ready,
		&h.Arches, &h.Capacity, &h.Description, &h.Comment, &h.Enabled)
	return h, err
}

// Host finds a host with its configuration, now or at an event; nil if there is none.
func (tx *Tx) Host(ctx context.Context, id int64, event *int64) (*koji.Host, error) {
	valid, args := atEvent("c", event)
	h, found, err := one(ctx, tx, hostColumns+` WHERE h.id = ? AND `+valid, append([]any{id}, args...), scanHost)
	if err != nil || !found {
		return nil, wrap(err, "find host %d", id)
	}
	return &h, nil
}

// HostFilter selects hosts; what is zero selects all.
type HostFilter struct {
	Arches  []string // any of them
	Channel int64
	Ready   *bool
	Enabled *bool
	User    int64
}

func (f HostFilter) query() (string, []any) {
	where, args := []string{`c.active = TRUE`}, []any{}
	if f.Arches != nil {
		var any []string
		for _, a := range f.Arches {
			// What is left when the arch is taken out is shorter where it was in.
			any = append(any, `replace(' ' || c.arches || ' ', ?, '') <> ' ' || c.arches || ' '`)
			args = append(args, " "+a+" ")
		}
		where = append(where, `(`+strings.Join(any, ` OR `)+`)`)
	}
	if f.Channel != 0 {
		where = append(where, `h.id IN (SELECT host_id FROM host_channels WHERE channel_id = ? AND active = TRUE)`)
		args = append(args, f.Channel)
	}
	if f.Ready != nil {
		where, args = append(where, `h.ready = ?`), append(args, *f.Ready)
	}
	if f.Enabled != nil {
		where, args = append(where, `c.enabled = ?`), append(args, *f.Enabled)
	}
	if f.User != 0 {
		where, args = append(where, `h.user_id = ?`), append(args, f.User)
	}
	return hostColumns + ` WHERE ` + strings.Join(where, ` AND `), args
}

// ListHosts are the hosts that the filter keeps, ordered by id.
func (tx *Tx) ListHosts(ctx context.Context, f HostFilter, opts QueryOpts) ([]koji.Host, error) {
	query, args := f.query()
	query, args, err := opts.apply(query, args, map[string]string{
		"id": "h.id", "user_id": "h.user_id", "name": "h.name", "update_ts": "h.update_time", "task_load": "h.task_load",
		"ready": "h.ready", "arches": "c.arches", "capacity": "c.capacity", "description": "c.description",
		"comment": "c.comment", "enabled": "c.enabled",
	}, "h.id")
	if err != nil {
		return nil, err
	}
	l, err := list(ctx, tx, query, args, scanHost)
	return l, wrap(err, "list hosts")
}

// CountHosts counts the hosts that the filter keeps.
func (tx *Tx) CountHosts(ctx context.Context, f HostFilter, opts QueryOpts) (int64, error) {
	query, args := f.query()
	return tx.count(ctx, query, args, opts)
}

// CreateHost makes a host of a user, with the default capacity, and returns its id.
func (tx *Tx) CreateHost(ctx context.Context, name string, user int64, arches string, by int64) (int64, error) {
	id, err := tx.insertID(ctx, `INSERT INTO host (user_id, name) VALUES (?, ?) RETURNING id`, user, name)
	if err != nil {
		return 0, wrap(err, "create host %s", name)
	}
	return id, tx.insertVersioned(ctx, "host_config", by, columns{{"host_id", id}, {"arches", arches}})
}

// ConfigureHost replaces a host's configuration by that of h.
func (tx *Tx) ConfigureHost(ctx context.Context, h *koji.Host, by int64) error {
	if _, err := tx.revoke(ctx, "host_config", by, `host_id = ?`, h.ID); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "host_config", by, columns{
		{"host_id", h.ID},
		{"arches", h.Arches},
		{"capacity", h.Capacity},
		{"description", h.Description},
		{"comment", h.Comment},
		{"enabled", h.Enabled},
	})
}

// LastHostContact is when a session of a host was last used; zero when it never had one.
func (tx *Tx) LastHostContact(ctx context.Context, host int64) (time.Time, error) {
	t, _, err := one(ctx, tx, `SELECT s.update_time FROM sessions s JOIN host h ON h.user_id = s.user_id
		WHERE h.id = ? ORDER BY s.update_time DESC LIMIT 1`, []any{host}, value[stamp])
	return t.Time, wrap(err, "find last contact of host %d", host)
}

// HostArches are the arches of the enabled hosts, each once, in alphabetical order.
func (tx *Tx) HostArches(ctx context.Context) ([]string, error) {
	l, err := list(ctx, tx, `SELECT DISTINCT arches FROM host_config WHERE active = TRUE AND enabled = TRUE AND arches IS NOT NULL ORDER BY arches`,
		nil, value[string])
	if err != nil {
		return nil, wrap(err, "list arches of hosts")
	}
	arches := []string{}
	for _, s := range l {
		arches = append(arches, strings.Fields(s)...)
	}
	slices.Sort(arches)
	return slices.Compact(arches), nil
}
