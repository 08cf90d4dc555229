package sqlstore

import (
	"database/sql"
	"fmt"
	"time"

	"koji"
)

// Times are TIMESTAMPTZ on PostgreSQL and microseconds since the epoch on SQLite. To bind one, give a time.Time (never a
// pointer; tx.time when it may be zero). To read one, scan into a stamp or a scanTime.

// time is t as an argument of a query: NULL when zero.
func (tx *Tx) time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond)
}

// stamp is a time read from a nullable column; NULL is the zero time.
type stamp struct{ time.Time }

// Scan reads a time as either engine holds it.
func (s *stamp) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		s.Time = time.Time{}
	case time.Time:
		s.Time = v.UTC()
	case int64:
		s.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("read time: the column holds a %T", src)
	}
	return nil
}

// koji is the moment as it goes on the wire.
func (s stamp) koji() koji.Time { return koji.Time{Time: s.Time} }

// seconds is the moment as the *_ts keys have it, nil for NULL.
func (s stamp) seconds() *float64 {
	if s.IsZero() {
		return nil
	}
	ts := koji.Seconds(s.Time)
	return &ts
}

// scanTime reads a nullable time column into the two forms that Koji's answers carry. Either may be nil.
func scanTime(t *koji.Time, ts **float64) sql.Scanner { return timeTwin{t, ts} }

type timeTwin struct {
	t  *koji.Time
	ts **float64
}

func (w timeTwin) Scan(src any) error {
	var s stamp
	if err := s.Scan(src); err != nil {
		return err
	}
	if w.t != nil {
		*w.t = s.koji()
	}
	if w.ts != nil {
		*w.ts = s.seconds()
	}
	return nil
}
