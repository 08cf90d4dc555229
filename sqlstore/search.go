package sqlstore

import (
	"context"
	"fmt"
	"iter"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"koji"
	"koji/internal/lazyregexp"
)

// SearchKind is what is searched.
type SearchKind string

// The kinds of things that can be searched. Files have been none for long, but may be asked for.
const (
	SearchPackages SearchKind = "package"
	SearchBuilds   SearchKind = "build"
	SearchTags     SearchKind = "tag"
	SearchTargets  SearchKind = "target"
	SearchUsers    SearchKind = "user"
	SearchHosts    SearchKind = "host"
	SearchRPMs     SearchKind = "rpm"
	SearchMaven    SearchKind = "maven"
	SearchWin      SearchKind = "win"
)

// search is a kind of search: what it gives, and the texts of which one must match.
type search struct {
	from, id, name string
	texts          []string
}

const (
	buildNVR = `package.name || '-' || build.version || '-' || build.release`
	// rpmFile is what the indexes on an rpm's file name are made of, to the letter.
	rpmFile = `name || '-' || version || '-' || release || '.' || arch || '.rpm'`
)

var searches = map[SearchKind]search{
	SearchPackages: {`package`, `id`, `name`, []string{`name`}},
	SearchBuilds:   {`build JOIN package ON package.id = build.pkg_id`, `build.id`, buildNVR, []string{buildNVR}},
	SearchTags: {`tag JOIN tag_config ON tag_config.tag_id = tag.id AND tag_config.active = TRUE`,
		`tag.id`, `tag.name`, []string{`tag.name`}},
	SearchTargets: {`build_target JOIN build_target_config ON build_target_config.build_target_id = build_target.id AND build_target_config.active = TRUE`,
		`build_target.id`, `build_target.name`, []string{`build_target.name`}},
	SearchUsers: {`users`, `id`, `name`, []string{`name`}},
	SearchHosts: {`host`, `id`, `name`, []string{`name`}},
	SearchRPMs:  {`rpminfo`, `id`, rpmFile, []string{rpmFile}},
	SearchMaven: {`archiveinfo JOIN maven_archives ON maven_archives.archive_id = archiveinfo.id`, `archiveinfo.id`, `archiveinfo.filename`,
		[]string{`archiveinfo.filename`, `maven_archives.group_id || '-' || maven_archives.artifact_id || '-' || maven_archives.version`}},
	SearchWin: {`archiveinfo JOIN win_archives ON win_archives.archive_id = archiveinfo.id`, `archiveinfo.id`,
		`ltrim(win_archives.relpath || '/' || archiveinfo.filename, '/')`,
		[]string{`archiveinfo.filename`, `win_archives.relpath || '/' || archiveinfo.filename`}},
}

// SearchMatch is how a search compares.
type SearchMatch int

// The ways to compare: as it is, by wildcards or by a regular expression, the last two regardless of case.
const (
	MatchExactly SearchMatch = iota
	MatchGlob
	MatchRegexp
)

// CanSearch says whether there are searches of a kind.
func CanSearch(kind SearchKind) bool { _, ok := searches[kind]; return ok }

// Search streams the things of a kind that match, ordered by id; with opts.CountOnly it counts them.
func (tx *Tx) Search(ctx context.Context, kind SearchKind, match SearchMatch, terms string, opts QueryOpts) (iter.Seq2[Name, error], int64, error) {
	s, ok := searches[kind]
	if !ok {
		return nil, 0, fmt.Errorf("search: there is no %s", kind)
	}
	if match == MatchRegexp {
		if err := checkRegexp(terms); err != nil {
			return nil, 0, err
		}
	}
	where, args := tx.searched(kind, s, match, terms)
	query := `SELECT ` + s.id + `, ` + s.name + ` FROM ` + s.from + ` WHERE ` + where
	if opts.CountOnly {
		n, err := tx.count(ctx, query, args, opts)
		return nil, n, searchFailed(err, terms)
	}
	query, args, err := opts.apply(query, args, map[string]string{"id": s.id, "name": s.name}, s.id)
	if err != nil {
		return nil, 0, err
	}
	if kind == SearchPackages && match == MatchGlob && opts == (QueryOpts{}) {
		if found, served, err := tx.keptPackageSearch(ctx, terms); err != nil || served {
			return streamed(found), 0, err
		}
	}
	return func(yield func(Name, error) bool) {
		for n, err := range stream(ctx, tx, query, args, scanName) {
			if !yield(n, searchFailed(err, terms)) {
				return
			}
		}
	}, 0, nil
}

// searchFailed tells of an expression that the database can't read what was wrong with it.
func searchFailed(err error, terms string) error {
	if badRegexp(err) {
		return noRegexp(terms, "the database can't read it")
	}
	return wrap(err, "search")
}

func noRegexp(terms, why string) error {
	return koji.NewError(koji.CodeGeneric, fmt.Sprintf("Invalid regular expression %q: %s", terms, why))
}

