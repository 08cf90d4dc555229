package sqlstoretest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errMissing is that the machine has no PostgreSQL server.
var errMissing = errors.New("PostgreSQL's server binaries (initdb, postgres) are not installed")

// Server is a running PostgreSQL server with a cluster of its own, reachable through a socket in its folder only. It ends
// with the process that started it, however that ends.
type Server struct {
	dir   string
	shell *exec.Cmd
	alive io.Closer // the pipe at whose end the server is stopped
}

// StartServer starts a server on the cluster in dir, which is made if there is none; a socket's path may have 107 bytes, so
// that dir must be short. settings are of the form name=value.
func StartServer(ctx context.Context, dir string, settings ...string) (*Server, error) {
	return startServer(ctx, dir, false, settings...)
}

// startServer is StartServer; with passing the folder is removed when the server ends.
func startServer(ctx context.Context, dir string, passing bool, settings ...string) (_ *Server, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	var attr syscall.SysProcAttr
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		uid, gid, err := servant()
		if err != nil {
			return nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "koji", "--auth=trust",
			"--no-sync", "--locale=C", "--encoding=UTF8", "--no-instructions")
		initdb.SysProcAttr, initdb.Dir, initdb.Env = &attr, dir, []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
		if out, err := initdb.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("initdb: %w\n%s", err, out)
		}
	}

	// The shell holds the server's life to ours: when this process ends, even killed, its pipe closes and read returns.
	script := `dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
server=$!
while read -r line; do :; done
`
	if passing {
		script += `kill -QUIT $server; wait $server; cd /; rm -rf "$dir"`
	} else {
		script += `kill -INT $server; wait $server`
	}
	args := []string{"-c", script, "sh", dir, filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses="}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	s := &Server{dir: dir, shell: exec.Command("/bin/sh", args...)}
	s.shell.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	s.shell.Dir = dir
	// In a group of its own a Ctrl-C at the terminal leaves it to the pipe.
	attr.Setpgid = true
	s.shell.SysProcAttr = &attr
	if s.alive, err = s.shell.StdinPipe(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	s.shell.Stderr = &out
	if err := s.shell.Start(); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return nil, errors.Join(fmt.Errorf("postgres: %w\n%s%s", err, log, out.Bytes()), s.Close())
	}
	return s, nil
}

// await returns when the server answers. It has no signal to wait on, so that it is asked again and again.
func (s *Server) await(ctx context.Context) error {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// URL names a database of the server.
func (s *Server) URL(database string) string {
	return "postgres://koji@/" + database + "?host=" + url.QueryEscape(s.dir)
}

// Pid is the id of the server's first process; the others are its children.
func (s *Server) Pid() (int, error) {
	data, err := os.ReadFile(filepath.Join(s.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(data), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// Close stops the server and returns when it has ended.
func (s *Server) Close() error {
	err := s.alive.Close()
	// The shell's exit code is that of its last command; only that it has ended counts.
	s.shell.Wait()
	return err
}

// binaries is the folder of the newest PostgreSQL server.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", errMissing
	}
	return filepath.Dir(initdb), nil
}

func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb)))) // 0 for what is no number: oldest
	return n
}

// servant is the user that runs the server when the tests run as root.
func servant() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return 0, 0, err
		}
		group, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return 0, 0, err
		}
		return uint32(id), uint32(group), nil
	}
	return 0, 0, errors.New("run by root there must be a user postgres or nobody to run it as")
}
