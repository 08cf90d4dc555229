package kojira

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"koji"
)

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	load := func(lines string) (*Config, error) {
		path := filepath.Join(t.TempDir(), "kojira.conf")
		if err := os.WriteFile(path, []byte("[kojira]\n"+lines+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(path)
		if err != nil {
			return nil, err
		}
		return c, c.complete()
	}
	c, err := load("server = http://h/\nuser = kojira\npassword = p\nlogfile = None\ndeleted_repo_lifetime = 60\nrecheck_period = 5\nsource_tags = x")
	if err != nil {
		t.Fatal(err)
	}
	if c.LogFile != "" || c.ExpiredLifetime != time.Minute || c.ReferenceRecheck != 5*time.Second || len(c.legacy) != 1 {
		t.Errorf("%+v", c)
	}
	var shown strings.Builder
	if c.show(&shown); strings.Contains(shown.String(), "password") || !strings.Contains(shown.String(), "server = http://h/") {
		t.Errorf("shown: %s", &shown)
	}
	for lines, want := range map[string]string{
		"init_timeout = 3":              ":2: init_timeout: unknown key",
		"nonsense = 3":                  "unknown key",
		"user = x":                      "set server",
		"server = x":                    "nothing to log in with",
		"server = x\nsleeptime = often": "sleeptime",
	} {
		if _, err := load(lines); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", lines, err)
		}
	}
}

func TestRepoDaemonLogsInByKeytab(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string][]string{
		"principal = k@R":               {"/etc/kojira/kojira.keytab", "k@R"},
		"keytab = /k":                   {"/k", ""},
		"user = kojira\nkeytab = /k":    {"", ""},
		"cert = /c\nprincipal = k@R":    {"", "k@R"},
		"keytab = /k\nprincipal = k@R ": {"/k", "k@R"},
	} {
		path := filepath.Join(t.TempDir(), "kojira.conf")
		if err := os.WriteFile(path, []byte("[kojira]\nserver = x\n"+lines+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := LoadConfig(path)
		if err == nil {
			err = cfg.complete()
		}
		if err != nil {
			t.Errorf("%q: %v", lines, err)
			continue
		}
		o := cfg.session()
		if got := []string{o.Keytab, o.Principal}; !slices.Equal(got, want) {
			t.Errorf("%q: %v", lines, got)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Unix(2_000_000_000, 0)
	days := func(n float64) *float64 {
		ts := koji.Seconds(now.Add(-time.Duration(n * 24 * float64(time.Hour))))
		return &ts
	}
	event, failed := int64(9), int64(koji.TaskFailed)
	custom := map[string]any{"src": true}
	for name, c := range map[string]struct {
		repo   koji.Repo
		others []koji.Repo
		target bool
		want   verdict
	}{
		"being made":              {repo: koji.Repo{State: koji.RepoInit, StateTS: days(0.01)}, want: keep},
		"making takes too long":   {repo: koji.Repo{State: koji.RepoInit, StateTS: days(1)}, want: markProblem},
		"its task failed":         {repo: koji.Repo{State: koji.RepoInit, StateTS: days(0), TaskState: &failed}, want: markProblem},
		"current, old":            {repo: koji.Repo{State: koji.RepoReady, StateTS: days(99)}, want: keep},
		"current, but custom":     {repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), CustomOpts: custom}, target: true, want: expire},
		"outdated, young":         {repo: koji.Repo{State: koji.RepoReady, StateTS: days(1), EndEvent: &event}, want: keep},
		"outdated, latest, built": {repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), EndEvent: &event}, target: true, want: keepChecked},
		"outdated, latest":        {repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), EndEvent: &event}, want: expire},
		"outdated, replaced": {
			repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), EndEvent: &event}, target: true,
			others: []koji.Repo{{ID: 8, TagID: 3, State: koji.RepoReady, CreateEvent: 99}}, want: expire,
		},
		"newer one is custom": {
			repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), EndEvent: &event}, target: true,
			others: []koji.Repo{{ID: 8, TagID: 3, State: koji.RepoReady, CreateEvent: 99, CustomOpts: custom}}, want: keepChecked,
		},
		"dist, latest":   {repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), Dist: true}, want: keepChecked},
		"dist, replaced": {repo: koji.Repo{State: koji.RepoReady, StateTS: days(99), Dist: true}, others: []koji.Repo{{ID: 8, TagID: 3, State: koji.RepoReady, Dist: true, CreateEvent: 99}}, want: expire},
		"expired, young": {repo: koji.Repo{State: koji.RepoExpired, StateTS: days(1)}, want: keep},
		"expired, old":   {repo: koji.Repo{State: koji.RepoExpired, StateTS: days(8)}, want: deleteUnused},
		"problem, old":   {repo: koji.Repo{State: koji.RepoProblem, StateTS: days(8)}, want: deleteUnused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.repo.ID, c.repo.TagID, c.repo.CreateEvent = 7, 3, 50
			all := newRepos(append([]koji.Repo{c.repo}, c.others...))
			if got := defaultConfig().judge(c.repo, all, func(int64) bool { return c.target }, now); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
}

