package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered step of the schema. 1 is Koji's own schema; later ones touch only tables and indexes whose
// names begin with hubd_, so that Koji's hub can be put back.
type migration struct {
	id   int
	name string
	text string
}

// migrationLock is the advisory lock under which hubs that start together migrate one after the other.
const migrationLock = 0x68756264 // "hubd"

func migrations() ([]migration, error) {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, e := range entries { // sorted by name
		number, name, _ := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		id, err := strconv.Atoi(number)
		if err != nil || id != len(all)+1 {
			return nil, fmt.Errorf("migration %s is not number %d", e.Name(), len(all)+1)
		}
		text, err := migrationFiles.ReadFile(path.Join("migrations", e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, migration{id, name, string(text)})
	}
	return all, nil
}

// migrate runs the migrations that the database hasn't had, all or none.
func (s *Store) migrate(ctx context.Context) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	// Looked at first without a lock: a hub should not wait at its start for another's long transaction.
	done := 0
	err = s.Read(ctx, func(tx *Tx) (err error) {
		done, err = tx.migrated(ctx, all)
		return err
	})
	if err != nil || done == len(all) {
		return err
	}
	return s.Write(ctx, func(tx *Tx) error {
		if err := tx.advisoryLock(ctx, migrationLock); err != nil {
			return err
		}
		done, err := tx.migrated(ctx, all)
		if err != nil {
			return err
		}
		if done == 0 {
			there, err := tx.adopt(ctx)
			if err != nil {
				return err
			}
			if err := tx.apply(ctx, migration{text: createMigrations}); err != nil {
				return err
			}
			if there {
				if err := tx.record(ctx, all[0]); err != nil {
					return err
				}
				done = 1
			}
		}
		for _, m := range all[done:] {
			if err := tx.apply(ctx, m); err != nil {
				return fmt.Errorf("migration %04d %s: %w", m.id, m.name, err)
			}
			if err := tx.record(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

const createMigrations = `CREATE TABLE hubd_migrations (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time TIMESTAMPTZ NOT NULL
)`

// migrated is how many migrations the database had. It is an error if they are not ours.
func (tx *Tx) migrated(ctx context.Context, all []migration) (int, error) {
	there, err := tx.hasTable(ctx, "hubd_migrations")
	if err != nil || !there {
		return 0, err
	}
	names, err := list(ctx, tx, `SELECT name FROM hubd_migrations ORDER BY id`, nil, value[string])
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	if len(names) > len(all) {
		return 0, fmt.Errorf("the database has had %d migrations and this hub knows %d: it was written by a newer hub", len(names), len(all))
	}
	for i, n := range names {
		if n != all[i].name {
			return 0, fmt.Errorf("the database's migration %d is %q, this hub's is %q: they are of different make", i+1, n, all[i].name)
		}
	}
	return len(names), nil
}

// adopt says whether Koji's own schema is there. It is an error if that is not 1.35's.
func (tx *Tx) adopt(ctx context.Context) (bool, error) {
	if there, err := tx.hasTable(ctx, "events"); err != nil || !there {
		return false, err
	}
	for _, table := range []string{"repo_queue", "scheduler_task_runs", "tag_package_owners", "locks"} {
		there, err := tx.hasTable(ctx, table)
		if err != nil {
			return false, err
		}
		if !there {
			return false, fmt.Errorf("there is a table events but no table %s: this is not a database of Koji 1.35 (upgrade it with Koji's own migration scripts first)", table)
		}
	}
	if tx.store.engine == sqliteEngine {
		return false, errors.New("the tables of Koji are there but not the hub's own list of migrations")
	}
	return true, nil
}

func (tx *Tx) apply(ctx context.Context, m migration) error {
	for _, st := range tx.store.engine.statements(m.text) {
		if _, err := tx.run(ctx, st, nil); err != nil {
			head, _, _ := strings.Cut(st, "\n")
			return fmt.Errorf("%s: %w", head, err)
		}
	}
	return nil
}

func (tx *Tx) record(ctx context.Context, m migration) error {
	_, err := tx.exec(ctx, `INSERT INTO hubd_migrations (id, name, time) VALUES (?, ?, ?)`, m.id, m.name, tx.now)
	return wrap(err, "record migration %s", m.name)
}
