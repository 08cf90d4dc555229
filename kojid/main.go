// Package kojid is the builder: it takes tasks from a hub and carries them
// out, each in a worker process of its own.
package kojid

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"koji/internal/daemon"
	"koji/kojid/buildroot"
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

// Main runs kojid with the arguments (the first is the program's name) until
// ctx ends, and returns the exit code. The same program is, started by itself,
// the worker of a task and the first process of a buildroot, and started by koji
// lab the maker of its distribution.
func Main(ctx context.Context, args []string, stdio Stdio) int {
	if buildroot.Hook(args) {
		return exitOK
	}
	if len(args) > 1 && args[1] == workerArg {
		return workerMain(ctx, stdio)
	}
	if len(args) == 3 && args[1] == distroArg {
		return distroMain(ctx, args[2], stdio)
	}
	args, detached := daemon.Detached(args)
	o, err := parseOptions(args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdio.Out, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stdio.Err, "kojid: %v\nSee kojid --help.\n", err)
		return exitUsage
	}
	cfg, err := o.load()
	if err == nil && !o.fg && !detached {
		err = detach(args, cfg, stdio)
		if err == nil {
			return exitOK
		}
	} else if err == nil {
		err = serve(ctx, o, cfg, args, detached, stdio)
	}
	if err != nil {
		fmt.Fprintf(stdio.Err, "kojid: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func detach(args []string, cfg *Config, stdio Stdio) error {
	pid, err := daemon.Detach(args, cfg.LogFile)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "kojid runs as process %d, its log is %s\n", pid, cfg.LogFile)
	return nil
}

// serve is the daemon's life.
func serve(ctx context.Context, o *options, cfg *Config, args []string, detached bool, stdio Stdio) (err error) {
	waited := detached // somebody waits in Detach
	defer func() {
		if waited && err != nil {
			daemon.Ready(err)
		}
	}()
	log := slog.New(slog.NewTextHandler(stdio.Err, &slog.HandlerOptions{Level: o.level(cfg)}))
	for _, key := range cfg.unsupported {
		log.Warn("this builder has no plugins: the key does nothing", "key", key)
	}
	lock, err := daemon.Lock(cfg.WorkDir, "kojid")
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := cfg.applyLimits(); err != nil {
		return err
	}
	if err := cfg.chooseDriver(ctx, log); err != nil {
		return err
	}
	d := newBuilder(cfg, log, stdio.Err)
	if err := d.cleanWorkArea(ctx); err != nil {
		return err
	}
	account := &daemon.Account{Options: cfg.session(), SessionFile: cfg.sessionFile(), ForceLock: o.forceLock, Logger: log}
	account.Options.Logger = log
	account.Options.OnRetry = func(err error, attempt int) {
		if attempt == 1 {
			log.Warn("the hub does not answer, waiting for it", "server", cfg.Server, "error", err)
		}
	}
	if d.hub, err = account.Login(ctx); err != nil {
		return err
	}
	defer d.hub.Close()
	if err := cfg.writePID(); err != nil {
		return err
	}
	defer cfg.removePID()
	if o.skipMain {
		return account.Logout(ctx, d.hub)
	}
	restart := make(chan os.Signal, 1)
	signal.Notify(restart, syscall.SIGUSR1)
	defer signal.Stop(restart)
	err = d.run(ctx, restart, func() {
		if waited {
			daemon.Ready(nil)
			waited = false
		}
	})
	again := errors.Is(err, errRestart)
	if again {
		err = nil
	}
	if lerr := d.stop(context.WithoutCancel(ctx), again); lerr != nil {
		log.Warn("say goodbye to the hub", "error", lerr)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTime)
	defer cancel()
	if lerr := account.Logout(last, d.hub); lerr != nil {
		log.Warn("log out", "error", lerr)
	}
	if again {
		return execAnew(args)
	}
	return err
}

// level is the log level: the command line's, else log_level's.
func (o *options) level(cfg *Config) slog.Level {
	switch {
	case o.debug:
		return slog.LevelDebug
	case o.verbose:
		return slog.LevelInfo
	}
	level := slog.LevelInfo
	word := strings.Replace(strings.ToUpper(cfg.LogLevel), "WARNING", "WARN", 1)
	if word == "CRITICAL" {
		word = "ERROR"
	}
	if err := level.UnmarshalText([]byte(word)); err != nil {
		return slog.LevelInfo
	}
	return level
}