// searched is the condition of a search. What begins a pattern narrows it by an index first.
func (tx *Tx) searched(kind SearchKind, s search, match SearchMatch, terms string) (string, []any) {
	var either []string
	var args []any
	for _, text := range s.texts {
		switch match {
		case MatchExactly:
			either, args = append(either, text+` = ?`), append(args, terms)
		case MatchGlob:
			either, args = append(either, tx.like(text)), append(args, glob(terms))
		case MatchRegexp:
			either, args = append(either, tx.regexp(text)), append(args, terms)
		}
	}
	where := `(` + strings.Join(either, ` OR `) + `)`
	narrow, narrowArgs := tx.narrowed(kind, match, terms)
	if narrow != "" {
		where, args = narrow+` AND `+where, append(narrowArgs, args...)
	}
	return where, args
}

// narrowed is a condition that all matches fulfil and an index answers, "" if there is none.
func (tx *Tx) narrowed(kind SearchKind, match SearchMatch, terms string) (string, []any) {
	if match == MatchRegexp {
		return "", nil
	}
	start := terms
	if match == MatchGlob {
		start = globStart(terms)
	}
	if kind == SearchRPMs && match == MatchGlob {
		return tx.rpmsLike(terms, start)
	}
	switch {
	case start == "":
		return "", nil
	case kind == SearchPackages && match == MatchGlob:
		return tx.startsWith(`name`, start)
	case kind == SearchBuilds:
		return tx.packagesOf(start, match == MatchGlob && start != terms)
	}
	return "", nil
}

// globStart is what a pattern begins with before its first wildcard.
func globStart(pattern string) string {
	if i := strings.IndexAny(pattern, "*?"); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// rpmsLike narrows the rpms of a pattern, by what it begins with or else by what stands in it.
func (tx *Tx) rpmsLike(pattern, start string) (string, []any) {
	if len(start) < trigram && hasTrigram(pattern) {
		return tx.filesWith(pattern)
	}
	if start == "" {
		return "", nil
	}
	return tx.startsWith(`(`+rpmFile+`)`, start)
}

// trigram is how many characters in a row it takes to be looked up.
const trigram = 3

// hasTrigram says whether a pattern has as many characters in a row that are no wildcards, nor like's.
func hasTrigram(pattern string) bool {
	for _, part := range strings.FieldsFunc(pattern, func(r rune) bool { return strings.ContainsRune(`*?%_\\`, r) }) {
		if utf8.RuneCountInString(part) >= trigram {
			return true
		}
	}
	return false
}

// packagesOf is a condition on package that holds for those of builds whose NVR begins with start: what stands before
// one of its hyphens or, if the NVR may go on, what begins with all of it.
func (tx *Tx) packagesOf(start string, more bool) (string, []any) {
	const most = 32 // hyphens that count, of a name that somebody made up to have many
	var names []any
	for i := 0; i < len(start) && len(names) < most; i++ {
		if start[i] == '-' && i > 0 {
			names = append(names, start[:i])
		}
	}
	if strings.Count(start, "-") > most {
		return "", nil
	}
	var either []string
	var args []any
	if len(names) > 0 {
		either, args = append(either, tx.foldedIn(`package.name`, len(names))), names
	}
	if more {
		cond, condArgs := tx.startsWith(`package.name`, start)
		either, args = append(either, cond), append(args, condArgs...)
	}
	if len(either) == 0 {
		return `FALSE`, nil
	}
	return `package.id IN (SELECT package.id FROM package WHERE ` + strings.Join(either, ` OR `) + `)`, args
}

// longestRegexp is how many characters a regular expression may have.
const longestRegexp = 512

var backReference = lazyregexp.New(`(?:^|[^\\])(?:\\\\)*\\[1-9]`)

// checkRegexp refuses expressions that only one of the engines can read, or that may take it forever.
func checkRegexp(expr string) error {
	switch {
	case len(expr) > longestRegexp:
		return noRegexp(expr[:40]+"…", fmt.Sprintf("it is longer than %d characters", longestRegexp))
	case backReference().MatchString(expr):
		return noRegexp(expr, "references back are not possible")
	}
	if _, err := syntax.Parse(goRegexp(expr), syntax.Perl); err != nil {
		return noRegexp(expr, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

// goRegexp is an expression in PostgreSQL's language in Go's, regardless of case: words and texts begin and end
// differently there.
func goRegexp(expr string) string {
	var b strings.Builder
	b.WriteString("(?i)")
	for i := 0; i < len(expr); i++ {
		if expr[i] != '\\' || i+1 == len(expr) {
			b.WriteByte(expr[i])
			continue
		}
		i++
		switch c := expr[i]; c {
		case 'y', 'm', 'M':
			b.WriteString(`\b`)
		case 'Y':
			b.WriteString(`\B`)
		case 'Z':
			b.WriteString(`\z`)
		default:
			b.WriteString(expr[i-1 : i+1])
		}
	}
	return b.String()
}
