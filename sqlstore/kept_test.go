package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// eachPair runs a test with two stores on one database.
func eachPair(t *testing.T, run func(t *testing.T, a, b *sqlstore.Store)) {
	t.Helper()
	for engine, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "koji.db") },
		"postgres": func(t *testing.T) string { return sqlstoretest.PostgresDSN(t, true) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			name := dsn(t)
			run(t, reopen(t, name), reopen(t, name))
		})
	}
}

const (
	keptTags     = 4
	keptPackages = 6
	keptBuilds   = 24
	keptUsers    = 3
)

// fillKept makes what the random changes below are made to.
func fillKept(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
		run := func(query string, args ...any) {
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				t.Fatal(err)
			}
		}
		run(`INSERT INTO events (id, time) VALUES (900, ?)`, tx.Now())
		for i := range keptUsers {
			run(`INSERT INTO users (id, name, status, usertype) VALUES (?, ?, 0, 0)`, 900+i, fmt.Sprintf("user%d", i))
		}
		for i := range keptTags {
			run(`INSERT INTO tag (id, name) VALUES (?, ?)`, 900+i, fmt.Sprintf("tag%d", i))
		}
		for i := range keptPackages {
			run(`INSERT INTO package (id, name) VALUES (?, ?)`, 900+i, fmt.Sprintf("package%d", i))
		}
		for i := range keptBuilds {
			run(`INSERT INTO build (id, volume_id, pkg_id, version, release, create_event, completion_time, state, owner) VALUES (?, 0, ?, ?, '1', 900, ?, 1, ?)`,
				900+i, 900+i%keptPackages, fmt.Sprint(i), tx.Now(), 900+i%keptUsers)
		}
		return nil
	})
}

// changeKept makes a random change to what can be kept.
func changeKept(ctx context.Context, tx *sqlstore.Tx, r *rand.Rand) error {
	tag, pkg, build, user := int64(900+r.IntN(keptTags)), int64(900+r.IntN(keptPackages)), int64(900+r.IntN(keptBuilds)), int64(900+r.IntN(keptUsers))
	exec := func(query string, args ...any) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}
	tx.EndCall()
	switch r.IntN(17) {
	case 0, 1, 2:
		if in, err := tx.InTag(ctx, build, tag); err != nil || in {
			return err
		}
		return tx.AddToTag(ctx, build, tag, user)
	case 3:
		_, err := tx.RemoveFromTag(ctx, build, tag, user)
		return err
	case 4, 5, 6:
		if err := tx.SetTagPackage(ctx, tag, pkg, r.IntN(5) == 0, nil, user); err != nil || r.IntN(4) == 0 {
			return err
		}
		return tx.SetPackageOwner(ctx, tag, pkg, user, user)
	case 7:
		_, err := tx.RemoveTagPackage(ctx, tag, pkg, user)
		return err
	case 8:
		return exec(`UPDATE build SET state = ?, owner = ? WHERE id = ?`, 1+r.IntN(2)*3, user, build)
	case 9:
		return exec(`INSERT INTO rpminfo (build_id, draft, name, version, release, arch, external_repo_id, payloadhash, size, buildtime)
			VALUES (?, FALSE, ?, '1', '1', 'noarch', 0, 'x', 1, 1)`, build, fmt.Sprint("rpm", r.Int64()))
	case 10:
		return exec(`UPDATE rpminfo SET size = size + 1, build_id = ? WHERE build_id = ?`, 900+r.IntN(keptBuilds), build)
	case 11:
		return exec(`DELETE FROM rpminfo WHERE build_id = ?`, build)
	case 12:
		if tag == 900 {
			return exec(`UPDATE users SET name = ? WHERE id = ?`, fmt.Sprint("user", r.Int64()), user)
		}
		if _, err := tx.RemoveParent(ctx, tag, tag-1, user); err != nil || r.IntN(3) == 0 {
			return err
		}
		tx.EndCall()
		return tx.SetParent(ctx, koji.Inheritance{ChildID: tag, ParentID: tag - 1, PkgFilter: []string{"", "package[1-4]"}[r.IntN(2)]}, user)
	case 13:
		return exec(`UPDATE tag SET name = ? WHERE id = ?`, fmt.Sprint("tag", r.Int64()), tag)
	case 14:
		return exec(`UPDATE build SET version = ? WHERE id = ?`, fmt.Sprint(r.Int64()), build)
	case 15:
		if n, err := tx.Exec(ctx, `DELETE FROM package WHERE id = ?`, 950+pkg); err != nil || n > 0 {
			return err
		}
		name := "package9"
		if pkg == 900 {
			name = "pac\u212Aage9" // a letter that only some take for a k
		}
		return exec(`INSERT INTO package (id, name) VALUES (?, ?)`, 950+pkg, fmt.Sprint(name, "-", r.Int64()))
	default:
		return exec(`UPDATE package SET name = ? WHERE id = ?`, fmt.Sprint("package", r.IntN(10), "-", r.Int64()), pkg)
	}
}

