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

// How much the collector works, unless GOGC and GOMEMLIMIT say otherwise: half
// as often as Go would, since a hub keeps little and each call leaves much
// behind; and harder before the hub grows beyond what a small machine has to
// spare, which is no limit: a load that needs more gets more.
const (
	garbagePercent  = 200
	softMemoryLimit = 80 << 20
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(hubd.Main(ctx, os.Args, hubd.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
