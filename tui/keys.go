package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// action is what a key asks for. The same key means the same in every view.
type action int

const (
	actNone action = iota
	actDown
	actUp
	actLeft
	actRight
	actFirst
	actLast
	actHalfDown
	actHalfUp
	actPageDown
	actPageUp
	actOpen
	actLog
	actLogRight
	actFilter
	actSort
	actMark
	actPane
	actSearch
	actNextHit
	actPrevHit
	actNextError
	actPrevError
	actAside
	actFold
	actFoldDone
	actFollow
	actScope
	actWrap
	actNumbers
	actTogether
	actClean
	actOtherLog
	actNextTab
	actPrevTab
	actPrevPart
	actNextPart
	actPrevDay
	actNextDay
	actCompare
	actToTag
	actSwap
	actSave
	actAct
	actCopy
	actCopyCommand
	actPlace
	actProfile
	actPalette
	actRefresh
	actRedraw
	actMouse
	actSuspend
	actHelp
	actEscape
	actBack
	actQuit
)

// binding is a row of the key map: the keys, what they do, and how the footer
// and the help say it.
type binding struct {
	act action
	key.Binding
	long string
}

// keyMap is the one list of keys; the help and the footer are made from it.
type keyMap []binding

func newKeyMap() keyMap {
	bind := func(a action, keys, shown, short, long string) binding {
		return binding{act: a, Binding: key.NewBinding(key.WithKeys(keysOf(keys)...), key.WithHelp(shown, short)), long: long}
	}
	return keyMap{
		bind(actDown, "j down", "j ↓", "down", "next row or line"),
		bind(actUp, "k up", "k ↑", "up", "row or line before"),
		bind(actLeft, "h left", "h ←", "fold", "fold, or to the parent; in tables and logs 8 cells to the left"),
		bind(actRight, "right", "→", "unfold", "unfold; in logs 8 cells to the right"),
		bind(actOpen, "enter", "↵", "open", "open the selected"),
		bind(actLog, "l", "l", "log", "log of the selected"),
		bind(actAside, "l right", "l →", "aside", "8 cells to the right"),
		bind(actLogRight, "L", "L", "log right", "open a second log at the right"),
		bind(actFilter, "/", "/", "filter", "filter as you type: words, or st:failed own:NAME and the like; - before a word excludes"),
		bind(actSearch, "/", "/", "search", "search in the log, without regard to case if all is lower case"),
		bind(actNextHit, "n", "n", "next hit", "next hit"),
		bind(actPrevHit, "N", "N", "hit before", "hit before"),
		bind(actNextError, "e", "e", "error", "next error"),
		bind(actPrevError, "E", "E", "error before", "error before"),
		bind(actSort, "s", "s", "sort", "sort by a column; the same again reverses"),
		bind(actScope, "M", "M", "mine/all", "show mine, or everybody's"),
		bind(actMark, " ", "space", "mark", "mark a row; what is done takes all marks"),
		bind(actAct, "a", "a", "act", "act on the selected or the marked"),
		bind(actCopy, "y", "y", "copy", "copy an id, a name, a URL and the like"),
		bind(actCopyCommand, "Y", "Y", "command", "copy the command that shows or does the same"),
		bind(actFold, "z", "z", "fold", "fold or unfold"),
		bind(actFoldDone, "Z", "Z", "fold all", "fold all that is done; in tables and logs all groups or phases"),
		bind(actFollow, "f", "f", "follow", "follow: to what starts, or to the end of the log; moving up ends it"),
		bind(actPane, "v", "v", "pane", "side pane, or the lines below rows, on and off"),
		bind(actNextTab, "tab", "⇥", "next tab", "next tab of a detail, or the other pane"),
		bind(actPrevTab, "shift+tab", "⇧⇥", "tab before", "tab before"),
		bind(actPrevPart, "[", "[", "before", "logs: phase before; tags: an event earlier"),
		bind(actNextPart, "]", "]", "next", "logs: next phase; tags: an event later"),
		bind(actPrevDay, "{", "{", "day before", "tags: a day earlier"),
		bind(actNextDay, "}", "}", "next day", "tags: a day later"),
		bind(actCompare, "d", "d", "compare", "builds: compare with the one before"),
		bind(actToTag, "t", "t", "tag", "go to the tag"),
		bind(actSwap, "t", "t", "then/now", "tags: swap then and now"),
		bind(actWrap, "w", "w", "wrap", "wrap long lines"),
		bind(actNumbers, "#", "#", "numbers", "line numbers on and off"),
		bind(actTogether, "=", "=", "together", "scroll both logs together"),
		bind(actClean, "c", "c", "clean", "only the text of the log, for the terminal's own selection"),
		bind(actOtherLog, "o", "o", "other log", "next log of the same task"),
		bind(actFirst, "g home", "g", "first", "first row or line"),
		bind(actLast, "G end", "G", "last", "last row or line; in a log it follows"),
		bind(actHalfDown, "ctrl+d", "^d", "half down", "half a page down"),
		bind(actHalfUp, "ctrl+u", "^u", "half up", "half a page up"),
		bind(actPageDown, "pgdown", "PgDn", "page down", "a page down"),
		bind(actPageUp, "pgup", "PgUp", "page up", "a page up"),
		bind(actSave, "S", "S", "save", "save what is shown to a file"),
		bind(actPlace, "1 2 3 4 5 6", "1-6", "views", "Tasks, Builds, Tags, Hosts, Repos, Channels"),
		bind(actProfile, "p", "p", "profile", "hubs: switch, open as tab, close; gt and gT go to the next and the one before"),
		bind(actPalette, ":", ":", "palette", "everything that can be done, found by a few letters; also :task 71204, :build NVR, :tag, :host, :channel, :repo, :package, :user"),
		bind(actRefresh, "R", "R", "refresh", "ask the hub now"),
		bind(actMouse, "m", "m", "mouse", "use the mouse, or leave it to the terminal"),
		bind(actRedraw, "ctrl+l", "^l", "redraw", "draw the screen anew"),
		bind(actSuspend, "ctrl+z", "^z", "suspend", "suspend"),
		bind(actHelp, "?", "?", "help", "this help"),
		bind(actEscape, "esc", "esc", "leave", "close the topmost: dialog, search, filter, marks, running calls"),
		bind(actBack, "q", "q", "back", "back one view, at last to the tasks; from them: leave"),
		bind(actQuit, "ctrl+c", "^c", "leave", "leave at once"),
	}
}

