package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"koji"
)

// logSource reads n bytes of a file from a place on, which counts from the end
// if it is negative, and tells how long the file is. Reading from the end also
// tells which state the file is in.
type logSource func(ctx context.Context, from, n int64) (fetched, error)

// taskOutput is the path of a file of a task's output in the hub's file tree.
func taskOutput(task int64, name string) string {
	return "work/" + koji.TaskRelPath(task) + "/" + name
}

// taskLog reads a log of a task's output: from where the hub's file tree is
// served, if that is known, which costs the hub nothing and needs no base64;
// else, or if the file isn't there as the hub says it is, from the hub.
func taskLog(h *hub, task int64, name string) logSource {
	byHub := hubLog(h, task, name)
	if !h.served || !filepath.IsLocal(name) {
		return byHub
	}
	byURL := urlLog(h, taskOutput(task, name))
	var given atomic.Bool // up: another tree may be behind the address, or a page that asks for a login
	return func(ctx context.Context, from, n int64) (fetched, error) {
		if given.Load() {
			return byHub(ctx, from, n)
		}
		var files map[string]fileStat
		if from < 0 {
			if err := h.call(ctx, "listTaskOutput", &files, task, koji.Named{"stat": true}); err != nil {
				return fetched{}, err
			}
		}
		f, err := byURL(ctx, from, n)
		if ctx.Err() == nil && (err != nil || f.size < files[name].size()) {
			given.Store(true)
			return byHub(ctx, from, n)
		}
		f.files, f.state = files, files[name].state()
		return f, err
	}
}

// hubLog reads a log from the hub. The size comes first: a file that grows in
// between has more, never less, than it says.
func hubLog(h *hub, task int64, name string) logSource {
	return func(ctx context.Context, from, n int64) (fetched, error) {
		var f fetched
		var text string
		m := h.read.Multicall()
		stat := m.Add(&f.files, "listTaskOutput", task, koji.Named{"stat": true})
		data := m.Add(&text, "downloadTaskOutput", task, name, from, n)
		if err := h.run(ctx, m); err != nil {
			return f, err
		}
		if err := errors.Join(m.Err(stat), m.Err(data)); err != nil {
			return f, err
		}
		f.size, f.state = f.files[name].size(), f.files[name].state()
		var err error
		f.data, err = base64.StdEncoding.DecodeString(text)
		return f, err
	}
}

// urlLog reads a file of the hub's tree by its path there, which is no call to the hub.
func urlLog(h *hub, file string) logSource {
	return func(ctx context.Context, from, n int64) (fetched, error) {
		release, err := h.slot(ctx)
		if err != nil {
			return fetched{}, err
		}
		defer release()
		data, size, err := h.read.DownloadRange(ctx, file, from, n)
		return fetched{data: data, size: size, state: fmt.Sprint(size)}, err
	}
}
