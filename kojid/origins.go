package kojid

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"koji"
	"koji/kojid/buildroot"
)

// A merged repo says in its pkgorigins of each package which repo it came from,
// so that the packages of a buildroot that aren't the hub's own can be told apart.

// originLimit bounds an unpacked pkgorigins file.
const originLimit = 256 << 20

// recorder turns the packages of a buildroot into what the hub records.
type recorder struct {
	origins  map[string]string // NEVRA to URL; nil: there are no external repos
	external map[string]koji.TagExternalRepo
	local    string // how the URL of the repo without external ones ends
}

// newRecorder reads where the packages of a repo come from.
func (t *Task) newRecorder(ctx context.Context, repo *koji.Repo, arch string) (*recorder, error) {
	var list []koji.TagExternalRepo
	if err := t.call(ctx, "getExternalRepoList", &list, repo.TagID, koji.Named{"event": repo.CreateEvent}); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return &recorder{}, nil
	}
	r := &recorder{external: map[string]koji.TagExternalRepo{}, local: localTail(repo.ID)}
	for _, e := range list {
		r.external[originKey(strings.ReplaceAll(e.URL, "$arch", koji.CanonicalArch(arch)))] = e
	}
	var err error
	if r.origins, err = t.readOrigins(ctx, repoPath(repo, arch)); err != nil {
		return nil, fmt.Errorf("read where the packages of repo %d come from: %w", repo.ID, err)
	}
	return r, nil
}

// localTail ends the URL under which mergerepo_c sees the hub's own packages.
// Koji's builders look for the same.
func localTail(repo int64) string { return fmt.Sprintf("/repo_%d_premerge", repo) }

// originKey lets URLs be compared that differ in the slash at the end only.
func originKey(url string) string { return strings.TrimRight(url, "/") }

func (t *Task) readOrigins(ctx context.Context, rel string) (map[string]string, error) {
	repomd, err := t.fetch(ctx, path.Join(rel, "repodata/repomd.xml"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(repomd)
	if err != nil {
		return nil, err
	}
	href, err := originsFile(text)
	if err != nil || href == "" {
		return map[string]string{}, err
	}
	file, err := t.fetch(ctx, path.Join(rel, filepath.ToSlash(filepath.Clean("/" + href))[1:]))
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseOrigins(f)
}

// originsFile finds the file in a repomd.xml; "" if there is none.
func originsFile(repomd []byte) (string, error) {
	var md struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	if err := xml.Unmarshal(repomd, &md); err != nil {
		return "", fmt.Errorf("read repomd.xml: %w", err)
	}
	for _, d := range md.Data {
		if d.Type == "origin" {
			return d.Location.Href, nil
		}
	}
	return "", nil
}

// parseOrigins reads lines of "name-epoch:version-release.arch<TAB>URL", packed.
// Some versions of mergerepo_c leave the epoch 0 out, some every epoch; here 0 always is.
func parseOrigins(r io.Reader) (map[string]string, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("unpack pkgorigins: %w", err)
	}
	origins := map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(z, originLimit))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, url, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			return nil, fmt.Errorf("read pkgorigins: line without a tab: %.80q", lines.Text())
		}
		origins[strings.Replace(key, "-0:", "-", 1)] = strings.TrimSpace(url)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read pkgorigins: %w", err)
	}
	return origins, nil
}

// errUnknownOrigin is a package that no repo of the tag has.
var errUnknownOrigin = errors.New("package of unknown origin")

// record is the list that host.setBuildRootList takes.
func (r *recorder) record(pkgs []buildroot.Package) ([]koji.BuildrootRPM, error) {
	list := make([]koji.BuildrootRPM, 0, len(pkgs))
	for _, p := range pkgs {
		rpm := koji.BuildrootRPM{
			Name: p.Name, Version: p.Version, Release: p.Release, Epoch: p.Epoch, Arch: p.Arch,
			Size: p.Size, PayloadHash: p.SigMD5, BuildTime: p.BuildTime,
		}
		if r.origins != nil {
			e, err := r.origin(p)
			if err != nil {
				return nil, koji.NewError(koji.CodeBuildroot, err.Error())
			}
			if e != nil {
				rpm.ExternalRepo = map[string]any{
					"id": e.ExternalRepoID, "name": e.ExternalRepoName,
					"external_repo_id": e.ExternalRepoID, "external_repo_name": e.ExternalRepoName, "url": e.URL,
				}
			}
		}
		list = append(list, rpm)
	}
	return list, nil
}

// origin is the external repo that a package came from, nil for the hub's own.
func (r *recorder) origin(p buildroot.Package) (*koji.TagExternalRepo, error) {
	key := fmt.Sprintf("%s-%s-%s.%s", p.Name, p.Version, p.Release, p.Arch)
	bare := key
	if p.Epoch != nil && *p.Epoch != 0 {
		key = fmt.Sprintf("%s-%d:%s-%s.%s", p.Name, *p.Epoch, p.Version, p.Release, p.Arch)
	}
	url, ok := r.origins[key]
	if !ok {
		url, ok = r.origins[bare]
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s", errUnknownOrigin, key)
	}
	if e, ok := r.external[originKey(url)]; ok {
		return &e, nil
	}
	if strings.HasSuffix(originKey(url), r.local) {
		return nil, nil
	}
	return nil, fmt.Errorf("%w: %s is from %s, which is no repo of the tag", errUnknownOrigin, key, url)
}
