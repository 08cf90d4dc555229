package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"
)

// pageView is a view of one page, whose content is asked for when it is opened
// and on R.
type pageView[D any] struct {
	screen
	page   page
	data   *D // nil until it is known
	err    error
	fetch  func(ctx context.Context, h *hub) (*D, error)
	layout func(d *D) // makes the lines of the page
}

func newPageView[D any](e *env, fetch func(ctx context.Context, h *hub) (*D, error)) pageView[D] {
	return pageView[D]{screen: newScreen(e), page: page{e: e}, fetch: fetch}
}

func (v *pageView[D]) keys() []action { return v.page.keys() }

func (v *pageView[D]) resize(w, h int) {
	v.screen.resize(w, h)
	v.page.resize(h)
}

func (v *pageView[D]) load() tea.Cmd {
	h, fetch := v.e.hub, v.fetch
	return v.e.ask(v.c, func(ctx context.Context) (any, error) { return fetch(ctx, h) })
}

func (v *pageView[D]) update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case opened:
		if v.data == nil && v.c.open == 0 {
			return v.load()
		}
	case reply:
		d, ok := m.what.(*D)
		if !ok {
			break
		}
		if v.err = m.err; m.err == nil {
			v.data = d
			v.page.begin()
			v.layout(d)
			v.page.end()
		}
	}
	return nil
}

func (v *pageView[D]) do(a action) tea.Cmd {
	if a == actRefresh {
		return v.load()
	}
	v.page.do(a)
	return nil
}

func (v *pageView[D]) draw(c *Canvas) {
	switch {
	case v.err != nil && v.data == nil:
		c.at(0, 1).fit(roleFail, errorText(v.err), c.w-2)
	case v.data == nil:
		c.at(0, 1).put(roleDim, "asking the hub…")
	default:
		v.page.draw(c)
	}
}
