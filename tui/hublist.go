package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/safetext"
	"koji/profiles"
)

// hubs are the hubs that can be gone to, besides those that are open.
type hubs struct {
	known []profiles.Entry
	// open gives a profile's hub; nil if only the first hub is known.
	open func(ctx context.Context, name string) (Hub, error)
	make func(h Hub) (*tab, error)
	run  func(t *tab) // has the tab's feed run
}

// hubOpened is the end of opening a hub.
type hubOpened struct {
	name    string
	hub     Hub
	instead *tab // of which it is opened, nil: beside it
	err     error
}

// openHub shows a hub: the tab that has it open, else a new one, beside the
// one that is shown or instead of it.
func (r *root) openHub(name string, beside bool) tea.Cmd {
	for _, t := range r.tabs {
		if t.e.profile == name {
			return r.show(t)
		}
	}
	if r.hubs.open == nil {
		r.e.tell(roleWarn, r.e.sign(markOff)+" only this hub is known")
		return nil
	}
	var instead *tab
	if !beside {
		instead = r.tab
	}
	r.e.tell(roleDim, "opening "+name+"…")
	open, ctx := r.hubs.open, r.ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		h, err := open(ctx, name)
		return hubOpened{name, h, instead, err}
	}
}

// hubNames are the profiles that can be gone to, without the shown one.
func (r *root) hubNames() []string {
	var names []string
	for _, k := range r.hubs.known {
		if name := safetext.Clean(k.Name); name != r.e.profile {
			names = append(names, name)
		}
	}
	return names
}

// hubIsOpen takes in a hub that was opened.
func (r *root) hubIsOpen(m hubOpened) tea.Cmd {
	if m.err != nil {
		r.e.tell(roleFail, fmt.Sprintf("%s %s: %s", r.e.sign(markOff), m.name, errorText(m.err)))
		return nil
	}
	t, err := r.hubs.make(m.hub)
	if err != nil {
		r.e.tell(roleFail, r.e.sign(markOff)+" "+errorText(err))
		return nil
	}
	t.e.version, t.e.clipboard, t.e.copyFile, t.e.loc = r.e.version, r.e.clipboard, r.e.copyFile, r.e.loc
	r.tabs = append(r.tabs, t)
	t.resize(r.w, max(r.h-3, 0))
	r.hubs.run(t)
	cmds := []tea.Cmd{t.begin(), r.show(t)}
	if m.instead != nil {
		cmds = append(cmds, r.closeTab(m.instead))
	}
	return tea.Batch(cmds...)
}

// show shows a tab.
func (r *root) show(t *tab) tea.Cmd {
	r.e.over = nil
	r.tab = t
	return t.reopen()
}

// closeTab closes a tab, but not the last.
func (r *root) closeTab(t *tab) tea.Cmd {
	at := slices.Index(r.tabs, t)
	if at < 0 || len(r.tabs) == 1 {
		r.e.tell(roleWarn, r.e.sign(markOff)+" the last hub stays open; q leaves")
		return nil
	}
	t.keeping.due = time.Time{}
	kept := t.keepInTime()
	t.close()
	r.tabs = slices.Delete(r.tabs, at, at+1)
	if r.tab != t {
		return kept
	}
	return tea.Batch(kept, r.show(r.tabs[max(at-1, 0)]))
}

// turn shows the next tab, or the one before.
func (r *root) turn(by int) tea.Cmd {
	at := slices.Index(r.tabs, r.tab)
	return r.show(r.tabs[(at+by+len(r.tabs))%len(r.tabs)])
}

// hubList is the list of profiles to switch to.
type hubList struct {
	r      *root
	rows   []hubRow
	at     int
	edit   lineEdit
	filter string
}

// hubRow is a profile with its tab, if it is open.
type hubRow struct {
	name, server string
	tab          *tab
}

// openHubList lists the profiles in the order of the files.
func (r *root) openHubList() {
	l := &hubList{r: r, edit: newLineEdit()}
	l.list()
	for i, row := range l.rows {
		if row.tab == r.tab {
			l.at = i
		}
	}
	r.e.over = l
}