// keptQuestions are about all tags and packages.
func keptQuestions() map[string]func(ctx context.Context, tx *sqlstore.Tx) (any, error) {
	questions := map[string]func(ctx context.Context, tx *sqlstore.Tx) (any, error){}
	draft := false
	for tag := int64(900); tag < 900+keptTags; tag++ {
		for name, f := range map[string]sqlstore.TaggedFilter{
			"own":     {Tag: tag},
			"inherit": {Tag: tag, Inherit: true},
			"latest":  {Tag: tag, Inherit: true, Latest: 1},
			"two":     {Tag: tag, Latest: 2},
			"owner":   {Tag: tag, Inherit: true, Owner: "user1", Draft: &draft},
			"package": {Tag: tag, Inherit: true, Latest: 1, Package: "package1"},
		} {
			questions[fmt.Sprint("builds ", name, tag)] = func(ctx context.Context, tx *sqlstore.Tx) (any, error) {
				seq, err := tx.TaggedBuilds(ctx, f)
				if err != nil {
					return nil, err
				}
				return gathered(seq)
			}
		}
		questions[fmt.Sprint("rpms ", tag)] = func(ctx context.Context, tx *sqlstore.Tx) (any, error) {
			if err := tx.Steady(ctx); err != nil {
				return nil, err
			}
			seq, err := tx.TaggedBuilds(ctx, sqlstore.TaggedFilter{Tag: tag, Inherit: true, Latest: 1})
			if err != nil {
				return nil, err
			}
			builds, err := gathered(seq)
			if err != nil {
				return nil, err
			}
			var ids []int64
			for _, b := range builds {
				ids = append(ids, b.ID)
			}
			all, err := gathered(tx.RPMsOfBuilds(ctx, ids, nil, false))
			if err != nil {
				return nil, err
			}
			sources, err := gathered(tx.RPMsOfBuilds(ctx, ids, []string{"src"}, false))
			return append(all, sources...), err
		}
		for name, f := range map[string]sqlstore.PackageFilter{"all": {}, "open": {Open: true}, "owned": {Owner: 901}} {
			for _, inherit := range []bool{false, true} {
				questions[fmt.Sprint("packages ", name, inherit, tag)] = func(ctx context.Context, tx *sqlstore.Tx) (any, error) {
					links, lists, err := tx.PackageLists(ctx, tag, inherit, f)
					answer := []any{links}
					for _, l := range links {
						answer = append(answer, append([]koji.TagPackage{}, lists[l.ParentID]...))
					}
					return answer, err
				}
			}
		}
	}
	for _, glob := range []string{"package1", "PACK*1", "*", "*e?", "*k*g*", "pa??age*", "*kag?0*", "none*"} {
		questions["search "+glob] = func(ctx context.Context, tx *sqlstore.Tx) (any, error) {
			seq, _, err := tx.Search(ctx, sqlstore.SearchPackages, sqlstore.MatchGlob, glob, sqlstore.QueryOpts{})
			if err != nil {
				return nil, err
			}
			return gathered(seq)
		}
	}
	return questions
}

