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
