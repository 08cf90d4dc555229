package sqlstore

import (
	"context"
	"fmt"
	"math"
)

// NameTable is a table whose rows are known by an id and by a name, both unique.
type NameTable string

// The tables of names. Tags, targets, hosts and external repos that were
// deleted still have theirs.
const (
	TagNames          NameTable = "tag"
	TargetNames       NameTable = "build_target"
	PackageNames      NameTable = "package"
	ChannelNames      NameTable = "channels"
	HostNames         NameTable = "host"
	UserNames         NameTable = "users"
	PermissionNames   NameTable = "permissions"
	GroupNames        NameTable = "groups"
	ExternalRepoNames NameTable = "external_repo"
	VolumeNames       NameTable = "volume"
	BuildTypeNames    NameTable = "btype"
	GeneratorNames    NameTable = "content_generator"
)

// Name is the id and the name of a row.
type Name struct {
	ID   int64  `xmlrpc:"id"`
	Name string `xmlrpc:"name"`
}

func scanName(row scanner) (Name, error) {
	var n Name
	err := row.Scan(&n.ID, &n.Name)
	return n, err
}

// by is the condition that chooses the row of a table of names with the id, or if that is 0 the name.
func (n Name) by(table string) (cond string, arg any) {
	if n.ID != 0 {
		return table + `.id = ?`, n.ID
	}
	return table + `.name = ?`, n.Name
}

// FitsID says whether a number can be the id of a row at all: the columns have 32 bits.
func FitsID(id int64) bool { return id >= math.MinInt32 && id <= math.MaxInt32 }

// NameByID finds a row by its id; the bool says whether there is one. What is read afterwards may be of a newer state, as
// if the caller had asked for it by the id: a row keeps that.
func (tx *Tx) NameByID(ctx context.Context, table NameTable, id int64) (Name, bool, error) {
	if !FitsID(id) {
		return Name{}, false, nil
	}
	n, found, err := one(ctx, tx, `SELECT id, name FROM `+string(table)+` WHERE id = ?`, []any{id}, scanName)
	tx.Apart()
	return n, found, wrap(err, "find %s %d", table, id)
}

// NameByName finds a row by its name; the bool says whether there is one.
func (tx *Tx) NameByName(ctx context.Context, table NameTable, name string) (Name, bool, error) {
	n, found, err := one(ctx, tx, `SELECT id, name FROM `+string(table)+` WHERE name = ?`, []any{name}, scanName)
	tx.Apart()
	return n, found, wrap(err, "find %s %s", table, name)
}

// AddName makes a row that has nothing but a name, and returns its id. When the
// name is there already, it is that row's.
func (tx *Tx) AddName(ctx context.Context, table NameTable, name string) (int64, error) {
	id, added, err := one(ctx, tx, `INSERT INTO `+string(table)+` (name) VALUES (?) ON CONFLICT (name) DO NOTHING RETURNING id`,
		[]any{name}, value[int64])
	if err != nil || added {
		return id, wrap(err, "add %s %s", table, name)
	}
	n, found, err := tx.NameByName(ctx, table, name)
	if err == nil && !found {
		err = fmt.Errorf("add %s %s: it was there, and is gone", table, name)
	}
	return n.ID, err
}

// Rename gives a row another name.
func (tx *Tx) Rename(ctx context.Context, table NameTable, id int64, name string) error {
	_, err := tx.exec(ctx, `UPDATE `+string(table)+` SET name = ? WHERE id = ?`, name, id)
	return wrap(err, "rename %s %d", table, id)
}

// Names are all rows of a table of names, by id.
func (tx *Tx) Names(ctx context.Context, table NameTable) ([]Name, error) {
	l, err := list(ctx, tx, `SELECT id, name FROM `+string(table)+` ORDER BY id`, nil, scanName)
	return l, wrap(err, "list %s", table)
}
