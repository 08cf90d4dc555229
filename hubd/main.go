package hubd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"koji/sqlstore"
)

// Stdio is what a program talks through.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

const usage = `hubd is the hub: it keeps the database and the files, and hands out tasks.

Usage:
  hubd init     --config FILE --admin NAME --password-file F
  hubd user add --config FILE NAME [--perm P]... [--password-file F]
  hubd host add --config FILE NAME --arches "x86_64 noarch" [--channel C]... [--password-file F]
  hubd serve    [--config FILE]
  hubd copy     --from DATABASE --to DATABASE

copy takes all of a hub's database to an empty one, of the same engine or the
other, and compares them. DATABASE is sqlite:PATH or postgres://USER@HOST/NAME.
Stop the hub first: what it writes meanwhile is not in the copy.

Without --config, hubd uses a SQLite hub of its own: under /var/lib/koji for
root, else under the user's data folder.

Example:
  hubd init --config /etc/koji-hub/hub.conf --admin me --password-file me.pass
  hubd serve --config /etc/koji-hub/hub.conf
`

// Exit codes: 0 done, 1 failed, 2 called wrongly.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// usageError is a mistake in the command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

// Main runs hubd with the arguments (the first is the program's name) and
// returns the exit code. It serves until ctx ends.
func Main(ctx context.Context, args []string, stdio Stdio) int {
	err := run(ctx, args[1:], stdio)
	var wrong *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdio.Out, usage)
		return exitOK
	case errors.As(err, &wrong):
		fmt.Fprintf(stdio.Err, "hubd: %v\nSee hubd --help.\n", err)
		return exitUsage
	}
	fmt.Fprintf(stdio.Err, "hubd: %v\n", err)
	return exitFailed
}

func run(ctx context.Context, args []string, stdio Stdio) error {
	verb := ""
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		word := args[0]
		if word == "user" || word == "host" {
			verb, args = word, args[1:]
			continue
		}
		verb, args = strings.TrimSpace(verb+" "+word), args[1:]
		break
	}
	o := options{}
	fs := flag.NewFlagSet("hubd", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.config, "config", "", "")
	fs.StringVar(&o.config, "c", "", "")
	fs.StringVar(&o.admin, "admin", "", "")
	fs.StringVar(&o.passwordFile, "password-file", "", "")
	fs.StringVar(&o.arches, "arches", "", "")
	fs.Func("channel", "", func(c string) error { o.channels = append(o.channels, c); return nil })
	fs.StringVar(&o.from, "from", "", "")
	fs.StringVar(&o.to, "to", "", "")
	fs.Func("perm", "", func(p string) error { o.perms = append(o.perms, p); return nil })
	var names []string
	for rest := args; ; {
		if err := fs.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return &usageError{err.Error()}
		}
		if fs.NArg() == 0 {
			break
		}
		names, rest = append(names, fs.Arg(0)), fs.Args()[1:]
	}
	one := func() (string, error) {
		if len(names) != 1 {
			return "", &usageError{fmt.Sprintf("hubd %s takes one name, not %d", verb, len(names))}
		}
		return names[0], nil
	}
	if len(names) > 0 && (verb == "init" || verb == "serve" || verb == "copy") {
		return &usageError{fmt.Sprintf("hubd %s takes no argument %q", verb, names[0])}
	}
	switch verb {
	case "":
		if len(args) == 0 {
			return &usageError{"a command is needed: init, user add, host add, serve or copy"}
		}
		return &usageError{fmt.Sprintf("a command comes before %s: init, user add, host add, serve or copy", args[0])}
	case "serve":
		return o.serve(ctx, stdio)
	case "init":
		return o.init(ctx, stdio)
	case "copy":
		return o.copy(ctx, stdio)
	case "user add":
		name, err := one()
		if err != nil {
			return err
		}
		return o.addUser(ctx, stdio, name)
	case "host add":
		name, err := one()
		if err != nil {
			return err
		}
		return o.addHost(ctx, stdio, name)
	}
	return &usageError{fmt.Sprintf("no command %q: init, user add, host add, serve or copy", verb)}
}

