package sqlstore

import (
	"context"

	"koji"
)

func scanSubscription(row scanner) (koji.Subscription, error) {
	var s koji.Subscription
	err := row.Scan(&s.ID, &s.UserID, &s.PackageID, &s.TagID, &s.SuccessOnly, &s.Email)
	return s, err
}

func scanOptOut(row scanner) (koji.OptOut, error) {
	var o koji.OptOut
	err := row.Scan(&o.ID, &o.UserID, &o.PackageID, &o.TagID)
	return o, err
}

// Subscription finds a subscription, nil if there is none.
func (tx *Tx) Subscription(ctx context.Context, id int64) (*koji.Subscription, error) {
	s, found, err := one(ctx, tx, `SELECT id, user_id, package_id, tag_id, success_only, email FROM build_notifications WHERE id = ?`,
		[]any{id}, scanSubscription)
	if err != nil || !found {
		return nil, wrap(err, "find subscription %d", id)
	}
	return &s, nil
}

// Subscriptions are the subscriptions of a user, ordered by id.
func (tx *Tx) Subscriptions(ctx context.Context, user int64) ([]koji.Subscription, error) {
	l, err := few(ctx, tx, `SELECT id, user_id, package_id, tag_id, success_only, email FROM build_notifications WHERE user_id = ? ORDER BY id`,
		[]any{user}, scanSubscription)
	return l, wrap(err, "list subscriptions of user %d", user)
}

// AddSubscription stores a subscription under a new id.
func (tx *Tx) AddSubscription(ctx context.Context, s koji.Subscription) (int64, error) {
	id, err := tx.insertID(ctx, `INSERT INTO build_notifications (user_id, package_id, tag_id, success_only, email) VALUES (?, ?, ?, ?, ?) RETURNING id`,
		s.UserID, s.PackageID, s.TagID, s.SuccessOnly, s.Email)
	return id, wrap(err, "add subscription of user %d", s.UserID)
}

// ChangeSubscription stores what a subscription is about.
func (tx *Tx) ChangeSubscription(ctx context.Context, s koji.Subscription) error {
	_, err := tx.exec(ctx, `UPDATE build_notifications SET package_id = ?, tag_id = ?, success_only = ? WHERE id = ?`,
		s.PackageID, s.TagID, s.SuccessOnly, s.ID)
	return wrap(err, "change subscription %d", s.ID)
}

// DeleteSubscription removes a subscription.
func (tx *Tx) DeleteSubscription(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `DELETE FROM build_notifications WHERE id = ?`, id)
	return wrap(err, "delete subscription %d", id)
}

// OptOut finds an opt-out, nil if there is none.
func (tx *Tx) OptOut(ctx context.Context, id int64) (*koji.OptOut, error) {
	o, found, err := one(ctx, tx, `SELECT id, user_id, package_id, tag_id FROM build_notifications_block WHERE id = ?`, []any{id}, scanOptOut)
	if err != nil || !found {
		return nil, wrap(err, "find opt-out %d", id)
	}
	return &o, nil
}

// OptOuts are the opt-outs of a user, ordered by id.
func (tx *Tx) OptOuts(ctx context.Context, user int64) ([]koji.OptOut, error) {
	l, err := few(ctx, tx, `SELECT id, user_id, package_id, tag_id FROM build_notifications_block WHERE user_id = ? ORDER BY id`,
		[]any{user}, scanOptOut)
	return l, wrap(err, "list opt-outs of user %d", user)
}

// AddOptOut stores an opt-out under a new id.
func (tx *Tx) AddOptOut(ctx context.Context, o koji.OptOut) (int64, error) {
	id, err := tx.insertID(ctx, `INSERT INTO build_notifications_block (user_id, package_id, tag_id) VALUES (?, ?, ?) RETURNING id`,
		o.UserID, o.PackageID, o.TagID)
	return id, wrap(err, "add opt-out of user %d", o.UserID)
}

// DeleteOptOut removes an opt-out.
func (tx *Tx) DeleteOptOut(ctx context.Context, id int64) error {
	_, err := tx.exec(ctx, `DELETE FROM build_notifications_block WHERE id = ?`, id)
	return wrap(err, "delete opt-out %d", id)
}
