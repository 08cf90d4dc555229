// Package sqlstoretest opens throw-away databases for tests, so that one test set runs on both engines.
//
// PostgreSQL is a cluster of the test process's own, started from the machine's server binaries (Debian's postgresql
// package), reachable through a socket in a temporary folder only. A package whose tests use [Each] has
//
//	func TestMain(m *testing.M) { sqlstoretest.Main(m) }
//
// Without the binaries the PostgreSQL half is skipped, and Main says so; with KOJI_TEST_POSTGRES=required it fails.
package sqlstoretest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"koji/sqlstore"
)

// Main runs the tests of a package and stops the PostgreSQL cluster, if they used one. It does not return.
func Main(m *testing.M) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the tests' PostgreSQL:", err)
		code = max(code, 1)
	}
	if shared.missing() {
		fmt.Fprintln(os.Stderr, "PostgreSQL tests did NOT run: install it with: apt-get install postgresql")
	}
	os.Exit(code)
}

// Each runs a subtest on an empty database of each engine: "sqlite" and "postgres". The databases go with the subtests.
func Each(t *testing.T, run func(t *testing.T, s *sqlstore.Store), opts ...sqlstore.Option) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, SQLite(t, opts...))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, Postgres(t, opts...))
	})
}

// SQLite opens an empty database in a temporary folder.
func SQLite(t testing.TB, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "koji.db"), opts)
}

// Postgres opens an empty database in the process's cluster, or skips the test.
func Postgres(t testing.TB, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	return open(t, PostgresDSN(t, true), opts)
}

// PostgresDSN makes a database in the process's cluster and returns its URL, or skips the test. The database holds the
// migrated schema already, or with migrated false nothing at all.
func PostgresDSN(t testing.TB, migrated bool) string {
	t.Helper()
	dsn, err := shared.database(t.Context(), migrated)
	switch {
	case errors.Is(err, errMissing) && os.Getenv("KOJI_TEST_POSTGRES") != "required":
		t.Skip("no PostgreSQL server is installed")
	case err != nil:
		t.Fatal("start PostgreSQL for tests: ", err)
	}
	t.Cleanup(func() {
		if err := shared.drop(dsn); err != nil {
			t.Error("drop the test's database: ", err)
		}
	})
	return dsn
}

func open(t testing.TB, dsn string, opts []sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), dsn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	opened.Store(s, dsn)
	t.Cleanup(func() {
		opened.Delete(s)
		if err := s.Close(); err != nil {
			t.Error("close the test's database: ", err)
		}
	})
	return s
}
