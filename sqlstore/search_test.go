package sqlstore_test

import (
	"context"
	"strings"
	"testing"

	"koji"
	"koji/sqlstore"
	"koji/sqlstore/sqlstoretest"
)

// What begins a pattern narrows a search, and never loses a match: each search is held against the plain one.
func TestSearch(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
			for _, st := range []string{
				`INSERT INTO users (id, name, status, usertype) VALUES (900, 'Someone', 0, 0)`,
				`INSERT INTO events (id, time) VALUES (900, '2026-01-01 00:00:00+00:00')`,
				`INSERT INTO package (id, name) VALUES (1, 'bash'), (2, 'bash-doc'), (3, 'Bash-Completion'), (4, 'zsh'), (5, 'a_b'), (6, 'axb'), (7, 'a%b')`,
				`INSERT INTO build (id, volume_id, pkg_id, version, release, create_event, completion_time, state, owner) VALUES
					(1, 0, 1, '5.1', '1', 900, '2026-01-01 00:00:00+00:00', 1, 900), (2, 0, 1, '5.2', '1.fc1', 900, '2026-01-01 00:00:00+00:00', 1, 900),
					(3, 0, 2, '5.1', '1', 900, '2026-01-01 00:00:00+00:00', 1, 900), (4, 0, 3, '2', 'A', 900, '2026-01-01 00:00:00+00:00', 1, 900),
					(5, 0, 4, '5', '1', 900, '2026-01-01 00:00:00+00:00', 1, 900)`,
				`INSERT INTO rpminfo (id, build_id, draft, name, version, release, arch, external_repo_id, payloadhash, size, buildtime) VALUES
					(1, 1, FALSE, 'bash', '5.1', '1', 'x86_64', 0, 'x', 1, 1), (2, 1, FALSE, 'bash', '5.1', '1', 'src', 0, 'x', 1, 1),
					(3, 4, FALSE, 'Bash-Completion', '2', 'A', 'noarch', 0, 'x', 1, 1)`,
			} {
				if _, err := tx.Exec(ctx, st); err != nil {
					return err
				}
			}
			return nil
		})
		for _, test := range []struct {
			kind  sqlstore.SearchKind
			match sqlstore.SearchMatch
			terms string
			want  string // names
		}{
			{sqlstore.SearchPackages, sqlstore.MatchExactly, "bash", "bash"},
			{sqlstore.SearchPackages, sqlstore.MatchExactly, "BASH", ""},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "BASH", "bash"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "BASH*", "bash bash-doc Bash-Completion"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "*sh", "bash zsh"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "?sh", "zsh"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "*", "bash bash-doc Bash-Completion zsh a_b axb a%b"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "a_b", "a_b"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "a%b*", "a%b"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, "a?b", "a_b axb a%b"},
			{sqlstore.SearchPackages, sqlstore.MatchGlob, `a\b*`, ""},
			{sqlstore.SearchPackages, sqlstore.MatchRegexp, "^BASH(-doc)?$", "bash bash-doc"},
			{sqlstore.SearchPackages, sqlstore.MatchRegexp, `[[:alpha:]]sh\Z`, "bash zsh"},
			{sqlstore.SearchPackages, sqlstore.MatchRegexp, `\mdoc\M`, "bash-doc"},
			{sqlstore.SearchPackages, sqlstore.MatchRegexp, `\yc`, "Bash-Completion"},
			{sqlstore.SearchPackages, sqlstore.MatchRegexp, `a.b`, "a_b axb a%b"},
			{sqlstore.SearchBuilds, sqlstore.MatchExactly, "bash-doc-5.1-1", "bash-doc-5.1-1"},
			{sqlstore.SearchBuilds, sqlstore.MatchExactly, "bash", ""},
			{sqlstore.SearchBuilds, sqlstore.MatchExactly, "bash-completion-2-A", ""},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "bash-completion-2-a", "Bash-Completion-2-A"},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "bash-5*", "bash-5.1-1 bash-5.2-1.fc1"},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "bash-*", "bash-5.1-1 bash-5.2-1.fc1 bash-doc-5.1-1 Bash-Completion-2-A"},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "BAS*-1", "bash-5.1-1 bash-doc-5.1-1"},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "bash-5.2-1.f??", "bash-5.2-1.fc1"},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "*-5*-1", "bash-5.1-1 bash-doc-5.1-1 zsh-5-1"},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, "-*", ""},
			{sqlstore.SearchBuilds, sqlstore.MatchGlob, strings.Repeat("-", 100) + "*", ""},
			{sqlstore.SearchRPMs, sqlstore.MatchExactly, "bash-5.1-1.x86_64.rpm", "bash-5.1-1.x86_64.rpm"},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "BASH-5*.rpm", "bash-5.1-1.x86_64.rpm bash-5.1-1.src.rpm"},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "*noarch*", "Bash-Completion-2-A.noarch.rpm"},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "*H-5*c*", "bash-5.1-1.src.rpm"},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "?ash-5?1*X86_64*", "bash-5.1-1.x86_64.rpm"},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "*86_6*", "bash-5.1-1.x86_64.rpm"},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "*x86%64*", ""},
			{sqlstore.SearchRPMs, sqlstore.MatchGlob, "*-nowhere-*", ""},
			{sqlstore.SearchUsers, sqlstore.MatchGlob, "some*", "Someone"},
			{sqlstore.SearchTags, sqlstore.MatchGlob, "*", ""},
		} {
			read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				var names []string
				found, _, err := tx.Search(ctx, test.kind, test.match, test.terms, sqlstore.QueryOpts{})
				if err != nil {
					return err
				}
				for n, err := range found {
					if err != nil {
						return err
					}
					names = append(names, n.Name)
				}
				if got := strings.Join(names, " "); got != test.want {
					t.Errorf("%s %d %q: %q, want %q", test.kind, test.match, test.terms, got, test.want)
				}
				_, n, err := tx.Search(ctx, test.kind, test.match, test.terms, sqlstore.QueryOpts{CountOnly: true})
				if int(n) != len(names) {
					t.Errorf("%s %d %q: counted %d", test.kind, test.match, test.terms, n)
				}
				return err
			})
		}
		for _, bad := range []string{"[a", "a**", `(a)\1`, `\\\1`, strings.Repeat("a", 513), "(?=a)b", "a{1000000}"} {
			read(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				found, _, err := tx.Search(ctx, sqlstore.SearchPackages, sqlstore.MatchRegexp, bad, sqlstore.QueryOpts{})
				if err == nil {
					for _, err = range found {
					}
				}
				if !koji.HasCode(err, koji.CodeGeneric) {
					t.Errorf("%.20q: %v", bad, err)
				}
				return nil
			})
		}
	})
}

