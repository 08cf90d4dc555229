package sqlstore

import (
	"context"
	"crypto/subtle"
)

// Generator is a content generator with the users who may act for it.
type Generator struct {
	Name
	Users []string
}

// Generators are all content generators, by id, with their users by name.
func (tx *Tx) Generators(ctx context.Context) ([]Generator, error) {
	type row struct {
		Name
		user *string
	}
	rows, err := list(ctx, tx, `SELECT g.id, g.name, u.name FROM content_generator g
		LEFT JOIN cg_users cu ON cu.cg_id = g.id AND cu.active = TRUE
		LEFT JOIN users u ON u.id = cu.user_id
		ORDER BY g.id, u.name`, nil, func(s scanner) (r row, err error) {
		return r, s.Scan(&r.ID, &r.Name.Name, &r.user)
	})
	if err != nil {
		return nil, wrap(err, "list content generators")
	}
	all := []Generator{}
	for _, r := range rows {
		if n := len(all); n == 0 || all[n-1].ID != r.ID {
			all = append(all, Generator{Name: r.Name, Users: []string{}})
		}
		if r.user != nil {
			last := &all[len(all)-1]
			last.Users = append(last.Users, *r.user)
		}
	}
	return all, nil
}

// ActsFor says whether a user may act for a content generator.
func (tx *Tx) ActsFor(ctx context.Context, user, generator int64) (bool, error) {
	_, found, err := one(ctx, tx, `SELECT 1 FROM cg_users WHERE cg_id = ? AND user_id = ? AND active = TRUE`, []any{generator, user}, value[int])
	return found, wrap(err, "look for user %d of content generator %d", user, generator)
}

// GrantGenerator lets a user, who may not yet, act for a content generator.
func (tx *Tx) GrantGenerator(ctx context.Context, user, generator, by int64) error {
	return tx.insertVersioned(ctx, "cg_users", by, columns{{"cg_id", generator}, {"user_id", user}})
}

// RevokeGenerator ends that a user may act for a content generator; that it may not is no error.
func (tx *Tx) RevokeGenerator(ctx context.Context, user, generator, by int64) error {
	_, err := tx.revoke(ctx, "cg_users", by, `cg_id = ? AND user_id = ?`, generator, user)
	return err
}

// Reserve keeps a build for whoever has the token.
func (tx *Tx) Reserve(ctx context.Context, build int64, token string) error {
	_, err := tx.exec(ctx, `INSERT INTO build_reservations (build_id, token, created) VALUES (?, ?, ?)
		ON CONFLICT (build_id) DO UPDATE SET token = excluded.token, created = excluded.created`, build, token, tx.now)
	return wrap(err, "reserve build %d", build)
}

// Reserved says whether a build is kept for whoever has that token. A build that nobody keeps has none.
func (tx *Tx) Reserved(ctx context.Context, build int64, token string) (bool, error) {
	kept, found, err := one(ctx, tx, `SELECT token FROM build_reservations WHERE build_id = ?`, []any{build}, value[*string])
	if err != nil || !found || kept == nil {
		return false, wrap(err, "find reservation of build %d", build)
	}
	return subtle.ConstantTimeCompare([]byte(*kept), []byte(token)) == 1, nil
}
