// Command hubd is the hub.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"koji/hubd"
)

// softMemoryLimit makes the collector work harder before the hub grows beyond
// what a small machine has to spare. It is no limit: a load that needs more gets more.
const softMemoryLimit = 80 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(hubd.Main(ctx, os.Args, hubd.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
