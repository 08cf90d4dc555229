package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// crashingWriter is set in the environment of a test process that is to write to the database it names until it is killed.
const crashingWriter = "SQLSTORE_TEST_CRASHING_WRITER"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(crashingWriter); dsn != "" {
		fmt.Fprintln(os.Stderr, writeForever(dsn))
		os.Exit(1)
	}
	sqlstoretest.Main(m)
}

// writeForever adds users, two in each transaction, and prints the second's name once the transaction is committed.
func writeForever(dsn string) error {
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, dsn)
	if err != nil {
		return err
	}
	for i := 0; ; i += 2 {
		err := s.Write(ctx, func(tx *sqlstore.Tx) error {
			if _, err := tx.Event(ctx); err != nil {
				return err
			}
			if err := newUser(ctx, tx, strconv.Itoa(i)+strings.Repeat(" ", 100)); err != nil {
				return err
			}
			return newUser(ctx, tx, strconv.Itoa(i+1))
		})
		if err != nil {
			return err
		}
		fmt.Println(i + 1)
	}
}

// A hub that is killed while it writes loses nothing that it had acknowledged and leaves no half transaction.
func TestCrash(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "koji.db")
	acknowledged := -1
	for round := range 3 {
		if round > 0 {
			// Names must be free for the next round; what was acknowledged has been looked at.
			s := reopen(t, dsn)
			write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				_, err := tx.Exec(ctx, `DELETE FROM users`)
				return err
			})
			s.Close()
		}
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), crashingWriter+"="+dsn)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if acknowledged, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if acknowledged == 2*(20+round*7)-1 {
				child.Process.Kill() // what it prints until it dies is still read and counts
			}
		}
		child.Wait()
		if acknowledged < 39 {
			t.Fatalf("the writer ended after %d", acknowledged)
		}

		s := reopen(t, dsn)
		read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			state, err := sqlstore.List[string](ctx, tx, `PRAGMA integrity_check`)
			if err != nil || len(state) != 1 || state[0] != "ok" {
				t.Errorf("integrity: %v %v", state, err)
			}
			n, err := sqlstore.List[int](ctx, tx, `SELECT count(*) FROM users`)
			if err != nil {
				return err
			}
			if n[0] < acknowledged+1 || n[0]%2 != 0 {
				t.Errorf("%d users are there and %d were acknowledged", n[0], acknowledged+1)
			}
			return nil
		})
		s.Close()
	}
}
