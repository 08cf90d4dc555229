package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// drawHeader is the first line: the places, or where one is in one of them,
// the profile and the time.
func (r *root) drawHeader(c *Canvas) {
	form := "15:04"
	if c.w >= 80 && r.tickFast {
		form = "15:04:05"
	}
	room := r.drawHubs(c, r.e.now().In(r.e.loc).Format(form))
	p := c.at(0, 1)
	if len(r.views()) == 1 && r.placesWidth(c) <= room {
		for i, pl := range r.places {
			ro := roleDim
			if i == r.at {
				ro = roleBold
			}
			name := fmt.Sprintf("%d %s", pl.number, pl.name)
			c.clickable(0, p.x, c.width(name), func() tea.Cmd { return r.goTo(pl.number) })
			p.put(ro, name).skip(2)
		}
		return
	}
	var titles []string
	for _, v := range r.views() {
		titles = append(titles, v.title()...)
	}
	if len(titles) == 1 && len(r.places) > 1 {
		titles[0] += " " + r.e.sign(markOpen) // the digits go to the others
	}
	titles = slices.Compact(titles) // a task's log stands below the task anyway
	// The last title matters most: what doesn't fit goes at the front.
	if last := len(titles) - 1; last > 0 {
		if left := room - c.width(strings.Join(titles[:last], " › ")) - 3; left >= c.w/2 {
			titles[last] = shortenLabel(titles[last], left, c.ascii)
		}
	}
	for len(titles) > 1 && c.width(strings.Join(titles, " › ")) > room {
		titles = titles[1:]
	}
	p.fit(roleBold, strings.Join(titles, " › "), room)
}

// drawHubs writes the hubs that are open and the time at the right, and gives
// the room that is left before them. Where there is no room for all hubs, the
// shown one stands with how many more there are.
func (r *root) drawHubs(c *Canvas, clock string) int {
	name := func(t *tab) string {
		switch {
		case t == r.tab && (len(r.tabs) > 1 || len(r.hubs.known) > 1):
			return t.e.profile + " " + r.e.sign(markOpen)
		case t.e.lost():
			return t.e.profile + " " + r.e.sign(markLost)
		}
		return t.e.profile
	}
	shown, all := r.tabs, ""
	for _, t := range r.tabs {
		all += name(t) + "   "
	}
	more := ""
	if c.width(all) > c.w/3 && len(r.tabs) > 1 {
		shown, more = []*tab{r.tab}, fmt.Sprintf(" +%d", len(r.tabs)-1)
		all = name(r.tab) + more + "   "
	}
	x := max(c.w-1-c.width(clock)-1-max(c.width(all)-3, 0), 0)
	p := c.at(0, x)
	for i, t := range shown {
		if i > 0 {
			p.skip(3)
		}
		ro := roleDim
		if t == r.tab && len(r.tabs) > 1 {
			ro = roleBold
		}
		c.clickable(0, p.x, c.width(name(t)), func() tea.Cmd { return r.clickHub(t) })
		p.put(ro, name(t))
	}
	p.put(roleDim, more).skip(1).put(roleDim, clock)
	return max(x-3, 0)
}

// clickHub shows a hub, or the list of them if it is shown.
func (r *root) clickHub(t *tab) tea.Cmd {
	if t == r.tab {
		r.openHubList()
		return nil
	}
	return r.show(t)
}

// placesWidth is how many cells the places take.
func (r *root) placesWidth(c *Canvas) int {
	n := -2
	for _, pl := range r.places {
		n += 4 + c.width(pl.name)
	}
	return n
}

// drawBanner tells of a lost hub on the view's first line.
func (r *root) drawBanner(c *Canvas) {
	l := r.e.link
	line := c.rect(0, 0, c.w, 1)
	line.clear()
	now := r.e.now()
	text := fmt.Sprintf("%s %s lost since %s (%s): %s", r.e.sign(markLost), r.e.profile,
		l.lost.In(r.e.loc).Format("15:04:05"), span(now.Sub(l.lost).Seconds()), l.reason)
	again := fmt.Sprintf(" · again in %d s · R now", max(int(l.next.Sub(now).Seconds()+0.999), 0))
	room := c.w - 2 - c.width(again)
	p := line.at(0, 1).put(roleFail, cut(text, room, c.ascii))
	p.put(roleWarn, again)
}

