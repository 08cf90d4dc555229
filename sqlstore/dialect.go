package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"koji/internal/lazyregexp"
)

// engine is the kind of database. What SQL text differs between them is made here; how they are opened stands in
// sqlite.go and postgres.go. Upserts (ON CONFLICT), RETURNING, TRUE and FALSE, IS NOT DISTINCT FROM, window functions and
// recursive queries are the same on both.
type engine string

const (
	sqliteEngine   engine = "sqlite"
	postgresEngine engine = "postgres"
)

// begin opens a transaction. One that writes has SQLite's only writer from its beginning.
func (e engine) begin(readOnly bool) string {
	switch {
	case e == postgresEngine && readOnly:
		return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	case e == postgresEngine:
		return "BEGIN ISOLATION LEVEL READ COMMITTED"
	case readOnly:
		return "BEGIN"
	}
	return "BEGIN IMMEDIATE"
}

// rebind turns `?` into PostgreSQL's $1, $2 …, but not within quotes and comments. An id that no 32-bit column can hold
// is compared as a 64-bit one, so that it is found nowhere instead of failing the query; SQLite has but one size.
func (e engine) rebind(query string, args []any) string {
	if e != postgresEngine || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			if n <= len(args) && wide(args[n-1]) {
				b.WriteString("::bigint")
			}
		case c == '\'' || c == '"' || c == '-' && strings.HasPrefix(query[i:], "--"):
			end := quoteEnd(query, i)
			b.WriteString(query[i:end])
			i = end - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func wide(arg any) bool {
	if p, ok := arg.(*int64); ok && p != nil {
		arg = *p
	}
	n, ok := arg.(int64)
	return ok && int64(int32(n)) != n
}

// quoteEnd is where the quoted text or line comment that begins at i ends.
func quoteEnd(query string, i int) int {
	closing := query[i : i+1]
	if closing == "-" {
		closing = "\n"
	}
	n := strings.Index(query[i+1:], closing)
	if n < 0 {
		return len(query)
	}
	return i + 1 + n + 1
}

// thenJoin joins a further table where the order in which the tables are written is the order to read them in. SQLite, which
// knows little of how much is in them, takes it as given so; PostgreSQL finds out by itself.
func (tx *Tx) thenJoin() string {
	if tx.store.engine == postgresEngine {
		return ` JOIN `
	}
	return ` CROSS JOIN `
}

// forUpdate ends a SELECT whose rows the transaction is going to change, and waits for others that do. SQLite has one
// writer, so that there is nothing to wait for.
func (tx *Tx) forUpdate() string {
	if tx.store.engine == postgresEngine {
		return " FOR UPDATE"
	}
	return ""
}

// forUpdateFree is forUpdate that leaves out the rows that it would have to wait for.
func (tx *Tx) forUpdateFree() string {
	if tx.store.engine == postgresEngine {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// skipLocked is forUpdate that leaves out the rows that others hold.
func (tx *Tx) skipLocked() string {
	if tx.store.engine == postgresEngine {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// lockRow takes the row of the table locks until the end of the transaction. If another transaction has it, lockRow
// waits, or with wait false returns false.
func (tx *Tx) lockRow(ctx context.Context, name string, wait bool) (bool, error) {
	lock := tx.skipLocked()
	if wait {
		lock = tx.forUpdate()
	}
	_, found, err := one(ctx, tx, `SELECT name FROM locks WHERE name = ?`+lock, []any{name}, value[string])
	return found, wrap(err, "take lock %s", name)
}

// advisoryLock waits until no other transaction holds key, and holds it until the end of this one.
func (tx *Tx) advisoryLock(ctx context.Context, key int64) error {
	if tx.store.engine != postgresEngine {
		return nil
	}
	_, err := tx.exec(ctx, `SELECT pg_advisory_xact_lock(?)`, key)
	return wrap(err, "take advisory lock %d", key)
}

// advisoryLockAtEnd is advisoryLock for what else comes at the transaction's end.
func (tx *Tx) advisoryLockAtEnd(key int64) {
	if tx.store.engine == postgresEngine {
		tx.atEnd(`SELECT pg_advisory_xact_lock(?)`, key)
	}
}

// nextID takes the next id of a table with a serial id, for a row that must know its id before it is inserted (a draft
// build's release carries it). Like a sequence's, an id is used up once it was taken, but for SQLite only if the
// transaction commits.
func (tx *Tx) nextID(ctx context.Context, table string) (int64, error) {
	if tx.store.engine == postgresEngine {
		id, _, err := one(ctx, tx, `SELECT nextval(pg_get_serial_sequence(?, 'id'))`, []any{table}, value[int64])
		return id, wrap(err, "take the next id of %s", table)
	}
	id, found, err := one(ctx, tx, `UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = ? RETURNING seq`, []any{table}, value[int64])
	if err == nil && !found {
		id = 1
		_, err = tx.exec(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES (?, 1)`, table)
	}
	return id, wrap(err, "take the next id of %s", table)
}

// like is a condition that column matches a pattern (`%`, `_`, escaped by `\`) regardless of case; the pattern is the
// next argument. SQLite knows the case of ASCII letters only, and fails for a pattern of more than 50,000 bytes: what is cut
// off here is of one that no name is long enough for.
func (tx *Tx) like(column string) string {
	if tx.store.engine == postgresEngine {
		return column + ` ILIKE ? ESCAPE '\'`
	}
	return column + ` LIKE substr(?, 1, 12500) ESCAPE '\'`
}

// glob turns Koji's wildcards (`*` and `?`) into a pattern for like.
func glob(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`, `?`, `_`).Replace(pattern)
}

// startsWith is a condition that a text, whose lower case has an index (a migration's `(lower(text) text_pattern_ops)`),
// begins with start regardless of case. SQLite knows the case of ASCII letters only.
func (tx *Tx) startsWith(text, start string) (string, []any) {
	args := []any{start, start + "\U0010FFFF"}
	if tx.store.engine == postgresEngine {
		return `(lower(` + text + `) ~>=~ lower(?) AND lower(` + text + `) ~<~ lower(?))`, args
	}
	return `(` + text + ` COLLATE NOCASE >= ? AND ` + text + ` COLLATE NOCASE < ?)`, args
}

// foldedIn is a condition that a text with such an index is one of n arguments regardless of case.
func (tx *Tx) foldedIn(text string, n int) string {
	if tx.store.engine == postgresEngine {
		return `lower(` + text + `) IN (lower(?)` + strings.Repeat(", lower(?)", n-1) + `)`
	}
	return text + ` COLLATE NOCASE IN ` + in(n)
}

// filesWith is a condition that holds for the rpms whose file names may match a pattern with a trigram in it. PostgreSQL
// sees by itself that like has an index; SQLite is asked for, and its index knows no escapes.
func (tx *Tx) filesWith(pattern string) (string, []any) {
	if tx.store.engine == postgresEngine {
		return "", nil
	}
	like := strings.NewReplacer(`%`, `_`, `\`, `_`, `*`, `%`, `?`, `_`).Replace(pattern)
	return `id IN (SELECT rowid FROM hubd_rpm_trigrams WHERE file LIKE ?)`, []any{like}
}

// regexp is a condition that column matches a regular expression regardless of case; the expression is the next
// argument. checkRegexp lets pass what both engines read. A bad one fails the query with an error that badRegexp knows.
func (tx *Tx) regexp(column string) string {
	if tx.store.engine == postgresEngine {
		return column + ` ~* ?`
	}
	return column + ` REGEXP ?`
}

// greatest is the larger of two expressions; the other if one is NULL.
func (tx *Tx) greatest(a, b string) string {
	if tx.store.engine == postgresEngine {
		return "greatest(" + a + ", " + b + ")"
	}
	return "max(coalesce(" + a + ", " + b + "), coalesce(" + b + ", " + a + "))"
}

// least is the smaller of two expressions; the other if one is NULL.
func (tx *Tx) least(a, b string) string {
	if tx.store.engine == postgresEngine {
		return "least(" + a + ", " + b + ")"
	}
	return "min(coalesce(" + a + ", " + b + "), coalesce(" + b + ", " + a + "))"
}

// jsonText is the text in member key (a literal) of the object in a JSON column.
func (tx *Tx) jsonText(column, key string) string {
	if tx.store.engine == postgresEngine {
		return column + ` ->> '` + key + `'`
	}
	return `json_extract(` + column + `, '$."` + key + `"')`
}

// notify tells the listeners of all hubs on this database, once the transaction is committed ([Store.Listen]). SQLite has
// one hub, which knows.
func (tx *Tx) notify(channel, payload string) {
	if tx.store.engine == postgresEngine {
		tx.atEnd(`SELECT pg_notify(?, ?)`, channel, payload)
	}
}

// duplicate says whether err is that a row like it (by a primary key or unique constraint) is already there.
// On PostgreSQL the transaction, or the savepoint around the statement, must then be undone.
func duplicate(err error) bool {
	return failed(err, "23505", sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// missingReference says whether err is that a row refers to one that isn't there, or that a deleted row is still referred to.
func missingReference(err error) bool {
	return failed(err, "23503", sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY)
}

// badRegexp says whether err is that a regular expression can't be read.
func badRegexp(err error) bool {
	return failed(err, "2201B") || err != nil && strings.Contains(err.Error(), "error parsing regexp")
}

func failed(err error, state string, codes ...int) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == state
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		for _, c := range codes {
			if lite.Code() == c {
				return true
			}
		}
	}
	return false
}

// sqliteNow is the time as SQLite stores it: microseconds since the epoch.
const sqliteNow = `(CAST(unixepoch('subsec') * 1000000 AS INTEGER))`

var (
	serialColumn  = lazyregexp.New(`\b(BIG)?SERIAL NOT NULL PRIMARY KEY\b|\b(BIG)?SERIAL PRIMARY KEY\b`)
	varcharColumn = lazyregexp.New(`(?m)^(\s*("?\w+"?) VARCHAR\((\d+)\)[^,\n]*)`)
	jsonType      = lazyregexp.New(`\bJSONB?\b`)
	nowCall       = lazyregexp.New(`(?i)\b(now|clock_timestamp)\(\)`)
	postgresOnly  = lazyregexp.New(`^(CREATE FUNCTION|GRANT|COMMENT ON|ANALYZE|DO)\b`)
	sqliteOnly    = lazyregexp.New(`^(CREATE TRIGGER|CREATE VIRTUAL TABLE|CREATE VIEW hubd_rpm_names|INSERT INTO hubd_rpm_trigrams)\b`)
	lowerIndex    = lazyregexp.New(`\(lower\((.+)\) text_pattern_ops\)`)
	leadComment   = lazyregexp.New(`(?m)^\s*--.*$`)
)

// statements splits a migration, which is written for PostgreSQL, and puts each statement in the engine's language.
// On SQLite times are INTEGER (microseconds since the epoch), JSON is TEXT, VARCHAR(n) is held by a check, and the
// default get_event() falls away: its statements must give the event.
func (e engine) statements(migration string) []string {
	var all []string
	for _, st := range splitStatements(leadComment().ReplaceAllString(migration, "")) {
		if e == postgresEngine && sqliteOnly().MatchString(st) {
			continue
		}
		if e == sqliteEngine {
			if postgresOnly().MatchString(st) {
				continue
			}
			st = serialColumn().ReplaceAllString(st, "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")
			st = varcharColumn().ReplaceAllString(st, "$1 CHECK (length($2) <= $3)")
			st = strings.ReplaceAll(st, "TIMESTAMPTZ", "INTEGER")
			st = strings.ReplaceAll(st, " DEFAULT get_event()", "")
			st = strings.ReplaceAll(st, " INCLUDE (id)", "")
			st = strings.ReplaceAll(st, `release ~ ('^.*,draft_' || id::TEXT || '$')`, `release GLOB '*,draft_' || id`)
			st = lowerIndex().ReplaceAllString(st, "($1 COLLATE NOCASE)")
			st = jsonType().ReplaceAllString(st, "TEXT")
			st = nowCall().ReplaceAllString(st, sqliteNow)
		}
		all = append(all, st)
	}
	return all
}

// splitStatements splits SQL at the semicolons that are not within quotes, $$ or comments, nor within a trigger.
func splitStatements(text string) []string {
	var all []string
	start := 0
	add := func(end int) {
		if st := strings.TrimSpace(text[start:end]); st != "" {
			all = append(all, st)
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ';':
			if st := strings.TrimSpace(text[start:i]); strings.HasPrefix(st, "CREATE TRIGGER") && !strings.HasSuffix(st, "END") {
				continue
			}
			add(i)
			start = i + 1
		case strings.HasPrefix(text[i:], "$$"):
			if n := strings.Index(text[i+2:], "$$"); n >= 0 {
				i += n + 3
			}
		case c == '\'' || c == '"' || strings.HasPrefix(text[i:], "--"):
			i = quoteEnd(text, i) - 1
		}
	}
	add(len(text))
	return all
}

// hasTable says whether the database has the table.
func (tx *Tx) hasTable(ctx context.Context, table string) (bool, error) {
	query := `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`
	if tx.store.engine == postgresEngine {
		query = `SELECT 1 WHERE to_regclass(?) IS NOT NULL`
	}
	_, found, err := one(ctx, tx, query, []any{table}, value[int])
	return found, wrap(err, "look for table %s", table)
}

// anyRelation is the name of any table, view or sequence that the database has.
func (tx *Tx) anyRelation(ctx context.Context) (string, bool, error) {
	query := `SELECT name FROM sqlite_schema ORDER BY name LIMIT 1`
	if tx.store.engine == postgresEngine {
		query = `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
			ORDER BY relname LIMIT 1`
	}
	name, found, err := one(ctx, tx, query, nil, value[string])
	return name, found, wrap(err, "look what is in the database")
}

// deferReferences lets rows refer to others that come later in the transaction. PostgreSQL looks at the end of each
// statement, and a whole table is one.
func (tx *Tx) deferReferences(ctx context.Context) error {
	if tx.store.engine == postgresEngine {
		return nil
	}
	_, err := tx.exec(ctx, `PRAGMA defer_foreign_keys = 1`)
	return wrap(err, "defer references")
}

// lastID is the last id that the sequence of a table gave, 0 if none.
func (tx *Tx) lastID(ctx context.Context, table string) (int64, error) {
	query, args := `SELECT seq FROM sqlite_sequence WHERE name = ?`, []any{table}
	if tx.store.engine == postgresEngine {
		query = `SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?, 'id')::regclass), 0)`
	}
	id, _, err := one(ctx, tx, query, args, value[int64])
	return id, wrap(err, "read the last id of %s", table)
}

// setLastID has the sequence of a table go on behind id.
func (tx *Tx) setLastID(ctx context.Context, table string, id int64) error {
	if tx.store.engine == postgresEngine {
		_, err := tx.exec(ctx, `SELECT setval(pg_get_serial_sequence(?, 'id'), ?, ?)`, table, max(id, 1), id > 0)
		return wrap(err, "set the last id of %s", table)
	}
	if _, err := tx.exec(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, table); err != nil {
		return wrap(err, "set the last id of %s", table)
	}
	_, err := tx.exec(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`, table, id)
	return wrap(err, "set the last id of %s", table)
}

// transactionID is by what PostgreSQL knows a transaction that writes. SQLite, where one comes after the other, has no need.
func (e engine) transactionID() string {
	if e == postgresEngine {
		return "txid_current()"
	}
	return "0"
}
