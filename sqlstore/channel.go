package sqlstore

import (
	"context"
	"strings"

	"koji"
)

const channelColumns = `SELECT c.id, c.name, c.description, c.enabled, c.comment FROM channels c`

func scanChannel(row scanner) (koji.Channel, error) {
	var c koji.Channel
	err := row.Scan(&c.ID, &c.Name, &c.Description, &c.Enabled, &c.Comment)
	return c, err
}

// Channel finds a channel, nil if there is none.
func (tx *Tx) Channel(ctx context.Context, id int64) (*koji.Channel, error) {
	c, found, err := one(ctx, tx, channelColumns+` WHERE c.id = ?`, []any{id}, scanChannel)
	if err != nil || !found {
		return nil, wrap(err, "find channel %d", id)
	}
	return &c, nil
}

// ChannelNamed finds a channel by its name, nil if there is none.
func (tx *Tx) ChannelNamed(ctx context.Context, name string) (*koji.Channel, error) {
	c, found, err := one(ctx, tx, channelColumns+` WHERE c.name = ?`, []any{name}, scanChannel)
	if err != nil || !found {
		return nil, wrap(err, "find channel %s", name)
	}
	return &c, nil
}

// Channels are all channels, ordered by id; with enabled only those that are, or aren't.
func (tx *Tx) Channels(ctx context.Context, enabled *bool) ([]koji.Channel, error) {
	return tx.channels(ctx, ``, nil, enabled)
}

// HostChannels are the channels a host listens to, now or at an event, ordered by id.
func (tx *Tx) HostChannels(ctx context.Context, host int64, event *int64, enabled *bool) ([]koji.Channel, error) {
	valid, args := atEvent("hc", event)
	return tx.channels(ctx, `c.id IN (SELECT hc.channel_id FROM host_channels hc WHERE hc.host_id = ? AND `+valid+`)`,
		append([]any{host}, args...), enabled)
}

func (tx *Tx) channels(ctx context.Context, cond string, args []any, enabled *bool) ([]koji.Channel, error) {
	var where []string
	if cond != "" {
		where = append(where, cond)
	}
	if enabled != nil {
		where, args = append(where, `c.enabled = ?`), append(args, *enabled)
	}
	query := channelColumns
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	l, err := few(ctx, tx, query+` ORDER BY c.id`, args, scanChannel)
	return l, wrap(err, "list channels")
}

// CreateChannel makes a channel and returns its id.
func (tx *Tx) CreateChannel(ctx context.Context, name string, description *string) (int64, error) {
	id, err := tx.insertID(ctx, `INSERT INTO channels (name, description) VALUES (?, ?) RETURNING id`, name, description)
	return id, wrap(err, "create channel %s", name)
}

// SetChannel stores all of a channel.
func (tx *Tx) SetChannel(ctx context.Context, c *koji.Channel) error {
	_, err := tx.exec(ctx, `UPDATE channels SET name = ?, description = ?, enabled = ?, comment = ? WHERE id = ?`,
		c.Name, c.Description, c.Enabled, c.Comment, c.ID)
	return wrap(err, "store channel %d", c.ID)
}

// ListensTo says whether a host listens to a channel.
func (tx *Tx) ListensTo(ctx context.Context, host, channel int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM host_channels WHERE host_id = ? AND channel_id = ? AND active = TRUE`,
		[]any{host, channel}, value[int])
	return found, wrap(err, "look for host %d in channel %d", host, channel)
}

// AddHostToChannel makes a host listen to a channel that it doesn't listen to.
func (tx *Tx) AddHostToChannel(ctx context.Context, host, channel, by int64) error {
	return tx.insertVersioned(ctx, "host_channels", by, columns{{"host_id", host}, {"channel_id", channel}})
}

// RemoveHostFromChannel ends that; the bool says whether the host listened.
func (tx *Tx) RemoveHostFromChannel(ctx context.Context, host, channel, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "host_channels", by, `host_id = ? AND channel_id = ?`, host, channel)
	return n > 0, err
}
