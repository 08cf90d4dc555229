package kojid

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"koji"
)

// workerArg is the first argument of a worker process.
const workerArg = "@task"

// order is what a worker is told to do, over its stdin. Messages follow.
type order struct {
	Config  Config
	Session koji.SessionInfo // a subsession of its own
	Host    koji.Host
	Task    taskRecord
}

// taskRecord is the task as it was opened.
type taskRecord struct {
	ID       int64
	Parent   int64
	Owner    int64
	Channel  int64
	Priority int64
	Method   string
	Arch     string
	Label    string
	Request  string // the methodCall document
}

// message is what a worker is told later on.
type message struct {
	Wake   bool `json:",omitempty"` // look at the subtasks
	Cancel bool `json:",omitempty"` // stop, tidy up, report nothing
}

// worker is the process of a task, as the builder sees it.
type worker struct {
	task    taskRecord
	weight  float64
	waiting bool // for subtasks: it doesn't count as load
	session koji.SessionInfo

	cmd   *exec.Cmd
	group *taskGroup

	mu      sync.Mutex
	stdin   io.WriteCloser
	out     *json.Encoder
	killed  bool          // on purpose
	gone    chan struct{} // closed once the process is reaped
	waitErr error         // valid after gone
}

// tell sends a message; a worker that is gone doesn't mind.
func (w *worker) tell(s message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.out.Encode(s) // it fails when the process has ended, which is seen elsewhere
}

func (w *worker) wake() { w.tell(message{Wake: true}) }

// killPatience is how long a worker may take to tidy up.
const killPatience = 20 * time.Second

// kill ends a worker: it is asked first, so that it removes its buildroot, and
// its whole process group is killed if that takes too long. It doesn't wait.
func (w *worker) kill() {
	w.mu.Lock()
	already := w.killed
	w.killed = true
	w.mu.Unlock()
	if already {
		return
	}
	go func() {
		w.tell(message{Cancel: true})
		late := time.NewTimer(killPatience)
		defer late.Stop()
		select {
		case <-w.gone:
			return
		case <-late.C:
		}
		w.group.kill()
		_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) // gone is waited for, not this
	}()
}

func (w *worker) wasKilled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.killed
}

// spawner starts workers. A worker gets SIGKILL from the kernel when the thread
// that started it ends; so one thread starts them all and lives as long as the
// builder.
type spawner struct{ requests chan func() }

func newSpawner() *spawner {
	s := &spawner{requests: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked
		for f := range s.requests {
			f()
		}
	}()
	return s
}

// start starts the worker of a task. When it has ended, it is sent to died.
func (s *spawner) start(w *worker, o *order, stderr io.Writer, died chan<- *worker) error {
	c := exec.Command("/proc/self/exe")
	c.Args = []string{"kojid", workerArg, strconv.FormatInt(w.task.ID, 10), w.task.Method}
	c.Stdout, c.Stderr = stderr, stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	w.group.enter(c.SysProcAttr)
	stdin, err := c.StdinPipe()
	if err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	started := make(chan error)
	s.requests <- func() { started <- c.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	w.cmd, w.stdin, w.out, w.gone = c, stdin, json.NewEncoder(stdin), make(chan struct{})
	go func() {
		w.waitErr = c.Wait()
		w.group.remove()
		close(w.gone)
		died <- w
	}()
	w.mu.Lock()
	defer w.mu.Unlock()
	// A worker that can't take its order ends, and is dealt with as any that died.
	_ = w.out.Encode(o)
	return nil
}
