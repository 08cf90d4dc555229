package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koji/internal/conformance"
)

var (
	transcriptsOnly    = flag.String("transcripts.only", "", "replay transcripts whose name or area begins so")
	transcriptsStrict  = flag.Bool("transcripts.strict", false, "what is pending fails, too")
	transcriptsPending = flag.Bool("transcripts.pending", false, "write what disagrees to testdata/transcripts/pending.txt")
)

// transcriptLanes is how many hubs share the transcripts.
const transcriptLanes = 2

// TestTranscripts runs the command lines that Koji's client was once given, and
// holds what is printed against what Koji's client printed. Steps of testdata/transcripts/pending.txt disagree for now.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	hub, err := hubProgram()
	if err != nil {
		t.Fatal(err)
	}
	data := os.DirFS("testdata/transcripts")
	transcripts, err := conformance.LoadTranscripts(data, *transcriptsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if len(transcripts) == 0 {
		t.Fatalf("no transcript %q", *transcriptsOnly)
	}
	outcomes := make([][]conformance.Outcome, len(transcripts))
	t.Run("of", func(t *testing.T) {
		// They must not run side by side on one hub: some act as builder1.
		for lane := range transcriptLanes {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				at := t.TempDir()
				url, stop, err := startHub(hub, at,
					"EnableMaven = True\nEnableWin = True\nEmailDomain = example.com\nPlugins = echo sidetag_hub runroot_hub save_failed_tree\n",
					[]string{
						"init --admin kojiadmin", "user add alice", "user add bob",
						"host add builder1 --arches x86_64,noarch", "host add builder2 --arches x86_64,i686",
					}, func(name string) string { return name })
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(stop)
				client := startClientWorker(t)
				for i := lane; i < len(transcripts); i += transcriptLanes {
					outcomes[i], err = transcripts[i].Replay(t.Context(), client, url, filepath.Join(at, transcripts[i].Name))
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	})
	var all []conformance.Outcome
	for _, o := range outcomes {
		all = append(all, o...)
	}
	out := t.Output()
	tally := conformance.Report(out, all, nil, false)
	fmt.Fprintf(out, "%d passed, %d failed\n", tally.Passed, tally.Failed)
	pending := map[conformance.Place]string{}
	if f, err := os.Open("testdata/transcripts/pending.txt"); err == nil {
		if pending, err = conformance.ReadPlaces(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	var disagree strings.Builder
	for _, o := range all {
		if _, known := pending[o.Place()]; o.Problem != "" && (*transcriptsStrict || !known && !*transcriptsPending) {
			t.Fail()
		}
		if o.Problem != "" {
			fmt.Fprintf(&disagree, "%s %d pending\n", o.Scenario, o.Number)
		}
	}
	if *transcriptsPending {
		text := "# Steps that disagree for now.\n" + disagree.String()
		if err := os.WriteFile("testdata/transcripts/pending.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
