package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// Of writes that share a commit one that fails, panics or is given up undoes
// its own part and no other's.
func TestWritesTogether(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		ctx := t.Context()
		boom := errors.New("boom")
		var all sync.WaitGroup
		var undone, done atomic.Int32
		for i := range 40 {
			all.Go(func() {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				defer func() {
					if r := recover(); r != nil && r != any(boom) {
						t.Error(r)
					}
				}()
				err := s.Write(ctx, func(tx *sqlstore.Tx) error {
					tx.AfterRollback(func() { undone.Add(1) })
					tx.AfterCommit(func() { done.Add(1) })
					if err := newUser(ctx, tx, fmt.Sprint("user", i)); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return boom
					case 2:
						panic(boom)
					case 3:
						cancel()
						return newUser(ctx, tx, fmt.Sprint("late", i))
					}
					return nil
				})
				switch {
				case i%4 == 0 && err != nil, i%4 == 1 && !errors.Is(err, boom), i%4 == 3 && !errors.Is(err, context.Canceled):
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		all.Wait()
		var want []string
		for i := 0; i < 40; i += 4 {
			want = append(want, fmt.Sprint("user", i))
		}
		slices.Sort(want)
		got := slices.DeleteFunc(users(t, s), func(name string) bool { return name == "kojira" })
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("left are %v, not %v", got, want)
		}
		if undone.Load() != 30 || done.Load() != 10 {
			t.Errorf("%d undone, %d done", undone.Load(), done.Load())
		}
	})
}
