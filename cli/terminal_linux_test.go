package cli

import "syscall"

// sessionLeader gives a process the terminal on its input as its own.
func sessionLeader() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true, Setctty: true} }
