// Command kojira is the repo daemon.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"koji/kojira"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(kojira.Main(ctx, os.Args, kojira.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
