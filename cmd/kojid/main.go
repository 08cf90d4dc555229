// Command kojid is the builder.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"koji/kojid"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(kojid.Main(ctx, os.Args, kojid.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