func gathered[T any](seq iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// keptAnswers are the answers that a transaction gives.
func keptAnswers(ctx context.Context, tx *sqlstore.Tx) (map[string]any, error) {
	answers := map[string]any{}
	for name, question := range keptQuestions() {
		var err error
		if answers[name], err = question(ctx, tx); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// What a hub has in memory answers as the database does, whatever is done by it or another, committed or undone. A
// transaction that writes always asks the database.
func TestKeptIsNeverStale(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, a, b *sqlstore.Store) {
		fillKept(t, a)
		r := rand.New(rand.NewPCG(1, 2))
		stores := []*sqlstore.Store{a, b}
		undo := errors.New("undo")
		for step := range 120 {
			s := stores[r.IntN(2)]
			err := s.Write(t.Context(), func(tx *sqlstore.Tx) error {
				for range 1 + r.IntN(3) {
					err := tx.Savepoint(t.Context(), func() error {
						if err := changeKept(t.Context(), tx, r); err != nil {
							return err
						}
						if r.IntN(6) == 0 {
							return undo
						}
						return nil
					})
					if err != nil && !errors.Is(err, undo) {
						return err
					}
				}
				if r.IntN(6) == 0 {
					return undo
				}
				return nil
			})
			if err != nil && !errors.Is(err, undo) {
				t.Fatalf("step %d: %v", step, err)
			}
			if r.IntN(3) == 0 {
				continue
			}
			var want map[string]any
			write(t, a, func(ctx context.Context, tx *sqlstore.Tx) (err error) {
				want, err = keptAnswers(ctx, tx)
				return err
			})
			if step%30 == 0 {
				write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error { return tx.TrimChanges(ctx) })
			}
			for i, s := range stores {
				read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
					got, err := keptAnswers(ctx, tx)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("step %d, store %d (-database +kept):\n%s", step, i, diff)
					}
					return err
				})
				for name, question := range keptQuestions() {
					read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
						got, err := question(ctx, tx)
						if diff := cmp.Diff(want[name], got); diff != "" {
							t.Fatalf("step %d, store %d, %s in a transaction of its own (-database +kept):\n%s", step, i, name, diff)
						}
						return err
					})
				}
			}
		}
	})
}

// A transaction answers from the state that it began with, also when another has brought what is kept to a newer one, and
// what it reads then isn't kept for others.
func TestKeptOfOlderTransaction(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, a, b *sqlstore.Store) {
		fillKept(t, a)
		tagged := func(ctx context.Context, tx *sqlstore.Tx) (n int) {
			seq, err := tx.TaggedBuilds(ctx, sqlstore.TaggedFilter{Tag: 900})
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range seq {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			return n
		}
		count := func(s *sqlstore.Store) (n int) {
			read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error { n = tagged(ctx, tx); return nil })
			return n
		}
		write(t, a, func(ctx context.Context, tx *sqlstore.Tx) error {
			if err := tx.SetTagPackage(ctx, 900, 900, false, nil, 900); err != nil {
				return err
			}
			return tx.AddToTag(ctx, 900, 900, 900)
		})
		read(t, a, func(ctx context.Context, old *sqlstore.Tx) error {
			if _, err := old.Ancestors(ctx, 900, nil); err != nil {
				return err
			}
			if n := tagged(ctx, old); n != 1 {
				t.Errorf("before the change: %d builds, want 1", n)
			}
			write(t, b, func(ctx context.Context, tx *sqlstore.Tx) error { return tx.AddToTag(ctx, 906, 900, 900) })
			if n := count(a); n != 2 {
				t.Errorf("after the change: %d builds, want 2", n)
			}
			if n := tagged(ctx, old); n != 1 {
				t.Errorf("in the older transaction: %d builds, want 1", n)
			}
			return nil
		})
		if n := count(a); n != 2 {
			t.Errorf("after the older transaction: %d builds, want 2", n)
		}
	})
}

func TestSnapshotIncludes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		newer, older string
		want         bool
	}{
		"the same":                      {"10:12:10", "10:12:10", true},
		"one more ended":                {"12:12:", "10:12:10", true},
		"one more began":                {"10:13:10,12", "10:12:10", true},
		"an older one":                  {"10:12:10", "12:12:", false},
		"each has what the other lacks": {"10:14:10", "11:12:11", false},
		"earlier":                       {"10:11:", "10:12:", false},
		"nonsense":                      {"1", "10:12:", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := sqlstore.SnapshotIncludes(test.newer, test.older); got != test.want {
				t.Errorf("snapshotIncludes(%q, %q) = %v, want %v", test.newer, test.older, got, test.want)
			}
		})
	}
}

// Many who read from what is kept, more than there are connections, don't wait for one another without end.
func TestKeptByMany(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		fillKept(t, s)
		r := rand.New(rand.NewPCG(3, 4))
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for range 60 {
				if err := changeKept(ctx, tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				for name, question := range keptQuestions() {
					err := s.Read(ctx, func(tx *sqlstore.Tx) error {
						_, err := question(ctx, tx)
						return err
					})
					if err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}