// options are hubd's command line.
type options struct {
	config       string
	admin        string
	passwordFile string
	arches       string
	from, to     string
	perms        []string
	channels     []string // of a host, beside default
}

// load reads the configuration; without a file it is a SQLite hub in a folder of its own.
func (o *options) load() (*Config, error) {
	cfg, err := LoadConfig(o.config)
	if err != nil {
		return nil, err
	}
	if o.config == "" {
		dir, err := dataFolder(os.Geteuid(), os.Getenv)
		if err != nil {
			return nil, err
		}
		cfg.Database, cfg.KojiDir = "sqlite:"+filepath.Join(dir, "hub.db"), filepath.Join(dir, "koji")
	}
	switch {
	case cfg.Database == "":
		return nil, fmt.Errorf("%s: section [hub] names no database: set Database = sqlite:PATH or postgres://USER@HOST/NAME", o.config)
	case cfg.KojiDir == "":
		return nil, fmt.Errorf("%s: section [hub] has no KojiDir: the folder for builds, repos and uploads", o.config)
	}
	return cfg, nil
}

// dataFolder is where a hub without a configuration keeps its data.
func dataFolder(uid int, getenv func(string) string) (string, error) {
	if uid == 0 {
		return "/var/lib/koji", nil
	}
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "koji"), nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "share", "koji"), nil
	}
	return "", errors.New("find data folder: neither XDG_DATA_HOME nor HOME is set; name a configuration with --config")
}

// open reads the configuration and opens the hub on its database.
func (o *options) open(ctx context.Context, log *slog.Logger) (*Hub, *sqlstore.Store, error) {
	cfg, err := o.load()
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.Open(ctx, cfg.Database)
	if err != nil {
		return nil, nil, err
	}
	h, err := New(cfg, store, log)
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return h, store, nil
}

func (o *options) serve(ctx context.Context, stdio Stdio) error {
	level := slog.LevelWarn
	cfg, err := o.load()
	if err != nil {
		return err
	}
	if word := strings.Fields(cfg.LogLevel); len(word) > 0 {
		// An unknown word, such as Koji's per-logger levels, leaves WARNING.
		_ = level.UnmarshalText([]byte(strings.Replace(strings.ToUpper(word[0]), "WARNING", "WARN", 1)))
	}
	var handler slog.Handler = slog.NewTextHandler(stdio.Err, &slog.HandlerOptions{Level: level})
	if cfg.LogFormat == "json" {
		handler = slog.NewJSONHandler(stdio.Err, &slog.HandlerOptions{Level: level})
	}
	log := slog.New(handler)
	store, err := sqlstore.Open(ctx, cfg.Database)
	if err != nil {
		return err
	}
	defer store.Close()
	h, err := New(cfg, store, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if o.config == "" {
		fmt.Fprintf(stdio.Out, "No --config: the hub's data is in %s.\n", filepath.Dir(cfg.KojiDir))
	}
	scheme := "http"
	if h.certificates != nil {
		scheme = "https"
	}
	fmt.Fprintf(stdio.Out, "hubd %s serves %s://%s/kojihub (%s)\n", Version, scheme, listener.Addr(), store.Engine())
	return h.Serve(ctx, listener)
}

// Serve answers on a listener until ctx ends, and works in the background meanwhile.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: h.Handler(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute,
		ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Run(background)
	}()
	failed := make(chan error, 1)
	go func() {
		if h.certificates == nil {
			failed <- server.Serve(l)
			return
		}
		server.TLSConfig = h.certificates.serverConfig()
		failed <- server.ServeTLS(l, "", "")
	}()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		h.stopOnce.Do(func() { close(h.stopping) })
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		if err = server.Shutdown(last); errors.Is(err, context.DeadlineExceeded) {
			h.log.Warn("calls that don't end are broken off")
			err = server.Close()
		}
		cancel()
	}
	stop()
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
