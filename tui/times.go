package tui

import (
	"fmt"
	"strings"
	"time"
)

// span is how long something took, in at most six cells: 0:52, 31:15, 4h12m, 3d04h.
func span(seconds float64) string {
	s := int64(seconds)
	switch {
	case s < 0:
		return "0:00"
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s < 1000*24*3600:
		return fmt.Sprintf("%dd%02dh", s/3600/24, s/3600%24)
	}
	return fmt.Sprintf("%dd", s/3600/24)
}

// ago is how long something has been over.
func ago(seconds float64) string {
	s := int64(seconds)
	switch {
	case s < 1:
		return "now"
	case s < 60:
		return fmt.Sprintf("%d s ago", s)
	case s < 3600:
		return fmt.Sprintf("%d min ago", s/60)
	case s < 48*3600:
		return fmt.Sprintf("%d h ago", s/3600)
	}
	return fmt.Sprintf("%d days ago", s/3600/24)
}

// bytesText is a size as people read it, by thousands.
func bytesText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	case n < 1000*1000*1000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// thousands is a number with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && r != '-' && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// clockTime is a moment on the clock of whoever looks.
func clockTime(ts float64, loc *time.Location) string {
	if ts == 0 {
		return ""
	}
	return time.UnixMicro(int64(ts * 1e6)).In(loc).Format("15:04:05")
}

// dayTime is a moment as people write it, the shorter the nearer: 14:32 today,
// Fri 17:40 within a week, 3 Nov within a year, then 3 Nov 2024; with room for
// them, the year's also have their time.
func dayTime(ts, now float64, loc *time.Location, n int) string {
	if ts == 0 {
		return ""
	}
	t, today := moment(ts).In(loc), moment(now).In(loc)
	y, m, d := today.Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, loc)
	long, short := "2 Jan 2006 15:04", "2 Jan 2006"
	switch {
	case !t.Before(midnight) && t.Before(midnight.AddDate(0, 0, 1)):
		return t.Format("15:04")
	case t.Before(midnight) && !t.Before(midnight.AddDate(0, 0, -6)):
		long, short = "Mon 15:04", "Mon"
	case !t.Before(midnight.AddDate(-1, 0, 0)) && t.Before(midnight.AddDate(0, 0, 1)):
		long, short = "2 Jan 15:04", "2 Jan"
	}
	if text := t.Format(long); len(text) <= n {
		return text
	}
	if text := t.Format(short); len(text) <= n {
		return text
	}
	return t.Format("Jan06")
}

// wholeTime is a moment with all its parts.
func wholeTime(ts float64, loc *time.Location) string {
	if ts == 0 {
		return ""
	}
	return moment(ts).In(loc).Format("2006-01-02 15:04:05")
}

func moment(ts float64) time.Time { return time.UnixMicro(int64(ts * 1e6)) }
