package tui

import (
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// namedLists are the words of the palette whose names are completed.
var namedLists = map[string]listOf{"tag": listTags, "host": listHosts, "channel": listChannels}

// namedShown is how many names are offered.
const namedShown = 6

// named are the commands that a word and what it is about make, as
// "task 71204": as it was typed, and completed.
func (r *root) named(text string) []command {
	c, ok := r.withArgument(text)
	if !ok {
		return nil
	}
	list := []command{c}
	verb, arg, _ := strings.Cut(text, " ")
	if of, ok := namedLists[verb]; ok {
		for _, n := range bestChoices(r.e.lists[of].choices, strings.TrimSpace(arg), namedShown) {
			if more, _ := r.withArgument(verb + " " + n.value); more.name != c.name {
				more.about = n.about
				list = append(list, more)
			}
		}
	}
	return list
}

// fetchNamed asks for the names that a word is completed from.
func (r *root) fetchNamed(text string) tea.Cmd {
	verb, _, spaced := strings.Cut(strings.TrimLeft(text, " "), " ")
	if of, ok := namedLists[verb]; ok && spaced {
		return r.e.fetchNames(of)
	}
	return nil
}

// withArgument is the command that a word and what it is about make; false if
// it is none.
func (r *root) withArgument(text string) (command, bool) {
	verb, arg, _ := strings.Cut(strings.TrimSpace(text), " ")
	arg = strings.TrimSpace(arg)
	if arg == "" {
		return command{}, false
	}
	c := command{name: verb + " " + arg, about: "open it"}
	id, err := strconv.ParseInt(arg, 10, 64)
	number := func(what string) {
		if err != nil || id <= 0 {
			c.why = "a " + what + " is a number"
		}
	}
	switch verb {
	case "task":
		number("task")
		c.do = func() tea.Cmd { return r.push(newTaskView(r.e, id)) }
	case "line":
		c.about = "go there"
		v, ok := r.top().(liner)
		if number("line"); !ok {
			c.why = "here are no numbered lines"
		}
		c.do = func() tea.Cmd { return v.toLine(id) }
	case "build":
		if err != nil {
			id = 0 // an NVR
		}
		c.do = func() tea.Cmd { return r.push(newBuildView(r.e, id, arg)) }
	case "tag":
		c.do = func() tea.Cmd { return r.push(newTagView(r.e, arg)) }
	case "host":
		if err != nil {
			id = 0 // its name
		}
		c.do = func() tea.Cmd { return r.push(newHostView(r.e, id, arg)) }
	case "channel":
		c.about = "its hosts and its queue"
		c.do = func() tea.Cmd { return r.goFiltered(6, "ch:"+arg) }
	case "repo":
		c.about = "the repos of a tag, and who waits for one"
		c.do = func() tea.Cmd { return r.goFiltered(5, "tag:"+arg) }
	case "package":
		c.about = "its builds"
		c.do = func() tea.Cmd { return r.goFiltered(2, "pkg:"+arg) }
	case "user":
		c.about = "their builds"
		c.do = func() tea.Cmd { return r.goFiltered(2, "own:"+arg) }
	default:
		return command{}, false
	}
	return c, true
}

// filterer is a view whose filter can be set.
type filterer interface{ filterBy(text string) tea.Cmd }

// goFiltered goes to the list of a place and chooses from it.
func (r *root) goFiltered(place int, text string) tea.Cmd {
	cmds := []tea.Cmd{r.goTo(place)}
	for len(r.views()) > 1 {
		cmd, _ := r.pop()
		cmds = append(cmds, cmd)
	}
	if v, ok := r.top().(filterer); ok {
		cmds = append(cmds, v.filterBy(text))
	}
	return tea.Batch(cmds...)
}
