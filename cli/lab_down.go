package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How long a program may take to end when asked, and when not asked.
const labEndPatience = 40 * time.Second

// down stops the lab. It is done when no process of the lab is left and nothing
// is mounted in its directory; that there was none is fine.
func (l *lab) down(ctx context.Context) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	s, err := l.load()
	if err != nil {
		return err
	}
	if len(s.running()) == 0 && len(l.marked()) == 0 {
		l.say("no lab runs in %s", l.dir)
	}
	if err := l.stop(ctx, s); err != nil {
		return err
	}
	l.say("the lab is down; what it has stays in %s, `koji lab up` starts it again", l.dir)
	return nil
}

// stop ends all processes: the daemons first, so that they can tell the hub.
func (l *lab) stop(ctx context.Context, s *labState) error {
	for _, name := range []string{"kojid", "kojira", "hubd"} {
		labEnd(ctx, func() []int { return s.pids(name) }, labEndPatience)
	}
	if left := labEnd(ctx, l.marked, labEndPatience); len(left) > 0 {
		return fmt.Errorf("processes of the lab don't end: %v", left)
	}
	s.Processes = nil
	return errors.Join(l.store(s), l.unmount())
}

// pids are those of the running processes of one program.
func (s *labState) pids(name string) []int {
	var found []int
	for _, p := range s.running() {
		if p.Name == name {
			found = append(found, p.PID)
		}
	}
	return found
}

// unmount removes mounts in the lab's directory. The builder's are in
// namespaces of their own and end with it; this is for what must not be.
func (l *lab) unmount() error {
	points, err := labMounts(l.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range points {
		if err := unix.Unmount(p, unix.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", p, err))
		}
	}
	return errors.Join(errs...)
}
