package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// labState is what a lab knows of itself from one command to the next.
type labState struct {
	Address   string       `json:"address"`  // host:port of the hub
	Builder   string       `json:"builder"`  // the host's name
	Prepared  bool         `json:"prepared"` // database, users and configuration are there
	Processes []labProcess `json:"processes"`
}

// running lists those of the processes that run.
func (s *labState) running() []labProcess {
	var found []labProcess
	for _, p := range s.Processes {
		if p.runs() {
			found = append(found, p)
		}
	}
	return found
}

// whole says whether all of the lab runs.
func (s *labState) whole() bool {
	return s.Prepared && len(s.running()) == len(labPrograms)
}

// labPrograms are what a lab runs, in the order they are started.
var labPrograms = []string{"hubd", "kojira", "kojid"}

func (s *labState) server() string { return "http://" + s.Address + "/kojihub" }
func (s *labState) topURL() string { return "http://" + s.Address + "/kojifiles" }

// load reads the state; of a lab that never was it is empty.
func (l *lab) load() (*labState, error) {
	data, err := os.ReadFile(l.path("lab.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return &labState{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the lab's state: %w", err)
	}
	s := &labState{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read the lab's state: %s: %w", l.path("lab.json"), err)
	}
	return s, nil
}

func (l *lab) store(s *labState) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = l.replace("lab.json", string(data)+"\n", 0o644)
	}
	if err != nil {
		return fmt.Errorf("store the lab's state: %w", err)
	}
	return nil
}

// replace writes a file of the lab at once, whole.
func (l *lab) replace(name, text string, mode os.FileMode) error {
	path := l.path(name)
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// lock keeps other commands off the lab until unlock is called, once or more,
// or the process ends.
func (l *lab) lock() (unlock func(), err error) {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the lab's directory: %w", err)
	}
	f, err := os.OpenFile(l.path("lab.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the lab: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another `koji lab` works on %s just now", l.dir)
		}
		return nil, fmt.Errorf("lock the lab: %w", err)
	}
	return sync.OnceFunc(func() {
		// A child that is just being started holds the file too, for a moment.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		f.Close()
	}), nil
}
