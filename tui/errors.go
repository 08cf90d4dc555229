package tui

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"koji"
	"koji/internal/safetext"
)

// errorText is an error as a line for people: of a transport error only what
// went wrong, since which hub it is stands beside it.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	var te *koji.TransportError
	if errors.As(err, &te) {
		err = te.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	text := err.Error()
	var number syscall.Errno
	if te != nil && errors.As(err, &number) {
		text = number.Error() // connection refused; the address stands beside it
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return safetext.Clean(first)
}

// partly reports whether all calls were answered and some with a fault.
func partly(err error) bool {
	var some *koji.MulticallError
	return errors.As(err, &some)
}
