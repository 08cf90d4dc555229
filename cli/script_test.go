package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"koji"
	"koji/internal/xmlrpc"
)

func TestMain(m *testing.M) {
	testscript.Main(shared{m}, map[string]func(){
		"koji": func() {
			os.Exit(Main(context.Background(), os.Args, Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
		"clientworker": clientWorker,
	})
}

// TestScripts runs the client as people do, each script against a hub of its
// own with the users kojiadmin, alice and bob and the host builder1. The
// profile koji logs in as kojiadmin, the profile alice as alice, and the
// profile dead has no hub.
func TestScripts(t *testing.T) {
	t.Parallel()
	hub, err := hubProgram()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(env *testscript.Env) error { return setupHub(env, hub) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  cmdStatus,
			"builder": cmdBuilder,
			"saveid":  cmdSaveID,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

func setupHub(env *testscript.Env, hub string) error {
	dir := filepath.Join(env.WorkDir, ".hub")
	home := filepath.Join(env.WorkDir, "home")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.MkdirAll(filepath.Join(home, ".koji"), 0o755)); err != nil {
		return err
	}
	url, stop, err := startHub(hub, dir, "", []string{
		"init --admin kojiadmin", "user add alice", "user add bob", "host add builder1 --arches x86_64",
	}, func(string) string { return "secret" })
	if err != nil {
		return err
	}
	env.Defer(stop)
	var config strings.Builder
	for profile, user := range map[string]string{"koji": "kojiadmin", "alice": "alice"} {
		fmt.Fprintf(&config, "[%s]\nserver = %s\nweburl = http://web.example.org/koji\ntopurl = %s\nauthtype = password\n"+
			"principal = %s\npassword_file = %s/password\npoll_interval = 1\n\n", profile, url, strings.Replace(url, "kojihub", "kojifiles", 1), user, dir)
	}
	fmt.Fprintf(&config, "[dead]\nserver = http://127.0.0.1:9/kojihub\nauthtype = password\nprincipal = x\npassword_file = %s/password\nmax_retries = 0\nretry_interval = 1\n", dir)
	env.Setenv("HOME", home)
	env.Setenv("HUB", url)
	rpms, err := filepath.Abs("../internal/rpmfile/testdata")
	if err != nil {
		return err
	}
	env.Setenv("RPMS", rpms)
	env.Setenv("TZ", "UTC")
	env.Values["builder"] = &fakeBuilder{url: url}
	return os.WriteFile(filepath.Join(home, ".koji", "config"), []byte(config.String()), 0o600)
}

// cmdStatus is: status CODE koji …, which must end with that exit code.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE command …")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d instead of %s", got, args[0])
	}
}

// cmdSaveID is: saveid NAME REGEXP, which puts the first group of the match in
// the last output into a variable.
func cmdSaveID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: saveid NAME REGEXP")
	}
	m := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// fakeBuilder is builder1, played by the script.
type fakeBuilder struct {
	url string
	s   *koji.Session
}

// cmdBuilder is what builder1 does: builder open|close|fail|free ID [text],
// builder log ID NAME FILE, builder subtask ID METHOD.
func cmdBuilder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: builder open|close|fail|log|subtask ID …")
	}
	ctx := context.Background()
	b := ts.Value("builder").(*fakeBuilder)
	if b.s == nil {
		s, err := koji.New(koji.Options{Server: b.url, User: "builder1", Password: "secret", MaxRetries: -1})
		ts.Check(err)
		ts.Check(s.Login(ctx, koji.LoginOptions{Method: koji.LoginPassword}))
		ts.Check(s.Exclusive(ctx, true))
		ts.Check(s.Call(ctx, "host.updateHost", nil, 0.0, true))
		b.s = s
	}
	id, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	switch args[0] {
	case "open":
		var task any
		ts.Check(b.s.Call(ctx, "host.openTask", &task, id))
		if task == nil {
			ts.Fatalf("task %d can't be opened", id)
		}
	case "close":
		doc, err := xmlrpc.MarshalResponse("done")
		ts.Check(err)
		ts.Check(b.s.Call(ctx, "host.closeTask", nil, id, string(doc)))
	case "fail":
		doc, err := xmlrpc.MarshalFault(koji.NewError(koji.CodeBuild, args[2]).Fault())
		ts.Check(err)
		ts.Check(b.s.Call(ctx, "host.failTask", nil, id, string(doc)))
	case "subtask":
		var child int64
		ts.Check(b.s.Call(ctx, "host.subtask", &child, args[2], []any{}, id, koji.Named{"label": "part", "arch": "noarch"}))
		ts.Setenv("CHILD", strconv.FormatInt(child, 10))
	case "log":
		data := ts.ReadFile(args[3])
		ts.Check(b.s.UploadAt(ctx, koji.TaskRelPath(id), args[2], 0, []byte(data), true))
	default:
		ts.Fatalf("no such act: %s", args[0])
	}
}
