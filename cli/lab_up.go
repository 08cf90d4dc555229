package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"koji"
)

// How long the parts of a lab may take to start.
const (
	labHubPatience     = 20 * time.Second
	labBuilderPatience = 60 * time.Second
)

// up starts the lab. One that runs is left as it is, and that is an error: who
// starts it twice is mistaken about it.
func (l *lab) up(ctx context.Context) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	s, err := l.load()
	if err != nil {
		return err
	}
	if l.current(s) {
		return fmt.Errorf("the lab in %s runs already, its hub is %s (see koji lab status)", l.dir, s.server())
	}
	if err := l.start(ctx, s); err != nil {
		return err
	}
	return l.introduce(ctx, s)
}

// current says whether all of the lab runs, and as the programs are on disk.
func (l *lab) current(s *labState) bool {
	if !s.whole() {
		return false
	}
	for _, p := range s.running() {
		if p.anew(l.program(p.Name)) {
			l.say("the lab is started again: %s was made anew since", p.Name)
			return false
		}
	}
	return true
}

// start brings everything up, whatever an earlier run left. A start that fails
// leaves no process.
func (l *lab) start(ctx context.Context, s *labState) (err error) {
	for _, name := range labPrograms {
		if _, err := os.Stat(l.program(name)); err != nil {
			return fmt.Errorf("%s is not beside koji: `make build` makes them all: %w", name, err)
		}
	}
	if len(l.marked()) > 0 { // an old program, or what one that was killed left
		if err := l.stop(ctx, s); err != nil {
			return err
		}
	}
	for _, dir := range []string{"koji", "builder", "log"} {
		if err := os.MkdirAll(l.path(dir), 0o755); err != nil {
			return fmt.Errorf("make the lab's directory: %w", err)
		}
	}
	s.Processes, s.Builder = nil, labBuilder
	if s.Address, err = labAddress(s.Address); err != nil {
		return err
	}
	if err := l.prepare(ctx, s); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.stop(context.WithoutCancel(ctx), s))
		}
	}()
	if err := l.startHub(ctx, s); err != nil {
		return err
	}
	return l.startDaemons(ctx, s)
}

// labAddress gives the old address if it is free, else one that is.
func labAddress(old string) (string, error) {
	for _, address := range []string{old, "127.0.0.1:0"} {
		if address == "" {
			continue
		}
		if listener, err := net.Listen("tcp", address); err == nil {
			defer listener.Close()
			return listener.Addr().String(), nil
		}
	}
	return "", errors.New("find a free port: there is none on 127.0.0.1")
}

// prepare makes the configuration, and once the database with its users.
func (l *lab) prepare(ctx context.Context, s *labState) error {
	if err := l.configure(s); err != nil {
		return err
	}
	if s.Prepared {
		return l.store(s)
	}
	old, err := filepath.Glob(l.path("hub.db*"))
	if err != nil {
		return err
	}
	for _, path := range old { // of a start that was broken off before the lab was ever used
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("begin anew: %w", err)
		}
	}
	arch, err := labArch()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		user string
		args []string
	}{
		{labAdmin, []string{"init", "--admin", labAdmin}},
		{"kojira", []string{"user", "add", "kojira", "--perm", "repo"}},
		{s.Builder, []string{"host", "add", s.Builder, "--arches", arch + " noarch", "--channel", "createrepo"}},
	} {
		secret, err := l.secret(step.user)
		if err != nil {
			return err
		}
		args := append(step.args, "--config", l.path("hub.conf"), "--password-file", secret)
		if out, err := exec.CommandContext(ctx, l.program("hubd"), args...).CombinedOutput(); err != nil {
			return fmt.Errorf("hubd %s: %w: %s", strings.Join(step.args, " "), err, bytes.TrimSpace(out))
		}
	}
	s.Prepared = true
	return l.store(s)
}

// run starts a program and notes it down.
func (l *lab) run(s *labState, name string, args ...string) (<-chan struct{}, error) {
	p, ended, err := l.startProcess(name, l.log(name), args...)
	if err != nil {
		return nil, err
	}
	s.Processes = append(s.Processes, p)
	return ended, l.store(s)
}

