package tui

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"koji/internal/lazyregexp"
)

// logWindow is a contiguous part of a log that was fetched, by lines.
type logWindow struct {
	start  int64 // where data stands in the file
	data   []byte
	lines  []int       // where lines begin in data, ascending
	ragged bool        // data begins within a line
	first  int64       // the number of the first line, counted from 0; -1 if unknown
	heads  []phaseHead // lines with which phases begin, ascending
}

// phaseHead is a line with which a phase begins.
type phaseHead struct {
	line int
	name string
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
	w.findHeads(0)
}

// findHeads looks for the beginnings of phases from a line on.
func (w *logWindow) findHeads(from int) {
	for len(w.heads) > 0 && w.heads[len(w.heads)-1].line >= from {
		w.heads = w.heads[:len(w.heads)-1]
	}
	for i := from; i < len(w.lines); i++ {
		if name := phaseOf(w.line(i)); name != "" {
			w.heads = append(w.heads, phaseHead{i, name})
		}
	}
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
	was := len(w.lines)
	w.data = append(w.data, data...)
	w.lines = append(w.lines, more...)
	w.findHeads(max(was-1, 0)) // what was the last line may have been half of one
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
	joined := !whole && len(w.lines) > 0
	added := len(lines) - len(w.lines)
	heads := front.heads
	for _, h := range w.heads {
		if h.line > 0 || whole {
			heads = append(heads, phaseHead{h.line + added, h.name})
		}
	}
	w.data, w.heads = append(front.data, w.data...), heads
	w.lines, w.start, w.ragged, w.first = lines, front.start, front.ragged, front.first
	if joined {
		w.refreshHead(len(front.heads), added)
	}
	return added
}

// refreshHead looks again whether a line that was joined begins a phase; at is
// its place among the heads.
func (w *logWindow) refreshHead(at, line int) {
	if at > 0 && w.heads[at-1].line == line {
		at--
		w.heads = slices.Delete(w.heads, at, at+1)
	}
	if name := phaseOf(w.line(line)); name != "" {
		w.heads = slices.Insert(w.heads, at, phaseHead{line, name})
	}
}

// trimFront lets lines go until at most left bytes are there, if there are
// more than limit, and gives how many.
func (w *logWindow) trimFront(limit, left int) int {
	if len(w.data) <= limit {
		return 0
	}
	over := len(w.data) - left
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
	gone := 0
	for gone < len(w.heads) && w.heads[gone].line < n {
		gone++
	}
	w.heads = slices.Clone(w.heads[gone:])
	for i := range w.heads {
		w.heads[i].line -= n
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
	n, exact := slices.BinarySearch(w.lines, limit)
	if !exact {
		n--
	}
	if n <= 0 {
		return
	}
	w.data = slices.Clone(w.data[:w.lines[n]])
	w.lines = w.lines[:n]
	for len(w.heads) > 0 && w.heads[len(w.heads)-1].line >= n {
		w.heads = w.heads[:len(w.heads)-1]
	}
}

// offset is where a line begins in the file; one behind the last is the end.
func (w *logWindow) offset(line int) int64 {
	if line < len(w.lines) {
		return w.start + int64(w.lines[line])
	}
	return w.end()
}

// lineAt is the line that holds a place of the file, -1 if it isn't in the window.
func (w *logWindow) lineAt(offset int64) int {
	if offset < w.start || offset >= w.end() {
		return -1
	}
	n, found := slices.BinarySearch(w.lines, int(offset-w.start))
	if !found {
		n--
	}
	return n
}

// longestLine is how much of a line is shown, in cells.
const longestLine = 10000

var colours = lazyregexp.New(`\x1b\[[0-9;:]*m`)

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
		text = colours().ReplaceAllString(text, "")
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
