package sqlstore

import (
	"context"
	"slices"
	"strings"

	"koji"
)

const userColumns = `SELECT u.id, u.name, u.status, u.usertype FROM users u`

func scanUser(row scanner) (koji.User, error) {
	u := koji.User{KrbPrincipals: []string{}}
	err := row.Scan(&u.ID, &u.Name, &u.Status, &u.UserType)
	return u, err
}

// UserMatch is what a user is found by; all that is set must fit.
type UserMatch struct {
	ID        *int64
	Name      *string
	Principal *string // of Kerberos
	Either    *string // the name, or a principal
}

// FindUser finds a user, nil if none fits or nothing is set. A name wins over a principal.
func (tx *Tx) FindUser(ctx context.Context, m UserMatch) (*koji.User, error) {
	const principal = `u.id IN (SELECT user_id FROM user_krb_principals WHERE krb_principal = ?)`
	var where []string
	var args []any
	if m.ID != nil {
		if !FitsID(*m.ID) {
			return nil, nil
		}
		where, args = append(where, `u.id = ?`), append(args, *m.ID)
	}
	if m.Name != nil {
		where, args = append(where, `u.name = ?`), append(args, *m.Name)
	}
	if m.Principal != nil {
		where, args = append(where, principal), append(args, *m.Principal)
	}
	order := "u.id"
	if m.Either != nil {
		where, args = append(where, `(u.name = ? OR `+principal+`)`), append(args, *m.Either, *m.Either, *m.Either)
		order = "CASE WHEN u.name = ? THEN 0 ELSE 1 END, u.id"
	}
	if len(where) == 0 {
		return nil, nil
	}
	u, found, err := one(ctx, tx, userColumns+` WHERE `+strings.Join(where, ` AND `)+` ORDER BY `+order+` LIMIT 1`, args, scanUser)
	if err != nil || !found {
		return nil, wrap(err, "find user")
	}
	users := []koji.User{u}
	if err := tx.addPrincipals(ctx, users); err != nil {
		return nil, err
	}
	return &users[0], nil
}

// User finds a user by its id, nil if there is none.
func (tx *Tx) User(ctx context.Context, id int64) (*koji.User, error) {
	return tx.FindUser(ctx, UserMatch{ID: &id})
}

// UserByName finds a user by its name, nil if there is none.
func (tx *Tx) UserByName(ctx context.Context, name string) (*koji.User, error) {
	return tx.FindUser(ctx, UserMatch{Name: &name})
}

// UserByPrincipal finds a user by a Kerberos principal, nil if there is none.
func (tx *Tx) UserByPrincipal(ctx context.Context, principal string) (*koji.User, error) {
	return tx.FindUser(ctx, UserMatch{Principal: &principal})
}

// addPrincipals reads the Kerberos principals of some users.
func (tx *Tx) addPrincipals(ctx context.Context, users []koji.User) error {
	at := make(map[int64]int, len(users))
	ids := make([]int64, len(users))
	for i, u := range users {
		at[u.ID], ids[i] = i, u.ID
	}
	type principal struct {
		user int64
		name string
	}
	for some := range slices.Chunk(ids, 1000) {
		for p, err := range stream(ctx, tx, `SELECT user_id, krb_principal FROM user_krb_principals
			WHERE user_id IN `+in(len(some))+` ORDER BY krb_principal`, anys(some),
			func(row scanner) (principal, error) {
				var p principal
				err := row.Scan(&p.user, &p.name)
				return p, err
			}) {
			if err != nil {
				return wrap(err, "list principals")
			}
			u := &users[at[p.user]]
			u.KrbPrincipals = append(u.KrbPrincipals, p.name)
		}
	}
	return nil
}

// UserFilter selects users; what is empty selects all.
type UserFilter struct {
	Types      []koji.UserType
	Prefix     string // of the name, regardless of case
	Permission int64  // given to the user
	Inherited  bool   // or to one of its groups
}

func (tx *Tx) userQuery(f UserFilter) (query string, args []any) {
	var where []string
	if len(f.Types) > 0 {
		where = append(where, `u.usertype IN `+in(len(f.Types)))
		for _, t := range f.Types {
			args = append(args, int(t))
		}
	}
	if f.Prefix != "" {
		where, args = append(where, tx.like(`u.name`)), append(args, literal(f.Prefix)+"%")
	}
	if f.Permission != 0 {
		given := `u.id IN (SELECT user_id FROM user_perms WHERE perm_id = ? AND active = TRUE)`
		args = append(args, f.Permission)
		if f.Inherited {
			given = `(` + given + ` OR u.id IN (SELECT ug.user_id FROM user_groups ug
				JOIN user_perms up ON up.user_id = ug.group_id AND up.active = TRUE
				WHERE ug.active = TRUE AND up.perm_id = ?))`
			args = append(args, f.Permission)
		}
		where = append(where, given)
	}
	query = userColumns
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	return query, args
}

// literal is a text as a pattern for like that matches the text alone.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// ListUsers are the users that the filter keeps, ordered by id.
func (tx *Tx) ListUsers(ctx context.Context, f UserFilter, opts QueryOpts) ([]koji.User, error) {
	query, args := tx.userQuery(f)
	query, args, err := opts.apply(query, args,
		map[string]string{"id": "u.id", "name": "u.name", "status": "u.status", "usertype": "u.usertype"}, "u.id")
	if err != nil {
		return nil, err
	}
	users, err := list(ctx, tx, query, args, scanUser)
	if err != nil {
		return nil, wrap(err, "list users")
	}
	return users, tx.addPrincipals(ctx, users)
}

// CountUsers counts the users that the filter keeps.
func (tx *Tx) CountUsers(ctx context.Context, f UserFilter, opts QueryOpts) (int64, error) {
	query, args := tx.userQuery(f)
	return tx.count(ctx, query, args, opts)
}

// CreateUser makes a user without a password and returns its id.
func (tx *Tx) CreateUser(ctx context.Context, name string, kind koji.UserType, status koji.UserStatus) (int64, error) {
	id, err := tx.insertID(ctx, `INSERT INTO users (name, status, usertype) VALUES (?, ?, ?) RETURNING id`, name, int(status), int(kind))
	return id, wrap(err, "create user %s", name)
}

// SetUserStatus lets a user log in, or not.
func (tx *Tx) SetUserStatus(ctx context.Context, user int64, status koji.UserStatus) error {
	_, err := tx.exec(ctx, `UPDATE users SET status = ? WHERE id = ? AND status <> ?`, int(status), user, int(status))
	return wrap(err, "set status of user %d", user)
}

// SetUserType makes a user another type of user.
func (tx *Tx) SetUserType(ctx context.Context, user int64, kind koji.UserType) error {
	_, err := tx.exec(ctx, `UPDATE users SET usertype = ? WHERE id = ? AND usertype <> ?`, int(kind), user, int(kind))
	return wrap(err, "set type of user %d", user)
}

// AddPrincipal gives a user a Kerberos principal that nobody has.
func (tx *Tx) AddPrincipal(ctx context.Context, user int64, principal string) error {
	_, err := tx.exec(ctx, `INSERT INTO user_krb_principals (user_id, krb_principal) VALUES (?, ?)`, user, principal)
	return wrap(err, "add principal %s to user %d", principal, user)
}

// RemovePrincipal takes a Kerberos principal from a user; the bool says whether it had it.
func (tx *Tx) RemovePrincipal(ctx context.Context, user int64, principal string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM user_krb_principals WHERE user_id = ? AND krb_principal = ?`, user, principal)
	return n > 0, wrap(err, "remove principal %s of user %d", principal, user)
}
