package tui

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// logWindow is a contiguous part of a log that was fetched, by lines.
type logWindow struct {
	start  int64 // where data stands in the file
	data   []byte
	lines  []int // where lines begin in data, ascending
	ragged bool  // data begins within a line
	first  int64 // the number of the first line, counted from 0; -1 if unknown
}

func (w *logWindow) end() int64 { return w.start + int64(len(w.data)) }

// line is the text of a line as it came, without its end.
func (w *logWindow) line(i int) []byte {
	end := len(w.data)
	if i+1 < len(w.lines) {
		end = w.lines[i+1]
	}
	return bytes.TrimRight(w.data[w.lines[i]:end], "\r\n")
}

// set begins anew with data from start on.
func (w *logWindow) set(start int64, data []byte) {
	*w = logWindow{start: start, first: -1}
	if start == 0 {
		w.first = 0
	} else if at := bytes.IndexByte(data, '\n'); at >= 0 && at+1 < len(data) {
		w.start += int64(at + 1)
		data = data[at+1:]
	} else {
		w.ragged = true
	}
	w.data = slices.Clone(data)
	w.lines = lineStarts(w.data, nil, 0)
}

// lineStarts appends the places behind base where lines of data begin.
func lineStarts(data []byte, to []int, base int) []int {
	if len(data) > 0 {
		to = append(to, base)
	}
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 || at+i+1 >= len(data) {
			return to
		}
		at += i + 1
		to = append(to, base+at)
	}
}

// grow appends what follows the window.
func (w *logWindow) grow(data []byte) {
	if len(data) == 0 {
		return
	}
	base := len(w.data)
	more := lineStarts(data, nil, base)
	if base > 0 && w.data[base-1] != '\n' {
		more = more[1:] // it goes on with the last line
	}
	w.data = append(w.data, data...)
	w.lines = append(w.lines, more...)
}

// prepend puts what stands before the window, from start on, in front of it,
// and gives how many lines more there are before the line that was the first.
func (w *logWindow) prepend(start int64, data []byte) int {
	if len(data) == 0 {
		return 0
	}
	var front logWindow
	front.set(start, data)
	whole := len(front.data) == 0 || front.data[len(front.data)-1] == '\n'
	shift := len(front.data)
	lines := front.lines
	for i, at := range w.lines {
		if i == 0 && !whole {
			continue // it is the end of the line before
		}
		lines = append(lines, at+shift)
	}
	added := len(lines) - len(w.lines)
	w.data = append(front.data, w.data...)
	w.lines, w.start, w.ragged, w.first = lines, front.start, front.ragged, front.first
	return added
}

// trimFront lets lines go until at most limit bytes are left, and gives how many.
func (w *logWindow) trimFront(limit int) int {
	over := len(w.data) - limit
	if over <= 0 {
		return 0
	}
	n, _ := slices.BinarySearch(w.lines, over)
	if n >= len(w.lines) {
		return 0
	}
	at := w.lines[n]
	w.data = slices.Clone(w.data[at:])
	w.lines = slices.Clone(w.lines[n:])
	for i := range w.lines {
		w.lines[i] -= at
	}
	w.start += int64(at)
	w.ragged = w.ragged && n == 0
	if w.first >= 0 {
		w.first += int64(n)
	}
	return n
}

// trimBack lets lines at the end go until at most limit bytes are left.
func (w *logWindow) trimBack(limit int) {
	if len(w.data) <= limit {
		return
	}
	n, _ := slices.BinarySearch(w.lines, limit)
	if n == 0 || n >= len(w.lines) {
		return
	}
	w.data = slices.Clone(w.data[:w.lines[n]])
	w.lines = w.lines[:n]
}

// longestLine is how much of a line is shown, in cells.
const longestLine = 10000

var colours = regexp.MustCompile(`\x1b\[[0-9;:]*m`)

// logText is a line of a log as it is shown: clean, tabs to the next 8th cell,
// without colours, and of what was overwritten only what stood there last.
func logText(line []byte) string {
	line = bytes.TrimRight(line, "\r\n")
	if at := bytes.LastIndexByte(line, '\r'); at >= 0 {
		line = line[at+1:]
	}
	cutOff := 0
	if most := longestLine * 4; len(line) > most {
		cutOff = len(line)
		line = line[:most]
	}
	text := string(line)
	if strings.IndexByte(text, 0x1b) >= 0 {
		text = colours.ReplaceAllString(text, "")
	}
	if strings.IndexByte(text, '\t') >= 0 {
		text = expandTabs(text)
	}
	text = clean(text)
	if len(text) > longestLine && textWidth(text, false) > longestLine {
		cutOff = max(cutOff, len(line))
		text = head(text, longestLine, false)
	}
	if cutOff > 0 {
		text += fmt.Sprintf("… (line of %d bytes)", cutOff)
	}
	return text
}

func expandTabs(text string) string {
	var b strings.Builder
	at := 0
	for i, part := range strings.Split(text, "\t") {
		if i > 0 {
			n := 8 - at%8
			b.WriteString("        "[:n])
			at += n
		}
		part = clean(part)
		b.WriteString(part)
		at += textWidth(part, false)
	}
	return b.String()
}

// severity of a line: 0 for plain ones.
type severity uint8

const (
	severityNone severity = iota
	severityWarning
	severityError
)

var (
	errorSigns = [][]byte{
		[]byte("error:"), []byte("ERROR:"), []byte("Error:"), []byte(" *** "), []byte("fatal:"), []byte("FATAL:"),
		[]byte("Traceback (most recent call last)"), []byte("undefined reference to"), []byte("Bad exit status"),
		[]byte("BuildError"), []byte("RPM build errors"), []byte("No matching package to install"),
	}
	warningSigns = [][]byte{[]byte("warning:"), []byte("WARNING:"), []byte("Warning:")}
)

func severityOf(line []byte) severity {
	for _, sign := range errorSigns {
		if bytes.Contains(line, sign) {
			return severityError
		}
	}
	for _, sign := range warningSigns {
		if bytes.Contains(line, sign) {
			return severityWarning
		}
	}
	return severityNone
}