func (l *hubList) list() {
	l.rows = nil
	fits := func(name string) bool { _, ok := fuzzy(l.filter, name); return ok }
	open := map[string]*tab{}
	for _, t := range l.r.tabs {
		open[t.e.profile] = t
	}
	for _, k := range l.r.hubs.known {
		name := safetext.Clean(k.Name)
		if fits(name) {
			l.rows = append(l.rows, hubRow{name, safetext.Clean(k.Server), open[name]})
		}
		delete(open, name)
	}
	for _, t := range l.r.tabs { // what the command line alone tells of
		if open[t.e.profile] == t && fits(t.e.profile) {
			l.rows = append(l.rows, hubRow{t.e.profile, t.e.server, t})
		}
	}
	l.at = max(0, min(l.at, len(l.rows)-1))
}

func (l *hubList) typing() bool    { return l.edit.active }
func (l *hubList) command() string { return "" }
func (l *hubList) hint() string {
	return "↵ switch · t open as tab · x close tab · / filter · esc leaves"
}

func (l *hubList) key(k tea.KeyMsg) (tea.Cmd, bool) {
	name := k.String()
	switch {
	case k.Type == tea.KeyDown, name == "j" && !l.typing():
		l.at = min(l.at+1, len(l.rows)-1)
		return nil, false
	case k.Type == tea.KeyUp, name == "k" && !l.typing():
		l.at = max(l.at-1, 0)
		return nil, false
	case k.Type == tea.KeyEnter:
		return l.open(l.at, false), true
	case l.typing():
		if l.edit.key(k) {
			l.filter = l.edit.value()
			l.list()
		}
		return nil, false
	case name == "/":
		l.edit.open(l.filter)
	case name == "t":
		return l.open(l.at, true), true
	case name == "x":
		return l.close(), false
	case len(name) == 1 && name[0] >= '1' && name[0] <= '9':
		return l.open(int(name[0]-'1'), false), true
	}
	return nil, false
}

func (l *hubList) open(i int, beside bool) tea.Cmd {
	if i < 0 || i >= len(l.rows) {
		return nil
	}
	if t := l.rows[i].tab; t != nil {
		return l.r.show(t)
	}
	return l.r.openHub(l.rows[i].name, beside)
}

// close closes the tab of the chosen row.
func (l *hubList) close() tea.Cmd {
	if l.at >= len(l.rows) || l.rows[l.at].tab == nil {
		return nil
	}
	cmd := l.r.closeTab(l.rows[l.at].tab)
	l.list()
	return cmd
}

func (l *hubList) draw(c *Canvas) {
	names, servers, states := 0, 0, 0
	for _, row := range l.rows {
		_, _, state := l.state(row)
		names, servers, states = max(names, c.width(row.name)), max(servers, c.width(row.server)), max(states, c.width(state))
	}
	w := min(max(6+names+2+servers+2+states+2, c.width(l.hint())+4), c.w-2)
	servers = max(w-(6+names+2+2+states+2), 10)
	box := c.box("profiles", w, len(l.rows)+5)
	p := box.at(1, 2).put(roleDim, "/ ")
	if l.typing() {
		l.edit.draw(p, w-6)
	} else {
		p.put(roleText, l.filter)
	}
	if len(l.rows) == 0 {
		box.at(2, 2).put(roleDim, "nothing fits")
	}
	top := max(0, l.at-(box.h-5))
	for y := 2; y < box.h-2 && top+y-2 < len(l.rows); y++ {
		i := top + y - 2
		row := l.rows[i]
		if i == l.at {
			box.at(y, 1).put(roleText, l.r.e.sign(markSelect))
		}
		number := " "
		if i < 9 {
			number = fmt.Sprint(i + 1)
		}
		m, ro, state := l.state(row)
		box.at(y, 2).put(roleLink, number).skip(1).fit(roleText, row.name, names).skip(2).
			fit(roleDim, strings.TrimPrefix(row.server, "https://"), servers).skip(2).upTo(ro, strings.TrimSpace(m+" "+state), w-1)
	}
	box.at(box.h-2, 2).fit(roleDim, l.hint(), w-4)
}

// state is how a hub stands.
func (l *hubList) state(row hubRow) (sign string, ro role, text string) {
	if row.tab == nil {
		return "", roleDim, "not opened"
	}
	e := row.tab.e
	user := e.me.name
	if user == "" {
		user = "anon"
	}
	switch {
	case e.lost():
		return e.sign(markLost), roleFail, "lost " + span(e.now().Sub(e.link.lost).Seconds())
	case !e.link.up:
		return "", roleWait, "connecting"
	case e.link.stream:
		return e.sign(markStream), roleDone, "stream  " + user
	}
	return e.sign(markPoll), roleWait, fmt.Sprintf("poll %d s  %s", int(e.link.every.Seconds()), user)
}
