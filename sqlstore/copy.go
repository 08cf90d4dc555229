package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Copy takes a hub's whole database into another, of the same engine or the other. The source is read in one transaction,
// as it was at one moment, and not changed; it may be a database of Koji 1.35 that no hub of ours has had. The target must
// be empty. All of it is there in the end, or nothing: a copy that fails, or is killed, leaves the target as it was.
type Copy struct {
	From, To string // as for Open

	// Progress, if not nil, is told now and then, and at the end of a table, how many rows were dealt with; each counts
	// twice, once when it is copied and once when it is read again to be compared.
	Progress func(table string, done, total int64)
	// Copied, if not nil, is told of each table that is there and was found the same.
	Copied func(table string, rows int64)
}

// Run copies. It is an error if the target holds anything, or a table reads back differently from what it was copied from.
func (c *Copy) Run(ctx context.Context) error {
	tables, err := copyTables()
	if err != nil {
		return err
	}
	from, err := openToCopy(ctx, c.From)
	if err != nil {
		return redact(fmt.Errorf("copy from: %w", err), c.From)
	}
	defer from.Close()
	err = from.Read(ctx, func(source *Tx) error {
		if err := source.Steady(ctx); err != nil {
			return fmt.Errorf("copy from: %w", err)
		}
		tables, err := source.presentTables(ctx, tables)
		if err != nil {
			return fmt.Errorf("copy from: %w", err)
		}
		run := &copying{Copy: c, source: source, tables: tables}
		for _, t := range tables {
			n, err := source.countRows(ctx, t.name)
			if err != nil {
				return err
			}
			run.total += 2 * n
		}
		if path, ok := strings.CutPrefix(c.To, "sqlite:"); ok {
			return run.intoFile(ctx, path)
		}
		return run.into(ctx, c.To)
	})
	if err == nil {
		return nil
	}
	return redact(redact(err, c.From), c.To)
}

// openToCopy opens a database as it is: it must be there, and its schema stays.
func openToCopy(ctx context.Context, dsn string) (*Store, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	return connect(ctx, dsn)
}

// presentTables are those of the tables that the database has. Koji's must all be there; a database that a hub of ours
// has had must have had every migration.
func (tx *Tx) presentTables(ctx context.Context, all []copyTable) ([]copyTable, error) {
	known, err := migrations()
	if err != nil {
		return nil, err
	}
	done, err := tx.migrated(ctx, known)
	if err != nil {
		return nil, err
	}
	if done == 0 {
		if there, err := tx.adopt(ctx); err != nil || !there {
			return nil, errors.Join(err, errors.New("this is no hub's database: it has no table events"))
		}
	} else if done < len(known) {
		return nil, fmt.Errorf("the database has had %d of %d migrations: start this hub on it once", done, len(known))
	}
	var present []copyTable
	for _, t := range all {
		if done > 0 || !strings.HasPrefix(t.name, "hubd_") {
			present = append(present, t)
		}
	}
	return present, nil
}

// copying is a copy under way.
type copying struct {
	*Copy
	source      *Tx
	tables      []copyTable
	done, total int64
}

// intoFile makes the copy beside its place and moves it there once it is whole, so that a file of that name is a hub's
// whole database or isn't there.
func (c *copying) intoFile(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return fmt.Errorf("copy to: %s is there already; it is not overwritten", path)
	}
	rest := path + ".copying"
	remove := func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			os.Remove(rest + end)
		}
	}
	remove() // of a copy that was killed
	defer remove()
	if err := c.into(ctx, "sqlite:"+rest); err != nil {
		return err
	}
	os.Remove(path) // an empty file at most
	if err := os.Link(rest, path); err != nil {
		return fmt.Errorf("copy to: %w", err)
	}
	return nil
}

// into makes the schema and fills it, in one transaction.
func (c *copying) into(ctx context.Context, dsn string) error {
	to, err := connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("copy to: %w", err)
	}
	defer to.Close()
	if err := to.Write(ctx, func(target *Tx) error { return c.copy(ctx, target) }); err != nil {
		return fmt.Errorf("copy to: %w", err)
	}
	return to.Close()
}

func (c *copying) copy(ctx context.Context, target *Tx) error {
	if err := c.prepare(ctx, target); err != nil {
		return err
	}
	sums := make([]tableSum, len(c.tables))
	for i, t := range c.tables {
		var err error
		if sums[i], err = c.fill(ctx, target, t); err != nil {
			return fmt.Errorf("copy table %s: %w", t.name, err)
		}
	}
	for i, t := range c.tables {
		if err := c.compare(ctx, target, t, sums[i]); err != nil {
			return fmt.Errorf("compare table %s: %w", t.name, err)
		}
		if err := target.setSequence(ctx, c.source, t); err != nil {
			return fmt.Errorf("set the sequence of %s: %w", t.name, err)
		}
		if c.Copied != nil {
			c.Copied(t.name, sums[i].rows)
		}
	}
	return target.trimChanges(ctx) // nobody has seen it before
}

// prepare makes the schema in an empty database and takes out the rows that it comes with.
func (c *copying) prepare(ctx context.Context, target *Tx) error {
	if err := target.advisoryLock(ctx, migrationLock); err != nil {
		return err
	}
	name, found, err := target.anyRelation(ctx)
	if err != nil {
		return err
	}
	if found {
		return fmt.Errorf("the database isn't empty, it has %s: make a new one", name)
	}
	all, err := migrations()
	if err != nil {
		return err
	}
	if err := target.apply(ctx, migration{text: createMigrations}); err != nil {
		return err
	}
	for _, m := range all {
		if err := target.apply(ctx, m); err != nil {
			return fmt.Errorf("migration %04d %s: %w", m.id, m.name, err)
		}
		if err := target.record(ctx, m); err != nil {
			return err
		}
	}
	if err := target.deferReferences(ctx); err != nil {
		return err
	}
	for i := len(c.tables) - 1; i >= 0; i-- { // those that refer to others first
		if _, err := target.exec(ctx, `DELETE FROM `+c.tables[i].name); err != nil {
			return err
		}
	}
	return nil
}

// fill copies the rows of a table and says what it read.
func (c *copying) fill(ctx context.Context, target *Tx, t copyTable) (tableSum, error) {
	var sum tableSum
	rows := func(yield func([]any, error) bool) {
		for row, err := range c.source.tableRows(ctx, t) {
			if err == nil {
				err = sum.add(t, row)
			}
			if !yield(row, err) || err != nil {
				return
			}
			c.step(t.name)
		}
	}
	err := target.insertRows(ctx, t, rows)
	c.tell(t.name)
	return sum, err
}

// compare reads a table of the target and holds it against what was copied.
func (c *copying) compare(ctx context.Context, target *Tx, t copyTable, want tableSum) error {
	var got tableSum
	for row, err := range target.tableRows(ctx, t) {
		if err != nil {
			return err
		}
		if err := got.add(t, row); err != nil {
			return err
		}
		c.step(t.name)
	}
	c.tell(t.name)
	if got != want {
		return fmt.Errorf("%d rows with checksum %x came of %d with %x", got.rows, got.sum, want.rows, want.sum)
	}
	return nil
}

// progressStep is after how many rows Progress is told.
const progressStep = 1000

func (c *copying) step(table string) {
	c.done++
	if c.done%progressStep == 0 {
		c.tell(table)
	}
}

func (c *copying) tell(table string) {
	if c.Progress != nil {
		c.Progress(table, c.done, c.total)
	}
}
