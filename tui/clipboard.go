package tui

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-osc52/v2"
	tea "github.com/charmbracelet/bubbletea"

	"koji/internal/safetext"
)

// openCopyMenu lets one choose what to copy.
func (e *env) openCopyMenu(clips []clip, command string) {
	if command != "" {
		clips = append(clips, clip{"Y", "command", command})
	}
	if len(clips) == 0 {
		e.tell(roleWarn, "nothing to copy is selected")
		return
	}
	m := &menu{e: e, title: "copy"}
	for _, c := range clips {
		m.items = append(m.items, menuItem{key: c.key, name: c.name, about: c.text, do: func() tea.Cmd { return e.copyText(c.name, c.text) }})
	}
	e.over = m
}

func (e *env) copyCommand(command string) tea.Cmd {
	if command == "" {
		e.tell(roleWarn, "no command shows this")
		return nil
	}
	return e.copyText("command", command)
}

// clipboardLimit is how much text terminals take for their clipboard.
const clipboardLimit = 74000

// copyText puts a text on the terminal's clipboard (OSC 52), which reaches the
// user's own machine through ssh and tmux. The text is made safe like all else.
func (e *env) copyText(name, text string) tea.Cmd {
	text = safetext.Lines(text)
	if len(text) > clipboardLimit {
		e.tell(roleWarn, fmt.Sprintf("%s %s is too long for the clipboard of a terminal (%s)", e.sign(markOff), name, bytesText(int64(len(text)))))
		return nil
	}
	if e.copyFile != "" {
		file := e.copyFile
		e.tell(roleDone, "this terminal has no clipboard; the text is in "+file)
		return func() tea.Msg { return clipboardError{writeFile(file, []byte(text))} }
	}
	e.tell(roleDone, fmt.Sprintf("copied: %s", safetext.Clean(text)))
	write := e.clipboard
	return func() tea.Msg { return clipboardError{write(osc52.New(text).String())} }
}

// copyFileFor is where copied texts go on a terminal that is known to have no
// clipboard; "" on others.
func copyFileFor(terminal, stateDir string) string {
	name, _, _ := strings.Cut(terminal, "-")
	if stateDir == "" || name != "linux" && !strings.HasPrefix(name, "vt") {
		return ""
	}
	return filepath.Join(stateDir, "copied.txt")
}

// clipboardError is how the copying ended.
type clipboardError struct{ err error }
