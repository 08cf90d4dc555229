package sqlstore

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A word to PostgreSQL costs more than most questions do: it wakes another process and is woken by it. So the first question
// of a reading transaction, if its answer is known to be short (one, few, short), goes out together with those that other
// calls ask while a connection has the former ones. Whoever finds a connection free leads: it asks all that wait, reads the
// answers and hands the lead to one of those that came meanwhile.
//
// Each is a statement by itself, as it would be on a connection of its own. If one fails, those behind it fail with it; all
// of them are asked again, each alone, so that everybody gets their own error.
//
// The statements are planned once, for all arguments, and by indexes: planning takes longer than to find by an id. What
// isn't found by an index whatever the arguments are is no quick question, since others wait for its answer.
const (
	mostQuestions   = 64 // at once
	mostArguments   = 50 // of one
	sideBySide      = 8
	longestQuestion = 10 * time.Second
)

// questions are those that wait for a connection.
type questions struct {
	db      *sql.DB
	most    int // connections
	mu      sync.Mutex
	leaders int
	waiting []*question
}

// question is one that somebody waits for.
type question struct {
	query string
	args  []any
	row   func(scanner) error // called for each row, by whoever leads
	turn  chan turn
}

// turn is how it goes on with a question.
type turn int

const (
	answered turn = iota
	unanswered
	leads
)

// quick asks a question whose answer is short, and has row called for each of its rows. False is that it must be asked
// alone, from the beginning.
func (tx *Tx) quick(ctx context.Context, query string, args []any, row func(scanner) error) bool {
	q := tx.store.questions
	if !tx.asksQuickly() || len(args) > mostArguments || ctx.Err() != nil || writes(query) {
		return false
	}
	mine := &question{tx.store.engine.rebind(query, args), args, row, make(chan turn, 2)}
	q.mu.Lock()
	q.waiting = append(q.waiting, mine)
	first := q.leaders < q.most
	if first {
		q.leaders++
	}
	q.mu.Unlock()
	next := leads
	if !first {
		next = <-mine.turn // it is a matter of milliseconds: nobody leaves
	}
	if next == leads {
		q.lead(context.WithoutCancel(ctx), tx.store)
		next = <-mine.turn
	}
	tx.ran = next == answered
	return tx.ran
}

// asksQuickly says whether a question of the transaction can be a quick one: nothing was read that it must agree with.
func (tx *Tx) asksQuickly() bool {
	return tx.store.questions != nil && tx.readOnly && !tx.ran && !tx.begun && tx.due == "" && !tx.keptOnly
}

// SideBySide is how many transactions to have at once for one that has many things to read that needn't be of one state;
// 1 if it had better read them itself. It keeps no connection from them.
func (tx *Tx) SideBySide(ctx context.Context) int {
	if tx.store.questions == nil || !tx.readOnly || tx.begun || tx.due != "" {
		return 1
	}
	tx.release(ctx)
	return sideBySide
}

// lead asks what waits, the leader's own among it.
func (q *questions) lead(ctx context.Context, s *Store) {
	q.mu.Lock()
	n := min(len(q.waiting), mostQuestions)
	asked := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	q.mu.Unlock()
	done := 0
	defer func() {
		for _, one := range asked[done:] {
			one.turn <- unanswered
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		if len(q.waiting) > 0 {
			q.waiting[0].turn <- leads
		} else {
			q.leaders--
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, longestQuestion)
	defer cancel()
	conn, db, err := s.take(ctx, q.db)
	if err != nil {
		return
	}
	defer conn.Close()
	b := &pgx.Batch{}
	for _, one := range asked {
		b.Queue(one.query, one.args...)
	}
	results := db.(postgresLink).conn.SendBatch(ctx, b)
	defer results.Close()
	for _, one := range asked {
		if !one.read(results) {
			return
		}
		one.turn <- answered
		done++
	}
}

// read reads the answer to a question. If somebody's function panics, it does so where he asks alone.
func (one *question) read(results pgx.BatchResults) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	rows, err := results.Query()
	if err != nil {
		return false
	}
	defer rows.Close()
	for rows.Next() {
		if one.row(rows) != nil {
			return false
		}
	}
	return rows.Err() == nil
}
