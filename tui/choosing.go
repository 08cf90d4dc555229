package tui

// choosing is by what the rows of a list are chosen: its filter, as it is or
// is being typed, and the marks on rows.
type choosing[K comparable] struct {
	filter filter
	edit   lineEdit
	before string // the filter before it was edited
	marks  map[K]bool
}

func newChoosing[K comparable]() choosing[K] {
	return choosing[K]{edit: newLineEdit(), marks: map[K]bool{}}
}

func (c *choosing[K]) typing() bool { return c.edit.active }
func (c *choosing[K]) marked() int  { return len(c.marks) }

// editFilter begins to type the filter.
func (c *choosing[K]) editFilter() {
	c.before = c.filter.text
	c.edit.open(c.filter.text)
}

// turnMark marks what isn't marked, or lets go of it.
func (c *choosing[K]) turnMark(k K) {
	if c.marks[k] {
		delete(c.marks, k)
		return
	}
	c.marks[k] = true
}

// leave leaves one thing: the filter being typed, the filter, the marks. What
// the filter is then is handed to set. False: there was nothing to leave.
func (c *choosing[K]) leave(set func(text string)) bool {
	switch {
	case c.edit.active:
		c.edit.close()
		set(c.before)
	case !c.filter.empty():
		set("")
	case len(c.marks) > 0:
		clear(c.marks)
	default:
		return false
	}
	return true
}
