package koji

import (
	"fmt"
	"math"
	"time"

	"koji/internal/xmlrpc"
)

// wireTime is the form in which Koji's hub writes timestamps: ISO with a space
// and an offset, microseconds left out when zero (Koji: reference/wire.md §2).
const wireTime = "2006-01-02 15:04:05.999999-07:00"

// Time is a moment as the hub tells it. The zero Time travels as nil.
type Time struct{ time.Time }

// String is the moment as it stands on the wire, "" for the zero Time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return string(t.append(make([]byte, 0, len("2006-01-02 15:04:05.000000+00:00"))))
}

// append appends the moment as it stands on the wire. Lists have several in each row, for which package time's way of
// reading a layout each time is slow.
func (t Time) append(b []byte) []byte {
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 || year > 9999 {
		return u.AppendFormat(b, wireTime)
	}
	hour, minute, second := u.Clock()
	b = append(b, byte('0'+year/1000), byte('0'+year/100%10))
	for i, n := range [...]int{year % 100, int(month), day, hour, minute, second} {
		if i > 0 {
			b = append(b, " -- ::"[i])
		}
		b = append(b, byte('0'+n/10), byte('0'+n%10))
	}
	if micro := u.Nanosecond() / 1000; micro != 0 {
		b = append(b, '.')
		for unit := 100000; unit > 0; unit /= 10 {
			b = append(b, byte('0'+micro/unit%10))
		}
	}
	return append(b, "+00:00"...)
}

// MarshalXMLRPC writes the moment as a string (in a stored call as dateTime), or nil.
func (t Time) MarshalXMLRPC(e *xmlrpc.Encoder) error {
	if t.IsZero() {
		e.Nil()
		return nil
	}
	var text [40]byte
	e.Moment(t.Time, t.append(text[:0]))
	return nil
}

// UnmarshalXMLRPC reads nil, a string in the hub's form, or a dateTime.
func (t *Time) UnmarshalXMLRPC(v any) error {
	switch v := v.(type) {
	case nil:
		t.Time = time.Time{}
	case time.Time:
		t.Time = v
	case string:
		p, err := ParseTime(v)
		if err != nil {
			return err
		}
		t.Time = p
	default:
		return fmt.Errorf("read time: %T is neither a string nor nil", v)
	}
	return nil
}

// ParseTime reads a timestamp in any of the forms Koji's hubs write:
// with a space or a T, with or without microseconds and offset (UTC is meant).
func ParseTime(s string) (time.Time, error) {
	for _, f := range []string{wireTime, "2006-01-02 15:04:05.999999-07", "2006-01-02T15:04:05.999999Z07:00", "2006-01-02 15:04:05.999999", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(f, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("read time %q: want a form like 2026-01-22 06:18:48.754275+00:00", s)
}

// Seconds is a moment as Koji's *_ts keys hold it: seconds since the epoch
// with microseconds as the fraction.
func Seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// FromSeconds is the moment that Seconds gave.
func FromSeconds(ts float64) time.Time {
	return time.UnixMicro(int64(math.Round(ts * 1e6))).UTC()
}