// The index of what stands in rpms' names follows the rows.
func TestSearchFollowsRPMs(t *testing.T) {
	t.Parallel()
	sqlstoretest.Each(t, func(t *testing.T, s *sqlstore.Store) {
		found := func(terms string) (n int64) {
			read(t, s, func(ctx context.Context, tx *sqlstore.Tx) (err error) {
				_, n, err = tx.Search(ctx, sqlstore.SearchRPMs, sqlstore.MatchGlob, terms, sqlstore.QueryOpts{CountOnly: true})
				return err
			})
			return n
		}
		run := func(statement string) {
			write(t, s, func(ctx context.Context, tx *sqlstore.Tx) error {
				_, err := tx.Exec(ctx, statement)
				return err
			})
		}
		run(`INSERT INTO external_repo (id, name) VALUES (1, 'repo')`)
		run(`INSERT INTO rpminfo (id, name, version, release, arch, external_repo_id, payloadhash, size, buildtime) VALUES (1, 'kernel', '6', '1', 'src', 1, 'x', 1, 1)`)
		if n := found("*ernel*"); n != 1 {
			t.Errorf("an rpm that was added: %d", n)
		}
		run(`UPDATE rpminfo SET name = 'linux', size = 2 WHERE id = 1`)
		if old, renamed := found("*ernel*"), found("*inux*"); old != 0 || renamed != 1 {
			t.Errorf("an rpm that was renamed: %d by its old name, %d by its new one", old, renamed)
		}
		run(`DELETE FROM rpminfo WHERE id = 1`)
		if n := found("*inux*"); n != 0 {
			t.Errorf("an rpm that was deleted: %d", n)
		}
	})
}
