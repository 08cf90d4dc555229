package tui

import (
	"fmt"
	"strings"

	"koji"
)

// filter keeps what fits all its words: free text, or a known word with a
// colon and the beginning of a value. A - before a word excludes.
type filter struct {
	text  string
	words []filterWord
}

type filterWord struct {
	key, value string
	not        bool
}

// parseFilter reads a filter; known are the words that may stand before a colon.
func parseFilter(text string, known func(key string) bool) filter {
	f := filter{text: text}
	for _, w := range strings.Fields(strings.ToLower(text)) {
		var fw filterWord
		if len(w) > 1 && w[0] == '-' {
			fw.not, w = true, w[1:]
		}
		fw.value = w
		if k, v, ok := strings.Cut(w, ":"); ok && known(k) {
			fw.key, fw.value = k, v
		}
		f.words = append(f.words, fw)
	}
	return f
}

func (f *filter) empty() bool { return len(f.words) == 0 }

// fits reports whether all words fit, as one says that knows what of.
func (f *filter) fits(fit func(w *filterWord) bool) bool {
	for i := range f.words {
		if fit(&f.words[i]) == f.words[i].not {
			return false
		}
	}
	return true
}

func (f *filter) matches(e *entry) bool {
	return f.fits(func(w *filterWord) bool { return w.matches(e) })
}

// taskWord reports whether tasks are told apart by a word before a colon.
func taskWord(key string) bool {
	switch key {
	case "st", "m", "own", "ch", "host", "tag", "id", "arch":
		return true
	}
	return false
}

func (w *filterWord) matches(e *entry) bool {
	has := func(s string) bool { return strings.HasPrefix(strings.ToLower(s), w.value) }
	switch w.key {
	case "":
		return strings.Contains(e.text, w.value)
	case "st":
		return has(kindWords[e.kind]) || has(stateOf(e.kind).String())
	case "m":
		return has(e.method)
	case "own":
		return has(e.ownerName)
	case "ch":
		return has(e.channelName)
	case "host":
		return has(e.host)
	case "tag":
		return has(e.tag)
	case "arch":
		return has(e.arch)
	}
	return has(fmt.Sprint(e.id))
}

// stateOf is the state that a kind of task is in.
func stateOf(k kind) koji.TaskState {
	switch k {
	case kindFree:
		return koji.TaskFree
	case kindAssigned:
		return koji.TaskAssigned
	case kindDone:
		return koji.TaskClosed
	case kindCanceled:
		return koji.TaskCanceled
	case kindFailed:
		return koji.TaskFailed
	}
	return koji.TaskOpen
}
