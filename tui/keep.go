package tui

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// kept is what is remembered of a hub until the next time: how its views were
// left, and what was begun to be filled in.
type kept struct {
	Views   map[string]map[string]string `json:"views,omitempty"`
	Drafts  map[string]map[string]string `json:"drafts,omitempty"`
	Sources []string                     `json:"sources,omitempty"` // built last, the newest first
	Used    map[string]int64             `json:"used,omitempty"`    // when things of the palette were used
	Times   map[string]pastTimes         `json:"times,omitempty"`   // that tasks took
	Me      int64                        `json:"me,omitempty"`      // who the user was: their tasks are shown before the login has told
}

// keeping is the file that the state of a hub is kept in.
type keeping struct {
	file    string // "" if it isn't kept
	written string
	due     time.Time
}

// keepEvery is how often the state is written if it has changed.
const keepEvery = 30 * time.Second

// StateDir is where the UI keeps how it was left: below XDG_STATE_HOME, or
// ~/.local/state. It is "" if neither is known.
func StateDir(env func(string) string) string {
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "koji", "tui")
	}
	if home := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "koji", "tui")
	}
	return ""
}

// recall reads what was kept of a profile. What can't be read is as if nothing
// had been kept: it is only a convenience.
func recall(dir, profile string) (kept, keeping) {
	k := kept{Views: map[string]map[string]string{}, Drafts: map[string]map[string]string{}, Used: map[string]int64{}, Times: map[string]pastTimes{}}
	if dir == "" {
		return k, keeping{}
	}
	file := filepath.Join(dir, url.PathEscape(profile)+".json")
	data, err := os.ReadFile(file)
	if err != nil {
		return k, keeping{file: file}
	}
	var old kept
	if json.Unmarshal(data, &old) == nil {
		k.Sources, k.Me = old.Sources, old.Me
		for name, v := range old.Views {
			k.Views[name] = v
		}
		for name, v := range old.Drafts {
			k.Drafts[name] = v
		}
		for name, v := range old.Used {
			k.Used[name] = v
		}
		for name, v := range old.Times {
			k.Times[name] = v
		}
	}
	return k, keeping{file: file, written: string(data)}
}

// keep gathers how the views of the tab are now, and gives what writes it to
// its file; nil if nothing has changed.
func (t *tab) keep() func() error {
	k := t.e.kept
	for i, stack := range t.stacks {
		if len(stack) == 0 {
			continue
		}
		if v, ok := stack[0].(keeper); ok {
			k.Views[t.places[i].name] = v.keep()
		}
	}
	data, err := json.MarshalIndent(k, "", "\t")
	if err != nil || t.keeping.file == "" || string(data) == t.keeping.written {
		return nil
	}
	t.keeping.written = string(data)
	file := t.keeping.file
	return func() error { return writeFile(file, data) }
}

// keepInTime writes the state if it is time to.
func (t *tab) keepInTime() tea.Cmd {
	now := t.e.now()
	if now.Before(t.keeping.due) {
		return nil
	}
	t.keeping.due = now.Add(keepEvery)
	write := t.keep()
	if write == nil {
		return nil
	}
	return func() tea.Msg { return keptError{write()} }
}

// keptError is how writing the state ended.
type keptError struct{ err error }

// restore has a view be as it was kept.
func (t *tab) restore(i int) {
	if v, ok := t.stacks[i][0].(keeper); ok {
		v.restore(t.e.kept.Views[t.places[i].name])
	}
}

// writeFile writes a file whole or not at all.
func writeFile(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".state-*")
	if err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	return nil
}