func (r *root) drawFooter(c *Canvas) {
	y := c.h - 2
	p := c.at(y, 1).put(roleDim, r.e.profile+" · ")
	r.drawLink(p)
	user := "anonymous"
	if r.e.me.name != "" {
		user = r.e.me.name
	}
	if len(r.e.me.perms) > 0 && c.w >= 120 {
		user += " (" + strings.Join(r.e.me.perms, ", ") + ")"
	}
	p.put(roleDim, " · "+cut(user, c.w/3, c.ascii))
	right := ""
	if !r.pointer.on {
		p.put(roleDim, " · mouse off")
	}
	if s := r.top().status(); s != "" {
		right = s
	} else {
		n := r.e.meter.perMinute(r.e.now())
		right = fmt.Sprintf("%d calls/min", n)
		if n == 1 {
			right = "1 call/min"
		}
		if open := r.e.store.open(); c.w >= 120 {
			right = fmt.Sprintf("%d %s open · %s", open, plural(open, "task", "tasks"), right)
		}
	}
	if busy := r.busy(); busy != "" {
		right = busy + "  " + right
	}
	right = cut(right, max(c.w-2-p.x, 0), c.ascii)
	c.at(y, c.w-1-c.width(right)).put(roleDim, right)
	r.drawKeys(c.at(c.h-1, 1))
}

// busy is the spinner, once calls have been under way for a while.
func (r *root) busy() string {
	if r.e.pending == 0 {
		return ""
	}
	since := r.e.now().Sub(r.e.busySince)
	if since < spinAfter {
		return ""
	}
	sign := []string{"|", "/", "-", "\\"}[int(since/spinEvery)%4]
	switch {
	case since > 10*time.Second:
		return sign + " slow hub, esc leaves"
	case since > 2*time.Second:
		return sign + " asking, esc leaves"
	}
	return sign + " esc leaves"
}

// heardText is when the hub was heard last. A stream that is silent for a
// minute is lost, so one that isn't has at least given a sign since.
func heardText(since time.Duration) string {
	if since > time.Minute {
		return "quiet"
	}
	return ago(since.Seconds())
}

func (r *root) drawLink(p *pen) {
	l := r.e.link
	now := r.e.now()
	put := func(m mark, text string) { p.put(m.role, r.e.sign(m)+" "+text) }
	switch {
	case r.e.lost():
		was := " · was poll"
		switch {
		case l.stream:
			was = " · was stream"
		case l.heard.IsZero():
			was = ""
		}
		put(markLost, fmt.Sprintf("lost %s%s · attempt %d", span(now.Sub(l.lost).Seconds()), was, l.tries))
	case !l.up:
		p.put(roleWait, "connecting")
	case l.stream:
		if p.c.w >= 80 {
			p.put(roleDim, "hubd · ") // no other hub has one
		}
		put(markStream, "stream, "+heardText(now.Sub(l.heard)))
	default:
		put(markPoll, fmt.Sprintf("poll %d s, %s", int(l.every.Seconds()), ago(now.Sub(l.heard).Seconds())))
	}
}

// footerKeys are what the last line shows, by importance.
var footerKeys = []action{
	actOpen, actLog, actFilter, actSearch, actNextError, actNextTab, actAct, actSort, actMark, actCopy, actFold, actFollow,
	actWrap, actOtherLog, actScope, actCompare, actToTag, actSwap, actPrevPart, actNextPart, actPane, actBack,
}

// hinter is a view that takes text and says which keys do what meanwhile.
type hinter interface{ hint() string }

func (r *root) drawKeys(p *pen) {
	if r.e.notice != "" {
		p.fit(r.e.noticeRole, r.e.notice, p.c.w-2)
		return
	}
	if r.e.over != nil {
		p.fit(roleDim, r.e.over.hint(), p.c.w-2)
		return
	}
	known := r.top().keys()
	if r.top().typing() {
		hint := "↵ keep · esc drop"
		if v, ok := r.top().(hinter); ok {
			hint = v.hint()
		}
		p.fit(roleDim, hint, p.c.w-2)
		return
	}
	room := func(a action) int {
		h := r.e.keyMap.get(a).Help()
		return p.c.width(h.Key + " " + h.Desc)
	}
	end := p.c.w - 1 - room(actPalette) - 2 - room(actHelp)
	for _, a := range footerKeys {
		if a == actBack && len(r.views()) == 1 && r.at == 0 || !slices.Contains(known, a) && !always(a) {
			continue
		}
		h := r.e.keyMap.get(a).Help()
		if p.x+room(a)+2 > end {
			continue
		}
		p.put(roleLink, h.Key).put(roleDim, " "+h.Desc).skip(2)
	}
	for _, a := range []action{actPalette, actHelp} {
		h := r.e.keyMap.get(a).Help()
		p.put(roleLink, h.Key).put(roleDim, " "+h.Desc).skip(2)
	}
}
