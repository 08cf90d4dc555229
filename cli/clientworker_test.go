package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"koji/internal/conformance"
)

// clientWorker is a process that runs one command line after the other, as they
// come as JSON: a thousand starts of the client would cost more than all that
// it does. It has a process's folder and environment to itself, which a test
// among others has not.
func clientWorker() {
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var c conformance.Command
		err := orders.Decode(&c)
		if errors.Is(err, io.EOF) {
			return
		}
		var ran conformance.Ran
		if err == nil {
			ran, err = runHere(c)
		}
		if err == nil {
			err = answers.Encode(ran)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// runHere runs a command in this process, and leaves its environment as it was.
func runHere(c conformance.Command) (conformance.Ran, error) {
	before := os.Environ()
	defer func() {
		os.Clearenv()
		for _, setting := range before {
			name, value, _ := strings.Cut(setting, "=")
			_ = os.Setenv(name, value)
		}
	}()
	for name, value := range c.Env {
		if err := os.Setenv(name, value); err != nil {
			return conformance.Ran{}, err
		}
	}
	if err := os.Chdir(c.Dir); err != nil {
		return conformance.Ran{}, err
	}
	var out, errOut bytes.Buffer
	code := Main(context.Background(), c.Words, Stdio{In: strings.NewReader(c.Stdin), Out: &out, Err: &errOut})
	return conformance.Ran{Code: code, Out: out.String(), ErrOut: errOut.String()}, nil
}

// startClientWorker starts a worker, which takes one command at a time.
func startClientWorker(t *testing.T) conformance.Client {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "clientworker") // the one that testscript.Main makes
	cmd.Env = append(os.Environ(), "TZ=UTC")                // read once only
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	orders, answers := json.NewEncoder(in), json.NewDecoder(out)
	return conformance.Client{Program: "koji", Run: func(ctx context.Context, c conformance.Command) (conformance.Ran, error) {
		stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
		defer stop()
		var ran conformance.Ran
		if err := orders.Encode(c); err != nil {
			return ran, fmt.Errorf("run %q: %w", c.Words, err)
		}
		if err := answers.Decode(&ran); err != nil {
			return ran, fmt.Errorf("run %q: %w", c.Words, err)
		}
		return ran, nil
	}}
}
