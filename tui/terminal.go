package tui

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"koji/internal/lazyregexp"
)

// Bidirectional text would move what stands beside it: terminals that reorder
// are told not to while the UI runs, and to do so again afterwards (ECMA-48, BDSM).
const (
	orderExplicit = "\x1b[8l"
	orderImplicit = "\x1b[8h"
)

// background is what a terminal has behind its text.
type background uint8

const (
	backgroundUnknown background = iota
	backgroundDark
	backgroundLight
)

// answers are what a terminal says of itself.
type answers struct {
	background background
	whole      bool         // it can show what is written between two marks at once
	end        bool         // it has answered the last question
	typed      []tea.KeyMsg // before it did
	err        error
}

// terminalReply is what a terminal answers, besides which there may be keys that were
// typed ahead.
var terminalReply = lazyregexp.New("\x1b\\]11;[^\x07\x1b]*(\x07|\x1b\\\\)|\x1b\\[\\?[0-9;]*(\\$y|c)")

// typedAhead are the plain keys among what was heard.
func typedAhead(heard []byte) []tea.KeyMsg {
	var keys []tea.KeyMsg
	for _, b := range terminalReply().ReplaceAll(heard, nil) {
		switch {
		case b == 0x1b:
			return keys // what follows may be anything
		case b == '\r', b == '\n': // the terminal was in its line mode until now
			keys = append(keys, tea.KeyMsg{Type: tea.KeyEnter})
		case b >= ' ' && b <= '~':
			keys = append(keys, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{rune(b)}})
		}
	}
	return keys
}

// questions asks for the background colour (OSC 11), for mode 2026, and for
// what any terminal answers, so that one needn't wait for what it doesn't know.
const questions = "\x1b]11;?\x1b\\\x1b[?2026$p\x1b[c"

// askLimit is how long a terminal is waited for.
const askLimit = 100 * time.Millisecond

// askTerminal asks a terminal about itself. One that doesn't answer is as if
// it knew nothing.
func askTerminal(in, out *os.File) (a answers) {
	fd := int(in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return answers{err: fmt.Errorf("ask the terminal: %w", err)}
	}
	defer func() { _ = term.Restore(fd, state) }() // it was like that a moment ago
	if _, err := out.WriteString(questions); err != nil {
		return answers{err: fmt.Errorf("ask the terminal: %w", err)}
	}
	var heard []byte
	for until := time.Now().Add(askLimit); !a.end; a = parseAnswers(heard) {
		left := time.Until(until)
		if left <= 0 {
			break
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		buf := make([]byte, 256)
		if err == nil && n > 0 {
			n, err = unix.Read(fd, buf)
		}
		if err != nil || n <= 0 {
			break // what isn't answered isn't known
		}
		heard = append(heard, buf[:n]...)
	}
	a = parseAnswers(heard)
	a.typed = typedAhead(heard)
	return a
}

// parseAnswers reads what a terminal has answered so far.
func parseAnswers(heard []byte) answers {
	var a answers
	if _, rest, ok := bytes.Cut(heard, []byte("\x1b]11;rgb:")); ok {
		if end := bytes.IndexAny(rest, "\x07\x1b"); end >= 0 {
			a.background = brightness(string(rest[:end]))
		}
	}
	if _, rest, ok := bytes.Cut(heard, []byte("\x1b[?2026;")); ok && len(rest) > 0 {
		a.whole = rest[0] == '1' || rest[0] == '2' // set or reset: it knows the mode
	}
	for rest := heard; ; {
		at := bytes.Index(rest, []byte("\x1b[?"))
		if at < 0 {
			return a
		}
		rest = rest[at+3:]
		end := bytes.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != ';' })
		if end >= 0 && rest[end] == 'c' {
			a.end = true
			return a
		}
	}
}

// brightness tells whether a colour such as ffff/ffff/ffff is light.
func brightness(rgb string) background {
	parts := strings.Split(rgb, "/")
	if len(parts) != 3 {
		return backgroundUnknown
	}
	var sum float64
	for i, weight := range []float64{0.299, 0.587, 0.114} {
		n, err := strconv.ParseUint(parts[i], 16, 16)
		if err != nil || len(parts[i]) == 0 {
			return backgroundUnknown
		}
		sum += weight * float64(n) / float64(uint64(1)<<(4*len(parts[i]))-1)
	}
	if sum > 0.5 {
		return backgroundLight
	}
	return backgroundDark
}
