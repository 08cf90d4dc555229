// Command koji is the client: for scripts, and with koji tui for people.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"koji/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, os.Args, cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