// keysOf splits names of keys; a blank alone is the space key.
func keysOf(names string) []string {
	if names == " " {
		return []string{names}
	}
	return strings.Fields(names)
}

// find is the action of a key in a view that knows the given ones.
func (m keyMap) find(msg tea.KeyMsg, known []action) action {
	for i := range m {
		if key.Matches(msg, m[i].Binding) && (always(m[i].act) || contains(known, m[i].act)) {
			return m[i].act
		}
	}
	return actNone
}

// always reports whether an action works in every view.
func always(a action) bool {
	switch a {
	case actAct, actCopy, actCopyCommand, actPlace, actProfile, actPalette, actRefresh, actRedraw, actMouse, actSuspend, actHelp, actEscape, actBack, actQuit:
		return true
	}
	return false
}

func contains(list []action, a action) bool {
	for _, k := range list {
		if k == a {
			return true
		}
	}
	return false
}

// rows are the bindings that work in a view, in the map's order.
func (m keyMap) rows(known []action) []binding {
	var rows []binding
	for _, b := range m {
		if always(b.act) || contains(known, b.act) {
			rows = append(rows, b)
		}
	}
	return rows
}

// get is the row of an action.
func (m keyMap) get(a action) binding {
	for _, b := range m {
		if b.act == a {
			return b
		}
	}
	return binding{}
}

// splitKeys turns what was read at once into single keys: Bubble Tea gives
// letters that came quickly as one message. A paste, and a burst of more
// letters than fingers type, is no key; the same letter many times is one that
// is held down.
func splitKeys(msg tea.KeyMsg) []tea.KeyMsg {
	const burst = 5
	switch {
	case msg.Type != tea.KeyRunes:
		return []tea.KeyMsg{msg}
	case msg.Paste, len(msg.Runes) > burst && slices.ContainsFunc(msg.Runes, func(r rune) bool { return r != msg.Runes[0] }):
		return nil
	}
	keys := make([]tea.KeyMsg, len(msg.Runes))
	for i, r := range msg.Runes {
		keys[i] = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}
	}
	return keys
}
