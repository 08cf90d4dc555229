// Package kojira is the repo daemon: it has repos made of tags that need them,
// and removes the old ones.
package kojira

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"koji/internal/daemon"
)

// Stdio is what the program talks through.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes: 0 done, 1 failed, 2 called wrongly.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// goodbyeTime is for logging out at the end; the hub may be away.
const goodbyeTime = 5 * time.Second

// Main runs kojira with the arguments (the first is the program's name) until
// ctx ends, and returns the exit code.
func Main(ctx context.Context, args []string, stdio Stdio) int {
	args, detached := daemon.Detached(args)
	o, err := parseOptions(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdio.Out, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stdio.Err, "kojira: %v\nSee kojira --help.\n", err)
		return exitUsage
	}
	cfg, err := o.load()
	if err == nil {
		switch {
		case o.showConfig:
			cfg.show(stdio.Out)
		case !o.fg && !detached:
			err = detach(args, cfg, stdio)
		default:
			err = serve(ctx, o, cfg, detached, stdio)
		}
	}
	if err != nil {
		fmt.Fprintf(stdio.Err, "kojira: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func detach(args []string, cfg *Config, stdio Stdio) error {
	log := cfg.LogFile
	if log == "" {
		log = os.DevNull
	}
	pid, err := daemon.Detach(args, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "kojira runs as process %d, its log is %s\n", pid, log)
	return nil
}

// serve is the daemon's life.
func serve(ctx context.Context, o *options, cfg *Config, detached bool, stdio Stdio) (err error) {
	waited := detached // somebody waits in Detach
	defer func() {
		if waited && err != nil {
			daemon.Ready(err)
		}
	}()
	log := slog.New(slog.NewTextHandler(stdio.Err, &slog.HandlerOptions{Level: o.level(cfg)}))
	for _, key := range cfg.legacy {
		log.Warn("this key does nothing any more: the hub decides", "key", key)
	}
	lock, err := daemon.Lock(cfg.StateDir, "kojira")
	if err != nil {
		return err
	}
	defer lock.Close()
	account := &daemon.Account{Options: cfg.session(), SessionFile: filepath.Join(cfg.StateDir, "session.json"), ForceLock: o.forceLock, Logger: log}
	account.Options.Logger = log
	account.Options.OnRetry = func(err error, attempt int) {
		if attempt == 1 {
			log.Warn("the hub does not answer, waiting for it", "server", cfg.Server, "error", err)
		}
	}
	hub, err := account.Login(ctx)
	if err != nil {
		return err
	}
	defer hub.Close()
	if cfg.PIDFile != "" {
		if err := os.WriteFile(cfg.PIDFile, fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
			return fmt.Errorf("write pidfile: %w", err)
		}
		defer os.Remove(cfg.PIDFile)
	}
	if waited {
		daemon.Ready(nil)
		waited = false
	}
	if !o.skipMain {
		err = newKeeper(cfg, hub, log).run(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTime)
	defer cancel()
	if lerr := account.Logout(last, hub); lerr != nil {
		log.Warn("log out", "error", lerr)
	}
	return err
}

func (o *options) level(cfg *Config) slog.Level {
	switch {
	case o.debug || cfg.Debug:
		return slog.LevelDebug
	case o.quiet:
		return slog.LevelError
	}
	return slog.LevelInfo
}