func TestCheckRepoDir(t *testing.T) {
	t.Parallel()
	for dir, ok := range map[string]bool{
		"repos/f1-build/12": true, "repos-dist/f1/3": true, "vol/big/repos-dist/f1/3": true,
		"": false, "repos": false, "repos/f1": false, "repos/f1/latest": false, "repos/../12": false, "packages/a/1": false, "/repos/f1/12": false,
		"repos//12": false, "repos/f1/12/x86_64": false, "repos/f1/-1": false, "vol/../repos/f1/3": false, "repos/f1/../12": false,
	} {
		if err := checkRepoDir(dir); (err == nil) != ok {
			t.Errorf("%q: %v", dir, err)
		}
	}
}

// fill makes a repo's directory with the link out that every repo has.
func fill(t *testing.T, top, dir string) {
	t.Helper()
	arch := filepath.Join(top, dir, "x86_64")
	if err := os.MkdirAll(filepath.Join(arch, "repodata"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(top, filepath.Join(arch, "toplink")); err != nil {
		t.Fatal(err)
	}
}

func there(paths ...string) bool {
	_, err := os.Lstat(filepath.Join(paths...))
	return err == nil
}

func TestRemoveNow(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	outside := t.TempDir()
	r := newRemover(&Config{TopDir: top, DeleteProcesses: 1}, slog.New(slog.DiscardHandler))
	fill(t, top, "repos/f1/1")
	fill(t, top, "repos/f1/2")
	fill(t, top, "vol/big/repos-dist/f1/3")
	fill(t, top, "packages/precious")
	if err := os.MkdirAll(filepath.Join(top, "repos-dist", "f1"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"repos-dist/f1/3": "../../vol/big/repos-dist/f1/3", "repos-dist/f1/4": "../../packages/precious", "repos-dist/f1/5": outside, "repos/evil": outside,
	} {
		if err := os.Symlink(target, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(outside, "6"), 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, ok := range map[string]bool{
		"repos/f1/1": true, "repos/f1/99": true, "repos-dist/f1/3": true, "repos-dist/f1/4": false, "repos-dist/f1/5": false, "repos/evil/6": false,
	} {
		if err := r.removeNow(dir); (err == nil) != ok {
			t.Errorf("%s: %v", dir, err)
		}
	}
	for _, gone := range []string{"repos/f1/1", "repos-dist/f1/3", "vol/big/repos-dist/f1/3"} {
		if there(top, gone) {
			t.Errorf("%s is there", gone)
		}
	}
	if !there(top, "packages/precious/x86_64") || !there(top, "repos/f1/2") || !there(outside, "6") {
		t.Error("something else was removed")
	}
}

const repomd = `<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>5</revision>
<data type="primary"><timestamp>100</timestamp></data><data type="other"><timestamp>300.5</timestamp></data></repomd>`

func TestNewestOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "x86_64", "repodata"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x86_64", "repodata", "repomd.xml"), []byte(repomd), 0o644); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer srv.Close()
	for url, want := range map[string]float64{
		"file://" + dir + "/x86_64/": 300.5, srv.URL + "/x86_64": 300.5, srv.URL + "/$arch/": 300.5,
		srv.URL + "/none": 0, "ftp://x/": 0, srv.URL + "/none/$arch": 0,
	} {
		got, err := newestOf(t.Context(), url, []string{"s390x", "x86_64"})
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %v, %v", url, got, err)
		}
	}
}

func FuzzNewestTimestamp(f *testing.F) {
	f.Add(repomd)
	f.Add("<repomd><data><timestamp>x")
	f.Fuzz(func(t *testing.T, text string) {
		ts, err := newestTimestamp(strings.NewReader(text))
		if err != nil && ts != 0 {
			t.Errorf("%v with an error", ts)
		}
	})
}

func TestMaxTS(t *testing.T) {
	t.Parallel()
	for _, v := range []any{map[string]any{"max_ts": 3.0}, map[string]any{"max_ts": int64(3)}, map[string]any{"data": map[string]any{"max_ts": 3.0}}} {
		if got := maxTS(v); got != 3 {
			t.Errorf("%v: %v", v, got)
		}
	}
	if got := maxTS(nil); got != 0 {
		t.Error(got)
	}
}

func TestNoticesWake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		notice koji.Notice
		want   string
	}{
		"request":       {koji.Notice{Repo: &koji.RepoNotice{Request: 3}}, "queue"},
		"repo":          {koji.Notice{Repo: &koji.RepoNotice{ID: 3}}, "queue repos"},
		"tag":           {koji.Notice{Tag: &koji.TagNotice{ID: 3}}, "currency autoregen"},
		"newRepo ended": {koji.Notice{Task: &koji.TaskNotice{Method: "newRepo", State: koji.TaskFailed}}, "queue repos"},
		"newRepo":       {koji.Notice{Task: &koji.TaskNotice{Method: "newRepo", State: koji.TaskOpen}}, ""},
		"another task":  {koji.Notice{Task: &koji.TaskNotice{Method: "build", State: koji.TaskClosed}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(defaultConfig(), nil, slog.New(slog.DiscardHandler))
			k.heard(c.notice)
			var woken []string
			for _, d := range k.duties {
				if len(d.woken) > 0 {
					woken = append(woken, d.name)
				}
			}
			if got := strings.Join(woken, " "); got != c.want {
				t.Errorf("woken: %q, want %q", got, c.want)
			}
		})
	}
}
