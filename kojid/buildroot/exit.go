package buildroot

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes, as mock gives them and Koji's builder reads them.
const (
	ExitBuildFailed  = 10 // rpmbuild failed: see build.log
	ExitKilled       = 11 // timed out or killed
	ExitUnresolvable = 30 // init failed or a BuildRequires cannot be had: see root.log
)

// ExitError is a failure of the build itself. Log is the file in ResultDir that
// tells more.
type ExitError struct {
	Code   int
	Log    string
	Reason string
}

// Error is the reason, and where to read on.
func (e *ExitError) Error() string {
	if e.Log == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s; see %s for more information", e.Reason, e.Log)
}

// stopped turns the end of a context into the error a caller shall see: the
// caller's own cancellation stays what it is, our timeout is an ExitError.
func stopped(ctx context.Context, what, log string) error {
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return &ExitError{Code: ExitKilled, Log: log, Reason: fmt.Sprintf("%s: killed: %v", what, err)}
	}
	return &ExitError{Code: ExitKilled, Log: log, Reason: what + ": timed out"}
}
