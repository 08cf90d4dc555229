package tui

// newStoredLogView shows a log that is kept in the hub's file tree.
func newStoredLogView(e *env, of, name, path string) *logView {
	v := newLogView(e, 0, name, nil)
	p := v.panes[0]
	p.of, p.read, p.follow = of, urlLog(e.hub, path), false
	p.key.file = path
	return v
}
