package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/internal/xmlrpc"
)

func TestCalledWrongly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"engine", `no engine "mysql"`, []string{"--engine", "mysql"}},
		{"rows", "--rows: error parsing regexp", []string{"--rows", "("}},
		{"clients", `--clients: "0" is no number from 1 to 64`, []string{"--clients", "8,0"}},
		{"seconds", "--seconds: 0 is not above 0", []string{"--seconds", "0"}},
		{"argument", `no argument is taken: "x"`, []string{"x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out, log bytes.Buffer
			if code := Main(t.Context(), c.args, &out, &log); code != 2 || !strings.Contains(log.String(), c.want) {
				t.Errorf("exit code %d, said %q, want 2 and %q", code, &log, c.want)
			}
		})
	}
}

func TestClientsComeInOrder(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--clients", "32, 1,8,8", "--engine", "both"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 8, 32}, o.clients); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sqlite", "postgres"}, o.engines); diff != "" {
		t.Errorf("engines (-want +got):\n%s", diff)
	}
}

// TestRowsAreCalls: each row is a call that the hub's codec reads back, and has figures to compare with.
func TestRowsAreCalls(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rows() {
		doc, err := r.document()
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		method, params, err := xmlrpc.NewDecoder(bytes.NewReader(doc), xmlrpc.Limits{}).Call()
		if err != nil || method != r.method || len(params) != len(r.args) {
			t.Errorf("%s is read back as %s with %d arguments, %v", r.name, method, len(params), err)
		}
		if seen[r.name] || r.koji.cpu <= 0 || r.aim <= 0 || r.aim >= r.koji.cpu {
			t.Errorf("%s: comes twice, or has no figures: %+v, aim %v", r.name, r.koji, r.aim)
		}
		seen[r.name] = true
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	m := result{KojiCPU: 10, Aim: 1, Cells: []cell{{Clients: 1, CPU: 5}, {Clients: 8, CPU: 1}, {Clients: 32, CPU: 4}}}
	m.judge()
	if !m.Met || m.CPU != 1 || m.Ratio != 0.1 {
		t.Errorf("of 1, 8 and 32 clients those of 8 count: got %+v", m)
	}
	m = result{KojiCPU: 10, Aim: 1, Failed: "fault"}
	m.judge()
	if m.Met {
		t.Error("a row that failed is met")
	}
}
