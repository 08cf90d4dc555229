package kojid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"koji/internal/minidistro"
)

// distroArg is the first argument of a process that makes the distribution of a
// lab in the directory that is the second (koji lab): the builder carries the
// compressors anyway, of which a client only would become slower to start.
const distroArg = "@distro"

// distroLine is a line of what such a process prints: how far it has got, in the
// end what there is.
type distroLine struct {
	Done     int                 `json:"done,omitempty"`
	Total    int                 `json:"total,omitempty"`
	Missing  []string            `json:"missing,omitempty"` // Debian packages, and nothing was made
	Install  string              `json:"install,omitempty"` // the command that gets them
	Packages int                 `json:"packages,omitempty"`
	Bytes    int64               `json:"bytes,omitempty"`
	Current  bool                `json:"current,omitempty"` // all was there already
	Groups   map[string][]string `json:"groups,omitempty"`
}

func distroMain(ctx context.Context, dir string, stdio Stdio) int {
	out := json.NewEncoder(stdio.Out)
	sum, err := minidistro.Build(ctx, minidistro.Options{Out: dir, Progress: func(done, total int, _ string) {
		_ = out.Encode(distroLine{Done: done, Total: total}) // who doesn't want to know is told the end
	}})
	line := distroLine{Packages: sum.Packages, Bytes: sum.Bytes, Current: sum.Unchanged, Groups: minidistro.Groups()}
	var missing *minidistro.MissingError
	switch {
	case errors.As(err, &missing):
		line = distroLine{Missing: missing.Packages, Install: minidistro.AptLine(missing.Packages)}
		err = out.Encode(line)
	case err == nil:
		err = out.Encode(line)
	}
	if err != nil {
		fmt.Fprintf(stdio.Err, "kojid: %v\n", err)
		return exitFailed
	}
	return exitOK
}
