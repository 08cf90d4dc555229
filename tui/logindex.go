package tui

import (
	"bytes"
	"slices"
)

// logIndex is what is known of a log that was read from its beginning on, as
// far as that has gone: how many lines there are, where errors and warnings
// stand, and the place of every 256th line, from which lines get their numbers.
type logIndex struct {
	at     int64   // up to where it was read
	lines  int64   // complete ones
	began  int64   // where the line that is going on begins
	carry  []byte  // its beginning
	places []int64 // of line 0, 256, 512, …
	errors []int64 // where lines with an error begin
	warns  []int64
}

const (
	indexEvery   = 256
	indexSigns   = 100000  // errors that are remembered
	indexLongest = 4 << 10 // of a line, to tell what it is
)

// indexPart is what a piece of a log adds to its index.
type indexPart struct {
	from  int64
	index logIndex // at, lines, began and carry as they are afterwards; the rest is what is new
}

// read goes through data, which stands at the end of what was read. It leaves
// x as it was, so it may go on beside the UI.
func (x *logIndex) read(data []byte) indexPart {
	p := indexPart{from: x.at, index: logIndex{at: x.at + int64(len(data)), lines: x.lines}}
	carry, begin := slices.Clone(x.carry), x.began
	if x.at == 0 && len(data) > 0 {
		p.index.places = append(p.index.places, 0)
	}
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			p.index.began, p.index.carry = begin, withMost(carry, data[at:])
			return p
		}
		line := data[at : at+min(i, indexLongest)]
		if len(carry) > 0 {
			line = withMost(carry, line)
		}
		switch severityOf(line) {
		case severityError:
			p.index.errors = append(p.index.errors, begin)
		case severityWarning:
			p.index.warns = append(p.index.warns, begin)
		}
		carry = carry[:0]
		at += i + 1
		begin = x.at + int64(at)
		if p.index.lines++; p.index.lines%indexEvery == 0 {
			p.index.places = append(p.index.places, begin)
		}
	}
}

// withMost appends what there is room for in what is looked at of a line.
func withMost(line, more []byte) []byte {
	return append(line, more[:min(len(more), max(indexLongest-len(line), 0))]...)
}

// take brings in what was read, unless x has gone on by itself.
func (x *logIndex) take(p indexPart) {
	if p.from != x.at {
		return
	}
	x.at, x.lines, x.began, x.carry = p.index.at, p.index.lines, p.index.began, p.index.carry
	x.places = append(x.places, p.index.places...)
	x.errors = upToMost(x.errors, p.index.errors)
	x.warns = upToMost(x.warns, p.index.warns)
}

func upToMost(list, more []int64) []int64 {
	return append(list, more[:min(len(more), max(indexSigns-len(list), 0))]...)
}

// follow reads on in a window that holds what comes next.
func (x *logIndex) follow(w *logWindow) {
	if x.at >= w.start && x.at < w.end() {
		x.take(x.read(w.data[x.at-w.start:]))
	}
}

// number is the number of a window's first line, counted from 0; -1 if the
// index doesn't reach so far, or holds no place within the window.
func (x *logIndex) number(w *logWindow) int64 {
	n, _ := slices.BinarySearch(x.places, w.start)
	if n == len(x.places) || x.places[n] >= w.end() {
		return -1
	}
	line, found := slices.BinarySearch(w.lines, int(x.places[n]-w.start))
	if !found {
		return -1
	}
	return int64(n)*indexEvery - int64(line)
}

// whole reports whether all of a file of some size was read.
func (x *logIndex) whole(size int64) bool { return x.at >= size }
