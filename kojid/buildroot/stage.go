//go:build linux

package buildroot

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// order is what a stage process is told to do. It comes over a pipe once the
// parent has put the process into its cgroup.
type order struct {
	Root    string   // directory that becomes the root, or that dnf fills
	Overlay *overlay // mounted on Root first
	Work    string   // with Outside: the only part of the host that stays writable
	Outside bool     // stay in the host's view and use Root as an installroot
	Binds   []bind
	Network bool
	Bits32  bool
	UID     int
	Cwd     string
	Env     []string
	Args    []string // empty: only set up, then end (a probe)
}

type overlay struct{ Lower, Upper, Work string }

// bind mounts a host directory or file on a path inside the root.
type bind struct {
	Src, Dst string
	ReadOnly bool
}

// outcome is the stage's last word to the parent.
type outcome struct {
	Err    string `json:",omitempty"` // setting up failed
	Exit   int
	Signal int
}

// File descriptors of a stage process.
const (
	orderFD   = 3
	selfFD    = 4
	outcomeFD = 5
)

// rootCaps are what root inside keeps: enough to own and place files and to
// change user, nothing that reaches the kernel or the host.
var rootCaps = []uintptr{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL,
	unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SETFCAP, unix.CAP_SYS_CHROOT, unix.CAP_MKNOD,
}

// runStage is the life of PID 1 in the namespaces: set up, start the command,
// reap whatever is orphaned, and end with the command. When PID 1 ends, the
// kernel kills all that is left in its namespace.
func runStage() {
	// Credentials, capabilities and no_new_privs belong to a thread; the
	// command is forked from this one.
	runtime.LockOSThread()
	for fd := orderFD; fd <= outcomeFD; fd++ {
		unix.CloseOnExec(fd)
	}
	var o order
	// An end of file here is the parent's death before it could say anything.
	if err := json.NewDecoder(os.NewFile(orderFD, "order")).Decode(&o); err != nil {
		os.Exit(125)
	}
	unix.Close(selfFD)
	res, err := o.carryOut()
	if err != nil {
		res.Err = err.Error()
	}
	if err := json.NewEncoder(os.NewFile(outcomeFD, "outcome")).Encode(res); err != nil {
		os.Exit(125)
	}
	os.Exit(0)
}

func (o *order) carryOut() (outcome, error) {
	// Without this a process inside could reach our executable and memory
	// through /proc/1.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return outcome{}, fmt.Errorf("become undumpable: %w", err)
	}
	name, err := unix.BytePtrFromString("kojid-buildroot")
	if err == nil {
		err = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
	}
	if err != nil {
		return outcome{}, fmt.Errorf("name the first process: %w", err)
	}
	if err := o.mount(); err != nil {
		return outcome{}, err
	}
	if len(o.Args) == 0 {
		return outcome{}, nil
	}
	if o.Bits32 {
		if _, _, e := unix.RawSyscall(unix.SYS_PERSONALITY, 0x0008 /* PER_LINUX32 */, 0, 0); e != 0 {
			return outcome{}, fmt.Errorf("set 32 bit personality: %w", e)
		}
	}
	unix.Umask(0o022)
	keep := rootCaps
	if o.UID != 0 {
		keep = nil
	}
	if err := confine(keep); err != nil {
		return outcome{}, err
	}
	return o.execute()
}

// confine drops all capabilities but keep from the bounding set, so that what is
// executed next cannot have them, and shuts setuid programs off.
func confine(keep []uintptr) error {
	for c := uintptr(0); ; c++ {
		if slices.Contains(keep, c) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); errors.Is(err, unix.EINVAL) {
			break // past the last capability of this kernel
		} else if err != nil {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	data[0].Inheritable, data[1].Inheritable = 0, 0
	if err := unix.Capset(&hdr, &data[0]); err != nil {
		return fmt.Errorf("clear inheritable capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return nil
}

// execute starts the command and waits for it while reaping orphans. exec.Cmd
// would wait for its own child only.
func (o *order) execute() (outcome, error) {
	if err := os.Chdir(o.Cwd); err != nil {
		return outcome{}, fmt.Errorf("enter %s: %w", o.Cwd, err)
	}
	path, err := lookup(o.Args[0], o.Env)
	if err != nil {
		return outcome{}, err
	}
	cred := &syscall.Credential{Uid: uint32(o.UID), Gid: uint32(o.UID)}
	child, err := syscall.ForkExec(path, o.Args, &syscall.ProcAttr{
		Env: o.Env, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Credential: cred, Setsid: true},
	})
	if err != nil {
		return outcome{}, fmt.Errorf("start %s: %w", path, err)
	}
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return outcome{}, fmt.Errorf("wait for %s: %w", path, err)
		case pid == child && ws.Signaled():
			return outcome{Signal: int(ws.Signal())}, nil
		case pid == child && ws.Exited():
			return outcome{Exit: ws.ExitStatus()}, nil
		}
	}
}

// lookup finds a program in the PATH of env as it stands after the change of root.
func lookup(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, kv := range env {
		path, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, d := range filepath.SplitList(path) {
			p := filepath.Join(d, name)
			if unix.Access(p, unix.X_OK) == nil {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("no program %s in the buildroot", name)
}

// loUp brings the loopback interface of a new network namespace up: test suites
// listen on it.
func loUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(ifr))); e != 0 {
		return fmt.Errorf("bring lo up: %w", e)
	}
	return nil
}
