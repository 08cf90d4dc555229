package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"koji/internal/lazyregexp"
)

// labRepo is an external repo of the build tag.
type labRepo struct{ name, url string }

// labDistro is what buildroots are filled from, and with what.
type labDistro struct {
	repos  []labRepo
	groups map[string][]string
}

// distro finds something to fill buildroots with: on Debian a distribution made
// of the packages that are installed, elsewhere the machine's own repos.
func (l *lab) distro(ctx context.Context) (*labDistro, error) {
	if _, err := exec.LookPath("dpkg-query"); err == nil {
		return l.debianDistro(ctx)
	}
	if _, err := exec.LookPath("dnf"); err == nil {
		return l.rpmDistro(ctx)
	}
	return nil, errors.New("find a distribution: this machine has neither dpkg nor dnf")
}

// distroLine is a line of what kojid tells of a distribution it makes.
type distroLine struct {
	Done, Total int      // packages so far
	Missing     []string // Debian packages, without which nothing is made
	Install     string   // the command that gets them
	Packages    int      // in the end, and what follows
	Bytes       int64
	Current     bool // all was there already
	Groups      map[string][]string
}

// debianDistro lets the builder make the distribution in the lab's directory.
func (l *lab) debianDistro(ctx context.Context) (*labDistro, error) {
	dir := l.path("distro")
	sum, err := l.repack(ctx, dir)
	if err != nil {
		return nil, err
	}
	if len(sum.Missing) > 0 {
		return nil, fmt.Errorf("packages are missing. Run, as root:\n  %s", sum.Install)
	}
	if _, err := os.Stat(filepath.Join(dir, "repodata", "repomd.xml")); err != nil || !sum.Current {
		out, err := exec.CommandContext(ctx, "createrepo_c", "-q", "-g", "comps.xml", dir).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("createrepo_c %s: %w: %s", dir, err, bytes.TrimSpace(out))
		}
	}
	word := "made of this machine's Debian packages"
	if sum.Current {
		word += ", as before"
	}
	l.say("  distro   %d rpms, %s, %s", sum.Packages, labSize(sum.Bytes), word)
	return &labDistro{repos: []labRepo{{"lab-distro", "file://" + dir + "/"}}, groups: sum.Groups}, nil
}

// repack runs the maker and shows how far it is; its last line is the result.
func (l *lab) repack(ctx context.Context, dir string) (distroLine, error) {
	var line distroLine
	var told bytes.Buffer
	c := exec.CommandContext(ctx, l.program("kojid"), "@distro", dir)
	c.Stderr = &told
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return line, fmt.Errorf("make a distribution: %w", err)
	}
	bar := l.progress("making an RPM distribution")
	for lines := json.NewDecoder(out); err == nil; bar.set(line.Done, line.Total) {
		line = distroLine{}
		if err = lines.Decode(&line); err == nil && line.Total == 0 {
			break
		}
	}
	bar.clear()
	if ended := c.Wait(); ended != nil {
		return line, fmt.Errorf("make a distribution: %w: %s", ended, bytes.TrimSpace(told.Bytes()))
	}
	if err != nil {
		return line, fmt.Errorf("make a distribution: kojid says nothing of the end: %w", err)
	}
	return line, nil
}

// rpmDistro uses the repos of a Fedora or an Enterprise Linux.
func (l *lab) rpmDistro(ctx context.Context) (*labDistro, error) {
	out, err := exec.CommandContext(ctx, "dnf", "-q", "repolist", "-v", "--enabled").Output()
	if err != nil { // dnf 5 has another name for it
		out, err = exec.CommandContext(ctx, "dnf", "-q", "repoinfo", "--enabled").Output()
	}
	if err != nil {
		return nil, fmt.Errorf("list this machine's repos: %w", err)
	}
	repos := parseRepoList(out)
	if len(repos) == 0 {
		return nil, errors.New("list this machine's repos: dnf knows the address of none")
	}
	l.say("  distro   %d repos of this machine's own", len(repos))
	return &labDistro{repos: repos, groups: map[string][]string{
		"build": strings.Fields(`bash bzip2 coreutils cpio diffutils findutils gawk gcc glibc-minimal-langpack grep gzip info make patch
			redhat-rpm-config rpm-build sed shadow-utils system-release tar unzip util-linux which xz`),
		"srpm-build": strings.Fields("bash glibc-minimal-langpack gnupg2 redhat-rpm-config rpm-build shadow-utils system-release"),
	}}, nil
}

// repoLineRe is a line of dnf's description of a repo: dnf 4 calls the two
// values Repo-id and Repo-baseurl, dnf 5 Repo ID and Base URL.
var repoLineRe = lazyregexp.New(`^(Repo-id|Repo ID|Repo-baseurl|Base URL)\s*:\s*(\S+)`)

// parseRepoList reads the repos that have an address.
func parseRepoList(out []byte) []labRepo {
	var repos []labRepo
	id := ""
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		m := repoLineRe().FindStringSubmatch(lines.Text())
		switch {
		case m == nil:
		case strings.HasPrefix(m[1], "Repo") && m[1] != "Repo-baseurl":
			id = m[2]
		case id != "":
			repos = append(repos, labRepo{"lab-" + id, strings.TrimRight(strings.TrimSuffix(m[2], ","), "/") + "/"})
			id = ""
		}
	}
	return repos
}

// labSize is a number of bytes as people read it.
func labSize(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
