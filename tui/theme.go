package tui

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"koji"
)

// role says what a piece of text is; a theme says how that looks.
type role uint8

const (
	roleText role = iota
	roleDim
	roleRun
	roleWait
	roleDone
	roleFail
	roleWarn
	roleLink
	roleHit
	roleFrame
	roleBold
	roleCount
)

func (r role) letter() byte { return ".drwgfnlhxb"[r] }

// styleEnd ends every style.
const styleEnd = "\x1b[0m"

// colourSet is which set of colours a terminal gets.
type colourSet uint8

const (
	paletteDark colourSet = iota
	paletteLight
	palette16
	paletteNone
)

// theme turns roles into the sequences that begin them. All are made once.
type theme struct {
	colours  colourSet
	ascii    bool
	plainHit bool // hits are only visible by signs around them
	starts   [roleCount]string
	selected [roleCount]string
}

// colours of 256-colour terminals by role; each has a contrast of at least
// 4.5:1 on black (dark) or white (light), which a test computes.
var (
	darkColours = map[role]int{
		roleDim: 245, roleRun: 75, roleWait: 214, roleDone: 114, roleFail: 203, roleWarn: 214, roleLink: 80, roleFrame: 245,
	}
	lightColours = map[role]int{
		roleDim: 241, roleRun: 25, roleWait: 94, roleDone: 22, roleFail: 124, roleWarn: 94, roleLink: 23, roleFrame: 241,
	}
)

func newTheme(p colourSet, ascii bool) *theme {
	t := &theme{colours: p, ascii: ascii, plainHit: p == paletteNone}
	for ro := range roleCount {
		codes := sgr(p, ro)
		if codes != "" {
			t.starts[ro] = "\x1b[" + codes + "m"
			codes += ";"
		}
		t.selected[ro] = "\x1b[" + codes + "7m"
	}
	return t
}

// sgr is the parameters of the sequence that begins a role.
func sgr(p colourSet, ro role) string {
	if ro == roleBold {
		return "1"
	}
	switch p {
	case paletteDark, paletteLight:
		if ro == roleHit {
			if p == paletteDark {
				return "38;5;16;48;5;214"
			}
			return "38;5;16;48;5;229"
		}
		colours := darkColours
		if p == paletteLight {
			colours = lightColours
		}
		if n, ok := colours[ro]; ok {
			return fmt.Sprintf("38;5;%d", n)
		}
	case palette16:
		return map[role]string{
			roleDim: "2", roleRun: "34", roleWait: "35", roleDone: "32", roleFail: "31;1", roleWarn: "35",
			roleLink: "36", roleHit: "7", roleFrame: "2",
		}[ro]
	case paletteNone:
		return map[role]string{roleRun: "1", roleFail: "1", roleWarn: "1", roleLink: "4"}[ro]
	}
	return ""
}

func (t *theme) style(c cell) string {
	if c.selected {
		return t.selected[c.role]
	}
	return t.starts[c.role]
}

// themeFor chooses by the words of the profile's keys tui_theme (light, dark,
// 16, none) and tui_marks (ascii, unicode), then by what the terminal says of its
// background, by the environment and what out is.
func themeFor(words string, out io.Writer, env func(string) string, bg background) *theme {
	wanted := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return r == ' ' || r == ',' }) {
		wanted[w] = true
	}
	ascii := wanted["ascii"] || !wanted["unicode"] && !speaksUTF8(env)
	return newTheme(paletteFor(wanted, out, env, bg), ascii)
}

func paletteFor(wanted map[string]bool, out io.Writer, env func(string) string, bg background) colourSet {
	switch {
	case wanted["none"]:
		return paletteNone
	case wanted["16"]:
		return palette16
	}
	if !wanted["light"] && !wanted["dark"] {
		switch lipgloss.NewRenderer(out).ColorProfile() {
		case termenv.Ascii:
			return paletteNone
		case termenv.ANSI:
			return palette16
		}
	}
	light := bg == backgroundLight || bg == backgroundUnknown && lightBackground(env("COLORFGBG"))
	if wanted["light"] || !wanted["dark"] && light {
		return paletteLight
	}
	return paletteDark
}

// lightBackground reads what some terminals set, such as "0;15".
func lightBackground(fgbg string) bool {
	bg := fgbg[strings.LastIndexByte(fgbg, ';')+1:]
	return bg == "15" || bg == "7"
}

func speaksUTF8(env func(string) string) bool {
	for _, k := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env(k); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// mark is a sign for a state, in both sets.
type mark struct {
	unicode, ascii string
	role           role
}

func (t *theme) sign(m mark) string {
	if t.ascii {
		return m.ascii
	}
	return m.unicode
}

// The kinds of tasks that are told apart and counted.
type kind uint8

const (
	kindRun kind = iota
	kindParent
	kindRepo
	kindFree
	kindAssigned
	kindFailed
	kindDone
	kindCanceled
	kindCount
)

var kindMarks = [kindCount]mark{
	kindRun:      {"◉", ">", roleRun},
	kindParent:   {"⋯", "~", roleDim},
	kindRepo:     {"⧗", "w", roleWait},
	kindFree:     {"◦", ".", roleWait},
	kindAssigned: {"◔", "o", roleWait},
	kindFailed:   {"✗", "X", roleFail},
	kindDone:     {"✓", "+", roleDone},
	kindCanceled: {"⊘", "-", roleDim},
}

var kindWords = [kindCount]string{
	"running", "parents", "repo", "free", "assigned", "failed", "done today", "canceled",
}

var (
	markStream = mark{"≋", "~", roleDone}
	markPoll   = mark{"⟳", "@", roleWait}
	markLost   = mark{"✗", "X", roleFail}
	markOff    = mark{"⊘", "-", roleDim}
	markOpen   = mark{"▾", "v", roleDim}
	markShut   = mark{"▸", ">", roleDim}
	markSelect = mark{"▌", "|", roleText}
	markWarn   = mark{"⚠", "!", roleWarn}
)

func kindOf(state koji.TaskState, waiting bool, method string) kind {
	switch state {
	case koji.TaskFree:
		return kindFree
	case koji.TaskAssigned:
		return kindAssigned
	case koji.TaskClosed:
		return kindDone
	case koji.TaskCanceled:
		return kindCanceled
	case koji.TaskFailed:
		return kindFailed
	}
	switch {
	case method == "waitrepo":
		return kindRepo
	case waiting:
		return kindParent
	}
	return kindRun
}
