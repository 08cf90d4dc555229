package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hub is a hubd under measurement, a process of its own.
type hub struct {
	set     *dataSet
	cmd     *exec.Cmd
	address string
	start   time.Duration // to the first answer
	callnum int64
}

// startHub starts hubd on a data set and waits for its first answer.
func startHub(ctx context.Context, program string, set *dataSet) (*hub, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config, err := set.configuration(address)
	if err != nil {
		return nil, err
	}
	h := &hub{set: set, address: address}
	log, err := os.Create(filepath.Join(set.dir, "hub.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	h.cmd = exec.CommandContext(ctx, program, "serve", "--config", config)
	h.cmd.Stdout, h.cmd.Stderr = log, log
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	begin := time.Now()
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start hub: %w", err)
	}
	for {
		resp, err := http.Post("http://"+address+"/kojihub", "text/xml", strings.NewReader(`<methodCall><methodName>getAPIVersion</methodName></methodCall>`))
		if err == nil {
			resp.Body.Close()
			h.start = time.Since(begin)
			return h, nil
		}
		if time.Since(begin) > 20*time.Second {
			err = errors.Join(err, h.Close())
			said, _ := os.ReadFile(log.Name())
			return nil, fmt.Errorf("the hub doesn't answer: %w\n%s", err, said)
		}
		time.Sleep(time.Millisecond)
	}
}

// freeAddress is an address on which nobody listens now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Close ends the hub.
func (h *hub) Close() error {
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := h.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// cpu is the processor time that the hub and the database have used so far.
func (h *hub) cpu() (time.Duration, error) {
	total, err := processCPU(h.cmd.Process.Pid)
	if err != nil || h.set.server == nil {
		return total, err
	}
	postmaster, err := h.set.server.Pid()
	if err != nil {
		return 0, err
	}
	own, err := processCPU(postmaster)
	if err != nil {
		return 0, err
	}
	total += own
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range stats {
		s, err := readStat(path)
		if err != nil {
			continue // it has ended
		}
		if s.parent == postmaster {
			total += s.cpu
		}
	}
	return total, nil
}

// processCPU is the time of a process and of its children that have ended.
func processCPU(pid int) (time.Duration, error) {
	s, err := readStat(fmt.Sprintf("/proc/%d/stat", pid))
	return s.cpu + s.children, err
}

type processStat struct {
	parent        int
	cpu, children time.Duration
}

// tick is the unit of the kernel's times for processes (USER_HZ).
const tick = 10 * time.Millisecond

func readStat(path string) (processStat, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return processStat{}, err
	}
	_, rest, ok := bytes.Cut(data, []byte(") ")) // behind the name, which may have anything in it
	f := strings.Fields(string(rest))
	if !ok || len(f) < 15 {
		return processStat{}, fmt.Errorf("%s: not the form that is known", path)
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(f[i]) // the kernel writes numbers
		return n
	}
	return processStat{
		parent:   number(1),
		cpu:      time.Duration(number(11)+number(12)) * tick,
		children: time.Duration(number(13)+number(14)) * tick,
	}, nil
}

// memory is what the hub holds now, in bytes.
func (h *hub) memory() (int64, error) { return h.status("VmRSS:") }

// peak is the most that the hub held since forgetPeak.
func (h *hub) peak() (int64, error) { return h.status("VmHWM:") }

func (h *hub) forgetPeak() {
	// Where it isn't allowed the peak is that of all rows so far.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", h.cmd.Process.Pid), []byte("5"), 0)
}

func (h *hub) status(key string) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == key {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("the kernel tells no %s", key)
}
