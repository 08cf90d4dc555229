package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"koji"
)

// kept is what a store keeps in memory of its database, for the long lists of tags: to read their rows from an engine costs
// more than all else that answering takes. It is filled with what is asked for, tag by tag and build by build.
//
// It is never stale. Triggers write a row into hubd_changes for each change of what can be kept, in the transaction that
// makes it, whoever that is: this hub, another process, another hub, Koji's own, a person with a shell. All that is kept is
// of one state of the database, `at`. A reading transaction first reads, in its own snapshot, the rows of hubd_changes that
// weren't visible at `at`. Those are exactly the changes that were committed between the two states, since a row and its
// change become visible together and rows that were undone never do; what they name is dropped, and read again when it is
// wanted. From then on all that is kept is as that transaction sees it, and it adds what it reads itself before any other
// moves on. A transaction whose snapshot is older than `at` can't be served, and asks the database.
//
// Which rows are new is told on SQLite by the ids: there is one writer at a time, so that ids grow in the order of commits,
// and an id that was seen stays seen. On PostgreSQL it is told by the writers' transactions and the two snapshots. A server
// that was started anew may be another one, with another past; then all is dropped. Old rows of hubd_changes are removed
// only together with a new one of kind 'all'.
//
// Transactions that write, and questions about the past, always ask the database.
type kept struct {
	turn chan struct{} // has room for the one that works with what follows

	at    keptAt
	clock int64 // counts those that had their turn
	size  int   // of all below, about

	walks    map[int64]keptWalk      // by tag
	packages map[int64]*keptPackages // by tag
	listings map[int64]*keptListing  // by tag
	builds   map[int64]*keptBuild    // by id
	rpms     map[int64]*keptRPMs     // by build
	volumes  map[int64]string
	names    *keptNames    // of packages, nil when they aren't kept
	asked    map[int64]int // by tag: questions about one package that the database answered
}

// keptAt is a state of the database; the zero value is none.
type keptAt struct {
	last     int64  // SQLite: the newest row of hubd_changes
	server   string // PostgreSQL: when it was started
	snapshot string // PostgreSQL: of the transaction
	known    bool
}

// keptLimit is how many bytes may be kept. What was not used by who comes last is dropped beyond that.
const keptLimit = 40 << 20

// About what is kept takes, in bytes each.
const (
	sizeOfPackage = 150
	sizeOfEntry   = 48
	sizeOfBuild   = 750
	sizeOfRPM     = 500
)

// keptWalk is a tag's name and inheritance.
type keptWalk struct {
	name      string
	ancestors []koji.Ancestor
}

// keptPackages is a tag's own package list.
type keptPackages struct {
	all, owned []koji.TagPackage // owned are those that have an owner
	used       int64
}

// keptListing is what is tagged into a tag itself, in the order of a listing, the builds in any state.
type keptListing struct {
	entries []keptEntry
	used    int64
}

type keptEntry struct {
	build, event, pkg, owner int64
	state                    koji.BuildState
	draft                    bool
}

// keptBuild is a build without what depends on the tag. It is never changed.
type keptBuild struct {
	koji.TaggedBuild
	used int64
}

// keptRPMs are the rpms of a build by id. They are never changed.
type keptRPMs struct {
	list []koji.RPM
	used int64
}

func newKept() *kept {
	k := &kept{turn: make(chan struct{}, 1)}
	k.clear()
	return k
}

func (k *kept) clear() {
	k.size, k.asked, k.names = 0, map[int64]int{}, nil
	k.walks, k.packages, k.listings = map[int64]keptWalk{}, map[int64]*keptPackages{}, map[int64]*keptListing{}
	k.builds, k.rpms, k.volumes = map[int64]*keptBuild{}, map[int64]*keptRPMs{}, map[int64]string{}
}

// withKept runs fn with what is kept in the state that the transaction sees, and nobody else at it; fn may be run again,
// from its beginning. It returns false if that can't be had, or fn says that it can't be kept: then the database must be
// asked.
func (tx *Tx) withKept(ctx context.Context, fn func(k *kept) (bool, error)) (bool, error) {
	if !tx.readOnly {
		return false, nil
	}
	k := tx.store.kept
	if served, known, err := k.withoutReading(ctx, tx, fn); known || err != nil {
		return served, err
	}
	if err := tx.Steady(ctx); err != nil {
		return false, err
	}
	if err := tx.connect(ctx); err != nil { // not while others wait, of whom some have the connections
		return false, err
	}
	if err := k.take(ctx); err != nil {
		return false, err
	}
	defer k.pass()
	changes, now, err := tx.changesSince(ctx, k.at)
	if err != nil || !k.follow(changes, now) {
		return false, wrap(err, "read changes")
	}
	return k.serve(fn)
}

