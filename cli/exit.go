package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"koji"
	"koji/profiles"
)

// Exit codes. Koji: reference/cli.md, Dispatch, exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError says that the command line is wrong, or asks for what the hub
// doesn't have where Koji's client treats it so.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// failure is an end that a person understands from its text alone.
type failure struct {
	text  string
	cause error // for callers to look at, not part of the text; may be nil
}

func (e *failure) Error() string { return e.text }

func (e *failure) Unwrap() error { return e.cause }

func failf(format string, args ...any) error { return &failure{text: fmt.Sprintf(format, args...)} }

// exitStatus ends the program with a code when everything has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// exit says what went wrong, on standard error, and gives the exit code.
func (e *Env) exit(err error) int {
	var (
		status    exitStatus
		usage     *usageError
		noProfile *profiles.NoProfileError
		fail      *failure
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		e.complainUsage(usage.text)
		return exitUsage
	case errors.As(err, &noProfile):
		e.complainUsage(noProfile.Error())
		return exitUsage
	case errors.As(err, &fail):
		fmt.Fprintln(e.Err, fail.text)
		return exitFailed
	case errors.Is(err, context.Canceled):
		return exitFailed
	}
	e.logError("%s: %s", errorClass(err), errorText(err))
	return exitFailed
}

func (e *Env) complainUsage(text string) {
	if e.command != nil {
		fmt.Fprintf(e.Err, "Usage: koji %s\n(koji %s --help lists the options)\n\n", e.command.Use, e.command.Name())
	} else {
		fmt.Fprint(e.Err, "Usage: koji [global-options] command [command-options-and-arguments]\n\n")
	}
	fmt.Fprintf(e.Err, "koji: error: %s\n", text)
}

// logError writes a line as Koji's log has it.
func (e *Env) logError(format string, args ...any) {
	stamp := time.Now().Format("2006-01-02 15:04:05,000")
	fmt.Fprintf(e.Err, "%s [ERROR] koji: %s\n", stamp, fmt.Sprintf(format, args...))
}

// errorClass is the name of Koji's exception for a fault, else a word for what
// kind of thing failed.
func errorClass(err error) string {
	var fault *koji.Error
	var transport *koji.TransportError
	switch {
	case errors.As(err, &fault):
		return fault.Code.String()
	case errors.As(err, &transport):
		return "ConnectionError"
	}
	return "Error"
}

// errorText is the text of the fault alone if there is one: what we add on the
// way is for those who read code.
func errorText(err error) string {
	var fault *koji.Error
	if errors.As(err, &fault) && fault.Code != koji.CodeAuth {
		return fault.Text
	}
	return err.Error()
}
