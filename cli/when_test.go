package cli

import (
	"math"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	now := time.Date(1970, 1, 2, 23, 30, 0, 0, time.FixedZone("", 3600))
	const day = 86400
	for text, want := range map[string]float64{
		"1700000000":                      1700000000,
		"1700000000.25":                   1700000000.25,
		"-5":                              -5,
		"1970-01-02":                      day - 3600,
		"19700102":                        day - 3600,
		"02.01.1970":                      day - 3600,
		"01/02/1970":                      day - 3600,
		"1970/01/02":                      day - 3600,
		"2-Jan-1970":                      day - 3600,
		"1970-01-02 01:00":                day,
		"1970-01-02 01:00:05":             day + 5,
		"1970-01-02 01:00:05.5":           day + 5.5,
		"1970-01-02T01:00":                day,
		"19700102T010005":                 day + 5,
		"1970-01-02T00:00:00Z":            day,
		"1970-01-02t00:00:00z":            day,
		"1970-01-02 00:00:00 +0000":       day,
		"1970-01-02 00:00:00+02:00":       day - 7200,
		"1970-01-02 00:00:00-02":          day + 7200,
		"1970-01-02 00:00 UTC":            day,
		"Jan 2 1970":                      day - 3600,
		"january 2, 1970":                 day - 3600,
		" 2 Jan 1970 ":                    day - 3600,
		"2 January 1970 01:00":            day,
		"Jan 2, 1970 1:00 AM":             day,
		"Jan 2, 1970 1:00pm":              day + 12*3600,
		"Jan 2":                           day - 3600,
		"2 Jan 01:00":                     day,
		"Fri Jan  2 01:00:00 1970":        day,
		"Fri Jan  2 00:00:00 UTC 1970":    day,
		"Fri, 02 Jan 1970 00:00:00 GMT":   day,
		"Fri, 02 Jan 1970 01:00:00 +0100": day,
		"Friday, 02-Jan-1970 00:00 GMT":   day,
		"01:00":                           day,
		"01:00:05":                        day + 5,
		"01:00 UTC":                       day + 3600,
		"1pm":                             day + 12*3600,
		"1:00 am":                         day,
	} {
		if got, err := parseTime(text, now); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "nonsense", "2026-13-01", "yesterday week", "1970-01-02 00:00 XYZ", "25:00", "Feb 30 1970", "Friday", "nan", "1e999"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzParseTime: whatever is written, it is a time or it is none.
func FuzzParseTime(f *testing.F) {
	for _, text := range []string{"Fri Jan  2 01:00:00 1970", "1pm", "Feb 29", "1970-01-02T00:00:00Z", "NaN", "1e999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ts, err := parseTime(text, time.Unix(1700000000, 0))
		if err == nil && (math.IsNaN(ts) || math.IsInf(ts, 0)) {
			t.Errorf("%q is %v", text, ts)
		}
	})
}
