package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// comparing reports whether another moment than now was chosen.
func (v *tagView) comparing() bool { return v.at < len(v.history.events) }

// then is the event of the state that now is compared with: the one before
// the event that the slider stands at. 0 is now.
func (v *tagView) then() int64 {
	switch {
	case !v.comparing():
		return 0
	case v.at == 0:
		return v.history.events[0].id - 1
	}
	return v.history.events[v.at-1].id
}

// thenTime is when that was.
func (v *tagView) thenTime() float64 {
	switch {
	case !v.comparing():
		return v.e.clock()
	case v.at == 0:
		return v.history.events[0].ts
	}
	return v.history.events[v.at-1].ts
}

// shownEvent is the event whose state the tabs show.
func (v *tagView) shownEvent() int64 {
	if v.back {
		return v.then()
	}
	return 0
}

// moment is the tag at an event, as far as it is known.
func (v *tagView) moment(event int64) *tagMoment {
	m := v.moments[event]
	if m == nil {
		m = &tagMoment{event: event}
	}
	return m
}

// sliderRests says that the slider wasn't moved for a while.
type sliderRests int

// sliderPause is how long the slider must stand before lists are asked for.
const sliderPause = 150 * time.Millisecond

// slide moves the slider by events, into the past if n is negative.
func (v *tagView) slide(n int) tea.Cmd {
	v.moved++
	if v.history.to == 0 || v.at+n < 0 && v.past.more {
		v.steps, v.askedErr = max(v.steps-n, 0), nil // whoever asks again wants it tried again
		return v.ask()
	}
	v.at = min(max(v.at+n, 0), len(v.history.events))
	if v.at == len(v.history.events) {
		v.back = false
	} else {
		v.past.choose(pastKey(v.history.events[v.at].id, 0)) // the first change since then
	}
	v.layout()
	return v.c.wakeAfter(sliderPause, sliderRests(v.moved))
}

// slideDay moves the slider by a day.
func (v *tagView) slideDay(days int) tea.Cmd {
	if v.history.to == 0 {
		return v.slide(-1)
	}
	wanted := v.thenTime() + float64(days)*24*3600
	at, _ := slices.BinarySearchFunc(v.history.events, wanted, func(e tagEvent, ts float64) int {
		if e.ts <= ts {
			return -1
		}
		return 1
	})
	n := at - v.at
	switch { // at least one event
	case days < 0:
		n = min(n, -1)
	default:
		n = max(n, 1)
	}
	return v.slide(n)
}

// drawSlider shows where then is on the tag's time line, and how much has
// changed when.
func (v *tagView) drawSlider(c *Canvas) {
	now, ts := v.e.clock(), v.thenTime()
	y := 0
	if c.h > 2 {
		c.at(0, 1).rule("then and now", c.w-2)
		y = 1
	}
	then := fmt.Sprintf("event %s · %s", thousands(v.then()), dayTime(ts, now, v.e.loc, 17))
	if v.at == 0 {
		then = fmt.Sprintf("before event %s · %s", thousands(v.then()+1), dayTime(ts, now, v.e.loc, 17))
	}
	p := c.at(y, 1).put(roleDim, "then ").put(roleDim, v.e.sign(mark{"◂ ", "< ", roleDim}))
	ro, other := roleText, roleDim
	if v.back {
		ro, other = roleBold, roleText
	}
	p.put(ro, then).put(roleDim, v.e.sign(mark{" ▸", " >", roleDim}))
	if right := v.nowText(); p.x+c.width(right) < c.w-2 {
		c.at(y, c.w-1-c.width(right)).put(other, right)
	}
	if c.h == 2 {
		c.at(1, 1).fit(roleDim, v.changeText(), c.w-2)
		return
	}
	from := dayTime(v.history.begin(), now, v.e.loc, 6)
	cells := c.w - 14
	at := v.history.cellOf(ts, cells)
	p = c.at(2, 1).right(roleDim, from, 6).put(roleFrame, "├")
	p.put(roleFrame, strings.Repeat("─", at)).put(roleWarn, "●").put(roleRun, strings.Repeat("═", max(cells-at-1, 0)))
	p.put(roleText, "●").put(roleDim, " now")
	p = c.at(3, 8)
	rates := v.history.perCell(cells)
	top := 0
	for _, n := range rates {
		top = max(top, n)
	}
	for _, n := range rates {
		p.put(roleDim, v.e.sign(rateMark(n, top)))
	}
	c.at(4, 1).fit(roleDim, v.changeText(), c.w-2)
}

func (v *tagView) nowText() string {
	text := "now"
	if n := len(v.history.events); n > 0 {
		last := v.history.events[n-1]
		text = fmt.Sprintf("now event %s · %s", thousands(last.id), dayTime(last.ts, v.e.clock(), v.e.loc, 17))
	}
	return text
}

// changeText says how much was changed between then and now.
func (v *tagView) changeText() string {
	events := v.history.events[min(v.at, len(v.history.events)):]
	changes := 0
	for _, e := range events {
		changes += len(e.changes)
	}
	return fmt.Sprintf("%s since then, at %s", counting(changes, "change"), counting(len(events), "event"))
}

// counting is a number with its noun.
func counting(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(int64(n)) + " " + noun
}

// rateMark is a bar as high as n is of the most.
func rateMark(n, most int) mark {
	if n == 0 || most == 0 {
		return mark{" ", " ", roleDim}
	}
	level := (n*8 + most - 1) / most
	return mark{string([]rune("▁▂▃▄▅▆▇█")[level-1]), string("..::++##"[level-1]), roleDim}
}
