// Command hubd is the hub.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"koji/hubd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(hubd.Main(ctx, os.Args, hubd.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
