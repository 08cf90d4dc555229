package tui

import (
	"bytes"
	"fmt"
	"slices"
)

// phaseOf is the name of the phase that a line begins, "" if it begins none:
// rpm's scripts and its list of errors, mock's steps and its end.
func phaseOf(line []byte) string {
	for _, p := range phaseSigns {
		rest, ok := bytes.CutPrefix(line, p.sign)
		if !ok {
			continue
		}
		if p.name != "" {
			return p.name
		}
		if p.end != "" {
			if rest, _, ok = bytes.Cut(rest, []byte(p.end)); !ok {
				continue
			}
		}
		const longest = 40
		if rest = bytes.TrimSpace(rest); len(rest) > 0 && len(rest) <= longest {
			return logText(rest)
		}
	}
	return ""
}

// phaseSigns are how lines that begin a phase begin; the phase has the given
// name, or else what follows up to end.
var phaseSigns = []struct {
	sign      []byte
	name, end string
}{
	{[]byte("Executing("), "", ")"},
	{[]byte("RPM build errors:"), "RPM build errors", ""},
	{[]byte("Child return code was:"), "mock exit", ""},
	{[]byte("Start: "), "", ""},
	{[]byte("Checking for unpackaged file(s):"), "files", ""},
}

// phase is a part of the window: lines from first up to end.
type phase struct {
	name       string
	first, end int
	key        int64 // the place in the file where it begins
	open       bool  // the window doesn't hold its end
}

// phases are the phases in the window. Those before the first sign are init,
// if the file's beginning is there, else lines of a phase whose name isn't known.
func (p *logPane) phases() []phase {
	var list []phase
	heads := p.win.heads
	if len(p.win.lines) > 0 && p.win.start == 0 && len(heads) > 0 && heads[0].line > 0 {
		list = append(list, phase{name: "init"})
	}
	for _, h := range heads {
		list = append(list, phase{name: h.name, first: h.line, key: p.win.offset(h.line)})
	}
	for i := range list {
		list[i].end = len(p.win.lines)
		if i+1 < len(list) {
			list[i].end = list[i+1].first
		} else {
			list[i].open = !(p.final && p.win.end() >= p.size)
		}
	}
	return list
}

// phaseAt is the phase of a line.
func (p *logPane) phaseAt(line int) (phase, bool) {
	for _, ph := range slices.Backward(p.phases()) {
		if ph.first <= line {
			return ph, true
		}
	}
	return phase{}, false
}

// hide says which lines aren't shown since their phase is folded.
func (p *logPane) hide() {
	p.hidden = p.hidden[:0]
	for _, ph := range p.phases() {
		if p.folded[ph.key] && ph.end > ph.first+1 {
			p.hidden = append(p.hidden, [2]int{ph.first + 1, ph.end})
		}
	}
}

// shown is the nearest line that is shown, at or before one.
func (p *logPane) shown(line int) int {
	for _, h := range p.hidden {
		if line >= h[0] && line < h[1] {
			return h[0] - 1
		}
	}
	return line
}

// next is the shown line that follows.
func (p *logPane) next(line int) int {
	line++
	for _, h := range p.hidden {
		if line >= h[0] && line < h[1] {
			return h[1]
		}
	}
	return line
}

// foldFinished folds what has been gone through without an error when a log is
// opened: what one looks for is in the phase that runs, or that failed.
func (p *logPane) foldFinished() {
	list := p.phases()
	for i, ph := range list {
		if i+1 == len(list) || ph.end-ph.first < 2 {
			continue
		}
		clean := true
		for line := ph.first; line < ph.end && clean; line++ {
			clean = severityOf(p.win.line(line)) != severityError
		}
		if clean {
			p.folded[ph.key] = true
		}
	}
	p.hide()
}

// foldPhase folds or unfolds the phase at the top of the screen, or that of
// the marked line.
func (p *logPane) foldPhase() {
	line := p.top
	if p.mark >= 0 {
		line = p.mark
	}
	ph, ok := p.phaseAt(line)
	if !ok {
		p.e.tell(roleWarn, "no phase is known here")
		return
	}
	p.setFold(ph, !p.folded[ph.key])
}

func (p *logPane) setFold(ph phase, fold bool) {
	if fold {
		p.folded[ph.key] = true
	} else {
		delete(p.folded, ph.key)
	}
	p.hide()
	if fold && p.mark >= ph.first && p.mark < ph.end {
		p.mark = ph.first
	}
	p.setTop(p.shown(p.top))
}

// foldAll folds all phases, or unfolds them if all are folded.
func (p *logPane) foldAll() {
	list := p.phases()
	if len(list) == 0 {
		p.e.tell(roleWarn, "the log has no phases")
		return
	}
	all := true
	for _, ph := range list {
		all = all && (p.folded[ph.key] || ph.end-ph.first < 2)
	}
	top := p.win.offset(p.top)
	for _, ph := range list {
		p.folded[ph.key] = !all
	}
	p.hide()
	p.setTop(p.shown(max(p.win.lineAt(top), 0)))
}

// unfold shows a line that was hidden.
func (p *logPane) unfold(line int) {
	if p.shown(line) == line {
		return
	}
	if ph, ok := p.phaseAt(line); ok {
		delete(p.folded, ph.key)
		p.hide()
	}
}

// phaseText is where a phase stands, by the numbers of its lines.
func (p *logPane) phaseText(ph phase) string {
	if p.win.first < 0 {
		if ph.open {
			return ""
		}
		return fmt.Sprintf("%s lines", thousands(int64(ph.end-ph.first)))
	}
	from := thousands(p.win.first + int64(ph.first) + 1)
	if ph.open {
		return from + "–"
	}
	return from + "–" + thousands(p.win.first+int64(ph.end))
}
