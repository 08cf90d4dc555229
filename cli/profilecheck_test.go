package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProfileCheckAdvises has hubs with one thing wrong each.
func TestProfileCheckAdvises(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Welcome</html>") }
	at := func(off time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
			page(w, r)
		}
	}
	for _, tt := range []struct {
		name string
		hub  http.HandlerFunc
		more string // of the profile
		want []string
	}{
		{"another page", page, "", []string{"hub            failed   no hub answers at ", "the hub's URL mostly ends in /kojihub", "clock          ok "}},
		{"ten minutes late", at(-10 * time.Minute), "", []string{"clock          failed   this machine is 10m", "ahead of the hub", "set the clock"}},
		{"a minute early", at(time.Minute), "", []string{"clock          warning  this machine is 5", "behind the hub"}},
		{"no files", page, "topurl = %s/none\n", []string{"files          warning ", "404 Not Found", "is topurl right?"}},
		{"no such authority", page, "serverca = /nowhere\n", []string{"hub            failed   read the hub's certificate authority"}},
		{"no such place", page, "server = http://nowhere.invalid/kojihub\n", []string{"network        failed   no ", "server = right?"}},
		{"no URL", page, "server = kojihub\n", []string{"hub            failed   server = kojihub is no URL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("/kojihub", tt.hub)
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			conf := filepath.Join(t.TempDir(), "koji.conf")
			text := fmt.Sprintf("[koji]\nserver = %s/kojihub\ntopurl = %s/kojihub\n", server.URL, server.URL)
			if tt.more != "" {
				key, _, _ := strings.Cut(tt.more, " ")
				text = strings.Replace(text, key+" =", "was_"+key+" =", 1) + strings.ReplaceAll(tt.more, "%s", server.URL)
			}
			if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			got := runCLI(t, "-c", conf, "profile", "check")
			if got.code != 1 && tt.name != "a minute early" && tt.name != "no files" {
				t.Errorf("exit code %d: %s", got.code, got.err)
			}
			for _, want := range tt.want {
				if !strings.Contains(got.out, want) {
					t.Errorf("%q is not in\n%s", want, got.out)
				}
			}
		})
	}
}
