package sqlstore_test

import (
	"context"
	"testing"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

func eachEngine(b *testing.B, run func(b *testing.B, s *sqlstore.Store)) {
	b.Run("sqlite", func(b *testing.B) { run(b, sqlstoretest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { run(b, sqlstoretest.Postgres(b)) })
}

// A transaction that reads one row by its name.
func BenchmarkReadOne(b *testing.B) {
	eachEngine(b, func(b *testing.B, s *sqlstore.Store) {
		b.ReportAllocs()
		for b.Loop() {
			read(b, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				var id int64
				return tx.Scan(ctx, `SELECT id FROM channels WHERE name = ?`, []any{"createrepo"}, &id)
			})
		}
	})
}

// A transaction with an event, a versioned row revoked and one inserted.
func BenchmarkWriteOne(b *testing.B) {
	eachEngine(b, func(b *testing.B, s *sqlstore.Store) {
		write(b, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO tag (name) VALUES ('tag')`); err != nil {
				return err
			}
			return newUser(ctx, tx, "user")
		})
		b.ReportAllocs()
		for b.Loop() {
			write(b, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				if _, err := tx.Event(ctx); err != nil {
					return err
				}
				if _, err := tx.Revoke(ctx, "tag_config", 1, "tag_id = ?", 1); err != nil {
					return err
				}
				return tx.InsertVersioned(ctx, "tag_config", 1, sqlstore.Column{"tag_id", 1})
			})
		}
	})
}

// What opening an existing database adds to a hub's start.
func BenchmarkOpen(b *testing.B) {
	dsn := "sqlite:" + b.TempDir() + "/koji.db"
	for b.Loop() {
		s, err := sqlstore.Open(b.Context(), dsn)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
