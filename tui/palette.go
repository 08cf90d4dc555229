package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// palette is all that can be done, found by a few of its letters.
type palette struct {
	r    *root
	all  []command
	hits []command
	edit lineEdit
	at   int

	offered int // hits that complete a name
}

// command is a thing of the palette.
type command struct {
	name  string
	key   string // that does the same
	about string
	why   string // why it is off, "" if it isn't
	do    func() tea.Cmd
}

func (r *root) openPalette() {
	p := &palette{r: r, all: r.commands(), edit: newLineEdit()}
	p.edit.open("")
	p.match()
	r.e.over = p
}

// commands are all there are: deeds, keys, places, hubs, what can be copied,
// and settings.
func (r *root) commands() []command {
	var list []command
	v := r.top()
	for _, d := range r.allDeeds() {
		list = append(list, command{name: strings.TrimSuffix(d.name, "…"), key: strings.TrimSpace("a " + d.key), about: d.about, why: d.why, do: d.begin})
	}
	for _, c := range v.clips() {
		list = append(list, command{name: "copy " + c.name, key: "y " + c.key, about: c.text, do: func() tea.Cmd { return r.e.copyText(c.name, c.text) }})
	}
	for _, p := range r.places {
		list = append(list, command{name: "go to " + p.name, key: fmt.Sprint(p.number), do: func() tea.Cmd { return r.goTo(p.number) }})
	}
	for _, h := range r.hubNames() {
		list = append(list, command{name: "hub " + h, key: "p", do: func() tea.Cmd { return r.openHub(h, true) }})
	}
	for _, b := range r.e.keyMap.rows(v.keys()) {
		if b.act != actPlace && b.act != actPalette && b.act != actEscape {
			list = append(list, command{name: b.Help().Desc, key: b.Help().Key, about: b.long, do: func() tea.Cmd { return r.act(b.act) }})
		}
	}
	if c, ok := v.(commander); ok {
		list = append(list, c.commands()...)
	}
	return append(list, r.settings()...)
}

// commander is a view with commands that have no key.
type commander interface{ commands() []command }

// liner is a view of numbered lines, to any of which one can go.
type liner interface{ toLine(n int64) tea.Cmd }

// settings are what is only in the palette.
func (r *root) settings() []command {
	list := []command{
		{name: "history", about: "what was done, as commands", do: func() tea.Cmd { return r.push(newHistoryView(r.e)) }},
	}
	for _, name := range []string{"dark", "light", "16", "none"} {
		list = append(list, command{name: "theme " + name, about: "colours", do: func() tea.Cmd { r.retheme(name); return nil }})
	}
	for _, name := range []string{"unicode", "ascii"} {
		list = append(list, command{name: "mark-" + name, about: "signs", do: func() tea.Cmd { r.retheme(name); return nil }})
	}
	return list
}

// match finds what fits the text: the best first, of those as good what was
// used last.
func (p *palette) match() {
	text := strings.TrimSpace(p.edit.value())
	type scored struct {
		command
		score int
	}
	var hits []scored
	for _, c := range p.all {
		score, ok := fuzzy(text, c.name)
		if !ok {
			score, ok = -100, strings.Contains(strings.ToLower(c.about), strings.ToLower(text))
		}
		if ok {
			hits = append(hits, scored{c, score})
		}
	}
	used := p.r.e.kept.Used
	slices.SortStableFunc(hits, func(a, b scored) int {
		if text == "" {
			return 0
		}
		return cmp.Or(b.score-a.score, cmp.Compare(used[b.name], used[a.name]), strings.Compare(a.name, b.name))
	})
	p.hits = p.hits[:0]
	p.hits = append(p.hits, p.r.named(text)...)
	p.offered = len(p.hits)
	for _, h := range hits {
		p.hits = append(p.hits, h.command)
	}
	p.at = 0
}

func (p *palette) typing() bool    { return true }
func (p *palette) command() string { return "" }
func (p *palette) hint() string    { return "↵ do · ⇥ complete · ↑↓ choose · esc leaves" }

func (p *palette) key(k tea.KeyMsg) (tea.Cmd, bool) {
	switch k.Type {
	case tea.KeyDown, tea.KeyCtrlN:
		p.at = min(p.at+1, len(p.hits)-1)
	case tea.KeyUp, tea.KeyCtrlP:
		p.at = max(p.at-1, 0)
	case tea.KeyTab:
		if p.at >= 0 && p.at < len(p.hits) {
			p.edit.open(p.hits[p.at].name)
			p.match()
		}
	case tea.KeyEnter:
		if p.at < 0 || p.at >= len(p.hits) {
			return nil, false
		}
		return p.do(p.hits[p.at])
	default:
		if p.edit.key(k) {
			p.match()
			return p.r.fetchNamed(p.edit.value()), false
		}
	}
	return nil, false
}

// renew takes in names that have come to complete from.
func (p *palette) renew() {
	if n := len(p.r.named(p.edit.value())); n != p.offered {
		p.match()
	}
}

func (p *palette) do(c command) (tea.Cmd, bool) {
	if c.why != "" {
		p.r.e.tell(roleWarn, fmt.Sprintf("%s %s: %s", p.r.e.sign(markOff), c.name, c.why))
		return nil, false
	}
	p.r.e.kept.Used[c.name] = p.r.e.now().Unix()
	p.r.e.over = nil
	return c.do(), false
}

func (p *palette) draw(c *Canvas) {
	box := c.box("palette", min(78, c.w-4), min(len(p.all)+6, c.h-2))
	count := fmt.Sprintf("%d of %d", len(p.hits), len(p.all))
	p.edit.draw(box.at(1, 2).put(roleDim, ": "), box.w-8-box.width(count))
	box.at(1, box.w-2-box.width(count)).put(roleDim, count)
	names, keys := 10, 5
	for _, h := range p.hits {
		names, keys = max(names, box.width(h.name)), max(keys, box.width(h.key))
	}
	names, keys = min(names, box.w/2), min(keys, 6)
	rows := box.h - 4
	top := max(0, p.at-rows+1)
	for y := range rows {
		i := top + y
		if i >= len(p.hits) {
			break
		}
		h := p.hits[i]
		ro, about := roleText, h.about
		if h.why != "" {
			ro, about = roleDim, p.r.e.sign(markOff)+" "+h.why
		}
		if i == p.at {
			box.at(3+y, 1).put(roleText, p.r.e.sign(markSelect))
		}
		box.at(3+y, 3).fit(ro, h.name, names).skip(1).fit(roleLink, h.key, keys).skip(1).upTo(roleDim, about, box.w-2)
		if i == p.at {
			box.rect(1, 3+y, box.w-2, 1).selectLine(0)
		}
	}
}

// retheme changes the colours or the signs while the UI runs.
func (r *root) retheme(word string) {
	t := r.e.theme
	switch word {
	case "unicode", "ascii":
		*t = *newTheme(t.colours, word == "ascii")
	default:
		*t = *newTheme(map[string]colourSet{"dark": paletteDark, "light": paletteLight, "16": palette16, "none": paletteNone}[word], t.ascii)
	}
}
