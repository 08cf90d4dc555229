package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// saved is a log that was written to a file here.
type saved struct {
	path string
	size int64
}

// save writes the whole log as it is to a new file in the folder that the
// program was started in.
func (v *logView) save() tea.Cmd {
	p := v.pane()
	read, name := p.source(), fmt.Sprintf("%d-%s", p.task, fileName(p.name))
	if p.of != "" {
		name = fileName(p.of) + "-" + fileName(p.name)
	}
	ctx := v.c.ctx
	v.e.tell(roleText, "saving "+name+" …")
	return v.e.ask(v.c, func(context.Context) (any, error) { return saveLog(ctx, read, name) })
}

// fileName is what a log of the hub is called here: a name that leads nowhere.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-+", r):
			return r
		}
		return '_'
	}, path.Base(name))
	return strings.TrimLeft(clean, ".")
}

// saveLog reads a log from its beginning to its end. What is there already is
// never written over; what can't be read whole leaves nothing.
func saveLog(ctx context.Context, read logSource, name string) (saved, error) {
	out, err := createNew(name)
	if err != nil {
		return saved{path: name}, err
	}
	s := saved{path: out.Name()}
	for err == nil {
		var f fetched
		if f, err = read(ctx, s.size, seekSize); err != nil {
			break
		}
		if _, err = out.Write(f.data); err != nil {
			break
		}
		s.size += int64(len(f.data))
		if len(f.data) < seekSize {
			break
		}
	}
	if err = errors.Join(err, out.Close()); err != nil {
		err = errors.Join(err, os.Remove(out.Name()))
	}
	return s, err
}

// createNew makes a file that wasn't there, with a number if the name is taken.
func createNew(name string) (*os.File, error) {
	const most = 1000
	for i := range most {
		try := name
		if i > 0 {
			ext := path.Ext(name)
			try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext)
		}
		f, err := os.OpenFile(try, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("%s and %d more are there already", name, most-1)
}

func (e *env) tellSaved(s saved, err error) {
	if err != nil {
		e.tell(roleFail, fmt.Sprintf("save %s: %s", s.path, errorText(err)))
		return
	}
	e.tell(roleDone, fmt.Sprintf("saved %s as %s", bytesText(s.size), s.path))
}
