package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"koji"
	"koji/internal/pylit"
)

// What people write as a time is a date, a clock, or both, and then perhaps a
// zone. A date of digits alone is year first with dashes, day first with dots,
// month first with slashes. (Koji: reference/cli.md, Argument conversion: any
// date text.)
func dateLayouts() []string {
	return []string{
		"2006-01-02", "2006/01/02", "20060102", "01/02/2006", "02.01.2006", "2-Jan-2006",
		"Jan 2 2006", "January 2 2006", "2 Jan 2006", "2 January 2006",
		"Jan 2", "January 2", "2 Jan", "2 January", // of this year
	}
}

func clockLayouts() []string {
	return []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "3:04PM", "3 PM", "3PM", "150405", "1504"}
}

func zoneLayouts() []string {
	return []string{"", "Z07:00", " Z07:00", "-0700", " -0700", "-07", " MST"}
}

// parseTime reads a point in time. What isn't said of it, such as the zone or
// the day of a clock, is as it is now.
func parseTime(text string, now time.Time) (float64, error) {
	text = plainTime(text)
	ts, isNumber := pylit.Float(text)
	isNumber = isNumber && !math.IsNaN(ts) && !math.IsInf(ts, 0)
	if isNumber && len(text) != len("20060102") {
		return ts, nil
	}
	for _, zone := range zoneLayouts() {
		for _, layout := range []string{"Jan 2 15:04:05" + zone + " 2006", "15:04:05" + zone, "15:04" + zone} { // as C and date write it
			if t, ok := readTime(layout, text, now); ok {
				return koji.Seconds(t), nil
			}
		}
	}
	for _, date := range dateLayouts() {
		if t, ok := readTime(date, text, now); ok {
			return koji.Seconds(t), nil
		}
		for _, clock := range clockLayouts() {
			for _, zone := range zoneLayouts() {
				for _, between := range []string{" ", "T"} {
					if t, ok := readTime(date+between+clock+zone, text, now); ok {
						return koji.Seconds(t), nil
					}
				}
			}
		}
	}
	for _, clock := range clockLayouts()[2:7] {
		if t, ok := readTime(clock, text, now); ok {
			return koji.Seconds(t), nil
		}
	}
	if isNumber {
		return ts, nil
	}
	return 0, fmt.Errorf("%q is no time: write it as 2006-01-02 15:04:05 or as seconds since 1970", text)
}

// plainTime leaves commas and a weekday out, and writes what depends on case in
// upper case.
func plainTime(text string) string {
	words := strings.Fields(strings.ReplaceAll(strings.ToUpper(text), ",", " "))
	if len(words) > 1 {
		for day := time.Sunday; day <= time.Saturday; day++ {
			if name := strings.ToUpper(day.String()); words[0] == name || words[0] == name[:3] {
				words = words[1:]
				break
			}
		}
	}
	return strings.Join(words, " ")
}

// readTime reads a time by one layout.
func readTime(layout, text string, now time.Time) (time.Time, bool) {
	t, err := time.ParseInLocation(layout, text, now.Location())
	if err != nil {
		return t, false
	}
	// A zone by a name that isn't known here would be taken for UTC.
	if name, offset := t.Zone(); strings.HasSuffix(layout, "MST") && offset == 0 && t.Location() != now.Location() &&
		!slices.Contains([]string{"UTC", "GMT", "WET", "Z"}, name) {
		return t, false
	}
	year, month, day := t.Date()
	switch {
	case strings.Contains(layout, "2006"):
		return t, true
	case strings.Contains(layout, "Jan"):
		year = now.Year()
	default:
		year, month, day = now.In(t.Location()).Date()
	}
	return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location()), true
}
