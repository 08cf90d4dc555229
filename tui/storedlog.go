package tui

import "context"

// newStoredLogView shows a log that is kept in the hub's file tree.
func newStoredLogView(e *env, of, name, path string) *logView {
	v := newLogView(e, 0, name, nil)
	p := v.panes[0]
	p.of, p.read, p.follow = of, storedLog(e.hub, path), false
	return v
}

// storedLog reads a file of the hub's tree by its path there.
func storedLog(h *hub, path string) logSource {
	return func(ctx context.Context, from, n int64) (fetched, error) {
		release, err := h.take(ctx)
		if err != nil {
			return fetched{}, err
		}
		defer release()
		data, size, err := h.read.DownloadRange(ctx, path, from, n)
		return fetched{data: data, size: size}, err
	}
}
