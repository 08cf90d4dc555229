// Package quietterm keeps a program that holds a terminal UI from talking to
// the terminal before it knows whether it will show one.
//
// Bubble Tea v1 asks the terminal for its background colour while the program
// starts, in an init function: every koji list-tags on a terminal would send an
// escape sequence, wait for the answer (seconds, if none comes) and swallow what
// was typed ahead. It doesn't ask a terminal that is called dumb. So this package,
// which imports nothing but os and therefore is initialized before that one (Go
// specification, Package initialization: by import path among those whose imports
// are ready, and Bubble Tea waits for os/signal), calls it so until Restore.
//
// It is the one place in the house where something happens at init.
package quietterm

import "os"

var term, known = hide()

func hide() (string, bool) {
	name, ok := os.LookupEnv("TERM")
	if ok {
		_ = os.Setenv("TERM", "dumb") // fails for no name but an empty one
	}
	return name, ok
}

// Restore gives the terminal its name back. It comes first in main.
func Restore() {
	if known {
		_ = os.Setenv("TERM", term)
	}
}
