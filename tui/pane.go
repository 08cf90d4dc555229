package tui

import tea "github.com/charmbracelet/bubbletea"

// pane is what a tab of a detail shows: a table or a page.
type pane interface {
	keys() []action
	do(a action) bool
	resize(w, h int)
	draw(c *Canvas)
	typing() bool
	input(k tea.KeyMsg)
	escape() bool
}

// pagePane is a page as a pane: it takes no text.
type pagePane struct{ *page }

func newPagePane(e *env) pagePane { return pagePane{&page{e: e}} }

func (p pagePane) resize(_, h int)  { p.page.resize(h) }
func (p pagePane) typing() bool     { return false }
func (p pagePane) input(tea.KeyMsg) {}
func (p pagePane) escape() bool     { return false }

// filteredPane is a table with a line for its filter above it.
type filteredPane[K comparable, T any] struct {
	*table[K, T]
	hint string
}

func (p *filteredPane[K, T]) resize(w, h int) { p.table.resize(w, max(h-1, 0)) }

func (p *filteredPane[K, T]) draw(c *Canvas) {
	p.table.drawFilter(c.at(0, 1), p.hint, c.w-1)
	p.table.draw(c.rect(0, 1, c.w, c.h))
}