// withoutReading is withKept where all that is wanted is kept already, so that the only question to the database is what
// changed, a quick one. Where it isn't, served isn't known.
func (k *kept) withoutReading(ctx context.Context, tx *Tx, fn func(k *kept) (bool, error)) (served, known bool, err error) {
	if !tx.asksQuickly() {
		return false, false, nil
	}
	if err := k.take(ctx); err != nil {
		return false, false, err
	}
	at := k.at
	k.pass() // not to be waited for while the database is
	changes, now, asked := tx.quickChanges(ctx, at)
	if !asked {
		return false, false, nil
	}
	defer tx.Apart() // what there is to ask beyond that is asked of another state
	if err := k.take(ctx); err != nil {
		return false, false, err
	}
	defer k.pass()
	if k.at != at || !k.follow(changes, now) {
		return false, false, nil
	}
	tx.keptOnly = true
	defer func() { tx.keptOnly = false }()
	served, err = k.serve(fn)
	if errors.Is(err, errNotKept) {
		return false, false, nil
	}
	return served, true, err
}

// errNotKept is that something must be read that isn't kept.
var errNotKept = errors.New("not kept")

// take waits for the turn.
func (k *kept) take(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pass ends the turn.
func (k *kept) pass() { <-k.turn }

func (k *kept) serve(fn func(k *kept) (bool, error)) (bool, error) {
	k.clock++
	served, err := fn(k)
	if k.size > keptLimit {
		k.clear() // it is more than may be kept at once
	}
	return served, err
}

// change is what a row of hubd_changes tells.
type change struct {
	kind       string
	tag, build int64
}

// mostChanges is with how many changes it is better to begin anew.
const mostChanges = 10000

// follow brings what is kept to the state now by the changes since the one it is of; false if that is an older one.
func (k *kept) follow(changes []change, now keptAt) bool {
	switch {
	case !now.known:
		return false
	case !k.at.known || k.at.server != now.server || len(changes) > mostChanges:
		k.clear()
	case len(changes) == 0:
		// What is kept is the same in both states. The older one serves transactions that began before this one too.
		return true
	}
	k.at = now
	for _, c := range changes {
		k.drop(c)
	}
	return true
}

// drop forgets what a change concerns.
func (k *kept) drop(c change) {
	switch c.kind {
	case "listing":
		k.dropListing(c.tag)
	case "packages":
		if p := k.packages[c.tag]; p != nil {
			k.size -= len(p.all) * sizeOfPackage
			delete(k.packages, c.tag)
		}
	case "inheritance":
		clear(k.walks)
	case "build":
		k.dropBuild(c.build)
		// Whether a build is listed depends on its state, owner and package.
		for tag, l := range k.listings {
			if slices.ContainsFunc(l.entries, func(e keptEntry) bool { return e.build == c.build }) {
				k.dropListing(tag)
			}
		}
	case "rpms":
		k.dropRPMs(c.build)
	case "names":
		k.dropNames()
	default:
		k.clear()
	}
}

func (k *kept) dropListing(tag int64) {
	if l := k.listings[tag]; l != nil {
		k.size -= len(l.entries) * sizeOfEntry
		delete(k.listings, tag)
	}
}

func (k *kept) dropBuild(id int64) {
	if k.builds[id] != nil {
		k.size -= sizeOfBuild
		delete(k.builds, id)
	}
}

func (k *kept) dropRPMs(build int64) {
	if r := k.rpms[build]; r != nil {
		k.size -= (len(r.list) + 1) * sizeOfRPM
		delete(k.rpms, build)
	}
}

// room says whether n more bytes can be kept, after dropping what the one whose turn it is hasn't used.
func (k *kept) room(n int) bool {
	if k.size+n <= keptLimit {
		return true
	}
	for tag, p := range k.packages {
		if p.used != k.clock {
			k.drop(change{kind: "packages", tag: tag})
		}
	}
	for tag, l := range k.listings {
		if l.used != k.clock {
			k.dropListing(tag)
		}
	}
	for id, b := range k.builds {
		if b.used != k.clock {
			k.dropBuild(id)
		}
	}
	if k.names != nil && k.names.used != k.clock {
		k.dropNames()
	}
	for build, r := range k.rpms {
		if r.used != k.clock {
			k.dropRPMs(build)
		}
	}
	return k.size+n <= keptLimit
}

// changesSince reads what tx sees of hubd_changes that wasn't visible at a state, in no order, and the state that tx sees.
// That isn't known if it is an older one. With more than mostChanges the rest is left out.
func (tx *Tx) changesSince(ctx context.Context, at keptAt) ([]change, keptAt, error) {
	if tx.store.engine == postgresEngine {
		return tx.changesBySnapshot(ctx, at)
	}
	now := keptAt{known: true}
	var err error
	if now.last, _, err = one(ctx, tx, `SELECT coalesce(max(id), 0) FROM hubd_changes`, nil, value[int64]); err != nil {
		return nil, keptAt{}, err
	}
	if !at.known || now.last == at.last {
		return nil, now, nil
	}
	if now.last < at.last {
		return nil, keptAt{}, nil
	}
	changes, err := list(ctx, tx, `SELECT kind, tag_id, build_id FROM hubd_changes WHERE id > ? ORDER BY id LIMIT 0+?`,
		[]any{at.last, mostChanges + 1}, func(row scanner) (c change, err error) {
			err = row.Scan(&c.kind, &c.tag, &c.build)
			return c, err
		})
	return changes, now, err
}

// quickChanges is changesSince as a quick question; false if it wasn't asked.
func (tx *Tx) quickChanges(ctx context.Context, at keptAt) ([]change, keptAt, bool) {
	if !at.known {
		return nil, keptAt{}, false
	}
	var seen changesSeen
	query, args := changesQuery(at)
	if !tx.quick(ctx, query, args, seen.add) {
		return nil, keptAt{}, false
	}
	return seen.changes, seen.now(at), true
}

// changesBySnapshot is changesSince on PostgreSQL: one query, whose snapshot is the transaction's.
func (tx *Tx) changesBySnapshot(ctx context.Context, at keptAt) ([]change, keptAt, error) {
	var seen changesSeen
	query, args := changesQuery(at)
	for _, err := range stream(ctx, tx, query, args, func(row scanner) (none struct{}, err error) { return none, seen.add(row) }) {
		if err != nil {
			return nil, keptAt{}, err
		}
	}
	return seen.changes, seen.now(at), nil
}

// changesQuery asks PostgreSQL for the state and for what changed since another one, if that is known.
func changesQuery(at keptAt) (string, []any) {
	if !at.known {
		return `SELECT pg_postmaster_start_time()::TEXT, txid_current_snapshot()::TEXT, NULL, NULL, NULL`, nil
	}
	return `SELECT pg_postmaster_start_time()::TEXT, txid_current_snapshot()::TEXT, c.kind, c.tag_id, c.build_id FROM (SELECT 1) AS one
		LEFT JOIN (SELECT DISTINCT kind, tag_id, build_id FROM hubd_changes
			WHERE xid >= txid_snapshot_xmin(CAST(? AS TEXT)::TXID_SNAPSHOT) AND NOT txid_visible_in_snapshot(xid, CAST(? AS TEXT)::TXID_SNAPSHOT)
			LIMIT 0+?) c ON TRUE`, []any{at.snapshot, at.snapshot, mostChanges + 1}
}

// changesSeen gathers what changesQuery brings.
type changesSeen struct {
	changes          []change
	server, snapshot string
}

func (s *changesSeen) add(row scanner) error {
	var kind *string
	var tag, build *int64
	err := row.Scan(&s.server, &s.snapshot, &kind, &tag, &build)
	if err == nil && kind != nil {
		s.changes = append(s.changes, change{*kind, *tag, *build})
	}
	return err
}

// now is the state that the query saw; not known if it is older than at.
func (s *changesSeen) now(at keptAt) keptAt {
	if at.known && at.server == s.server && !snapshotIncludes(s.snapshot, at.snapshot) {
		return keptAt{}
	}
	return keptAt{known: true, server: s.server, snapshot: s.snapshot}
}

// snapshotIncludes says whether all that is visible in the snapshot older is visible in newer too. A snapshot is xmin:xmax:
// and the transactions from xmin on that were under way; below xmin and up to xmax all others had ended.
func snapshotIncludes(newer, older string) bool {
	n, nOK := parseSnapshot(newer)
	o, oOK := parseSnapshot(older)
	if !nOK || !oOK || o.xmax > n.xmax {
		return false
	}
	for _, x := range n.running {
		if x < o.xmax && !slices.Contains(o.running, x) {
			return false // it had ended in the older one
		}
	}
	return true
}

type snapshot struct {
	xmax    int64
	running []int64
}

func parseSnapshot(text string) (s snapshot, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return s, false
	}
	var err error
	if s.xmax, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return s, false
	}
	for x := range strings.SplitSeq(parts[2], ",") {
		if x == "" {
			continue
		}
		n, err := strconv.ParseInt(x, 10, 64)
		if err != nil {
			return s, false
		}
		s.running = append(s.running, n)
	}
	return s, true
}

// changesHeld is how many rows hubd_changes may have when a store is opened.
const changesHeld = 100000

// trimChanges removes the rows of hubd_changes if they are many. Who keeps something drops it all then, by the row that it adds.
func (s *Store) trimChanges(ctx context.Context) error {
	var span int64
	err := s.Read(ctx, func(tx *Tx) (err error) {
		span, _, err = one(ctx, tx, `SELECT coalesce(max(id) - min(id), 0) FROM hubd_changes`, nil, value[int64])
		return err
	})
	if err != nil || span < changesHeld {
		return wrap(err, "count changes")
	}
	return s.Write(ctx, func(tx *Tx) error { return tx.trimChanges(ctx) })
}

func (tx *Tx) trimChanges(ctx context.Context) error {
	if _, err := tx.exec(ctx, `DELETE FROM hubd_changes`); err != nil {
		return wrap(err, "remove old changes")
	}
	_, err := tx.exec(ctx, `INSERT INTO hubd_changes (xid, kind) VALUES (`+tx.store.engine.transactionID()+`, 'all')`)
	return wrap(err, "note that changes were removed")
}