func (l *lab) log(name string) string { return l.path("log", name+".log") }

// ready waits until it is so, and says what is in the log of a program that
// ends instead.
func (l *lab) ready(ctx context.Context, name string, ended <-chan struct{}, patience time.Duration, so func() bool) error {
	died := func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	err := labWait(ctx, patience, func() bool { return died() || so() })
	if errors.Is(err, errLabPatience) {
		return fmt.Errorf("%s is not ready after %v:\n%s", name, patience, l.tail(name))
	}
	if err == nil && died() {
		return fmt.Errorf("%s ended at once:\n%s", name, l.tail(name))
	}
	return err
}

// tail is the end of a program's log.
func (l *lab) tail(name string) string {
	data, err := os.ReadFile(l.log(name))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-10):], "\n  ")
}

func (l *lab) startHub(ctx context.Context, s *labState) error {
	ended, err := l.run(s, "hubd", "serve", "--config", l.path("hub.conf"))
	if err != nil {
		return err
	}
	return l.ready(ctx, "hubd", ended, labHubPatience, func() bool { return labHealthy(ctx, s.Address) })
}

func labHealthy(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// startDaemons starts what works for the hub, and waits for the builder.
func (l *lab) startDaemons(ctx context.Context, s *labState) error {
	session, err := l.session(ctx, s)
	if err != nil {
		return err
	}
	defer endSession(ctx, session)
	if err := labJoin(ctx, session, s.Builder, "createrepo"); err != nil {
		return err
	}
	// A builder that was killed is still ready for the hub: its new word counts.
	before, err := labHost(ctx, session, s.Builder)
	if err != nil {
		return err
	}
	if _, err := l.run(s, "kojira", "--config", l.path("kojira.conf"), "--fg", "--force-lock"); err != nil {
		return err
	}
	ended, err := l.run(s, "kojid", "--config", l.path("kojid.conf"), "--fg", "--force-lock")
	if err != nil {
		return err
	}
	var asked error
	err = l.ready(ctx, "kojid", ended, labBuilderPatience, func() bool {
		var now *koji.Host
		now, asked = labHost(ctx, session, s.Builder)
		return asked != nil || now.Ready && (before.UpdateTS == nil || now.UpdateTS != nil && *now.UpdateTS > *before.UpdateTS)
	})
	if err = errors.Join(err, asked); err != nil {
		return err
	}
	if len(s.running()) != len(labPrograms) {
		return fmt.Errorf("kojira ended at once:\n%s", l.tail("kojira"))
	}
	return nil
}

func labHost(ctx context.Context, session *koji.Session, name string) (*koji.Host, error) {
	var h *koji.Host
	if err := session.Call(ctx, "getHost", &h, name, koji.Named{"strict": true}); err != nil {
		return nil, fmt.Errorf("ask for the builder: %w", err)
	}
	return h, nil
}

// labJoin makes a host listen to a channel that it isn't in yet.
func labJoin(ctx context.Context, session *koji.Session, host, channel string) error {
	var channels []koji.Channel
	if err := session.Call(ctx, "listChannels", &channels, host); err != nil {
		return fmt.Errorf("list the builder's channels: %w", err)
	}
	for _, c := range channels {
		if c.Name == channel {
			return nil
		}
	}
	if err := session.Call(ctx, "addHostToChannel", nil, host, channel); err != nil {
		return fmt.Errorf("put the builder in channel %s: %w", channel, err)
	}
	return nil
}

// introduce says what runs and where.
func (l *lab) introduce(_ context.Context, s *labState) error {
	command, err := l.writeProfile(s)
	if err != nil {
		return err
	}
	kind, why := l.driver()
	l.say("The lab runs in %s", l.dir)
	l.say("  hub      %s (SQLite)", s.server())
	l.say("  builder  %s, %s buildroots: %s", s.Builder, kind, why)
	l.say("  command  %s (profile %s)", command, labProfile)
	if kind == "host" {
		l.say("  note     builds run on this machine's own tools, / read-only and the network off;")
		l.say("           fresh chroots, as a real builder has, need root: run `koji lab` as root")
	}
	return nil
}
