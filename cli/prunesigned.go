package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/fnmatch"
)

type pruneOptions struct {
	env                     *Env
	test, verbose, debug    bool
	days                    int
	pkg, build              string
	ignore, protect         []string
	ignoreFile, protectFile string
	trashcan                string
	history                 map[string][]tagging // by package
}

// tagging is a time in which a build was in a tag.
type tagging struct {
	Build   int64    `xmlrpc:"build_id"`
	Tag     string   `xmlrpc:"tag.name"`
	Created int64    `xmlrpc:"create_event"`
	From    float64  `xmlrpc:"create_ts"`
	To      *float64 `xmlrpc:"revoke_ts"`
}

// newPruneSignedCopiesCommand is koji prune-signed-copies.
func newPruneSignedCopiesCommand(env *Env) *cobra.Command {
	o := &pruneOptions{env: env, history: map[string][]tagging{}}
	cmd := &cobra.Command{
		Use: "prune-signed-copies [options]", Short: "Delete signed copies of builds that are no longer the latest", GroupID: admin,
		Long: "Deletes files below topdir, of builds that have not been the latest of their package in any tag for some days.\n" +
			"koji write-signed-rpm brings them back. Needs the hub's files below topdir.",
		Example: "koji prune-signed-copies --test --days 30", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.test, "test", "n", false, "only tell what would be deleted")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell each build")
	f.IntVar(&o.days, "days", 5, "how many `DAYS` builds keep their copies")
	f.StringVarP(&o.pkg, "package", "p", "", "only builds of this package")
	f.StringVar(&o.pkg, "pkg", "", "the same as --package")
	f.StringVarP(&o.build, "build", "b", "", "only this build")
	f.StringArrayVarP(&o.ignore, "ignore-tag", "i", nil, "that a build is the latest in tags that match this `GLOB` is nothing (repeatable)")
	f.StringVar(&o.ignoreFile, "ignore-tag-file", "", "`FILE` with such globs")
	f.StringArrayVarP(&o.protect, "protect-tag", "r", nil, "leave builds in tags that match this `GLOB` (repeatable)")
	f.StringVar(&o.protectFile, "protect-tag-file", "", "`FILE` with such globs")
	f.StringVar(&o.trashcan, "trashcan-tag", "trashcan", "the tag of builds that shall be deleted")
	f.BoolVar(&o.debug, "debug", false, "tell why builds keep their copies")
	f.Lookup("debug").Hidden = true
	return cmd
}

func (o *pruneOptions) run(ctx context.Context) error {
	for _, list := range []struct {
		file  string
		globs *[]string
	}{{o.ignoreFile, &o.ignore}, {o.protectFile, &o.protect}} {
		if list.file == "" {
			continue
		}
		text, err := os.ReadFile(list.file)
		if err != nil {
			return failf("Unable to read the tags: %v", err)
		}
		*list.globs = append(*list.globs, strings.Fields(string(text))...)
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	builds, err := o.builds(ctx, s)
	if err != nil {
		return err
	}
	top := koji.Paths{Top: o.env.profile.TopDir}
	var freed int64
	for _, b := range builds {
		dir := filepath.Join(top.Build(b.VolumeName, b.Name, b.Version, b.Release), "data", "signed")
		if st, err := os.Lstat(dir); err != nil || !st.IsDir() {
			continue // most builds, and the hub need not be asked
		}
		reason, err := o.kept(ctx, s, b)
		if err != nil {
			return err
		}
		if reason != "" {
			if o.debug {
				o.env.printf("%s: kept, %s", b.NVR, reason)
			}
			continue
		}
		if o.verbose || o.test {
			o.env.printf("%s: %s", b.NVR, dir)
		}
		size, err := o.deleteCopies(dir)
		freed += size
		if err != nil {
			return err
		}
	}
	o.env.say("%d bytes in signed copies of builds that need none", freed)
	return nil
}

func (o *pruneOptions) builds(ctx context.Context, s *koji.Session) ([]koji.Build, error) {
	if o.build != "" {
		b, err := lookBuild(ctx, s, o.build)
		if err == nil && b == nil {
			err = failf("No such build: %s", o.build)
		}
		if err != nil {
			return nil, err
		}
		return []koji.Build{*b}, nil
	}
	named := koji.Named{"state": int64(koji.BuildComplete)}
	if o.pkg != "" {
		id, err := packageID(ctx, s, o.pkg)
		if err != nil {
			return nil, err
		}
		named["packageID"] = id
	}
	var builds []koji.Build
	return builds, s.Call(ctx, "listBuilds", &builds, named)
}

// kept says why a build keeps its copies, nothing if it doesn't.
func (o *pruneOptions) kept(ctx context.Context, s *koji.Session, b koji.Build) (string, error) {
	since := koji.Seconds(time.Now().AddDate(0, 0, -o.days))
	if b.CompletionTS == nil || *b.CompletionTS > since {
		return "it is new", nil
	}
	history, ok := o.history[b.Name]
	if !ok {
		var tables struct {
			Listing []tagging `xmlrpc:"tag_listing"`
		}
		if err := s.Call(ctx, "queryHistory", &tables, []string{"tag_listing"}, koji.Named{"package": b.Name}); err != nil {
			return "", err
		}
		history = tables.Listing
		o.history[b.Name] = history
	}
	for _, t := range history {
		matches := func(glob string) bool { return fnmatch.Match(glob, t.Tag) }
		switch {
		case t.Build != b.BuildID: // listBuilds tells only this id
		case t.To == nil && slices.ContainsFunc(o.protect, matches):
			return "protected by the tag " + t.Tag, nil
		case t.Tag == o.trashcan || slices.ContainsFunc(o.ignore, matches):
		case t.lastLatest(history) > since:
			return "latest in " + t.Tag, nil
		}
	}
	return "", nil
}

// lastLatest is when the build was the latest of its package in the tag for the
// last time: the future if it is, the past before all if it never was.
func (t tagging) lastLatest(history []tagging) float64 {
	const forever = 1 << 53
	end := func(t tagging) float64 {
		if t.To == nil {
			return forever
		}
		return *t.To
	}
	// Whoever was tagged later hides it for as long as it stays. From the end back,
	// the first moment that nobody hides.
	newer := slices.DeleteFunc(slices.Clone(history), func(other tagging) bool {
		return other.Tag != t.Tag || other.Created <= t.Created
	})
	slices.SortFunc(newer, func(a, b tagging) int { return cmp.Compare(end(b), end(a)) })
	last := end(t)
	for _, other := range newer {
		if end(other) < last {
			break
		}
		last = min(last, other.From)
	}
	return max(last, t.From)
}

// deleteCopies deletes the signed copies below a directory and tells their size.
func (o *pruneOptions) deleteCopies(dir string) (int64, error) {
	var size int64
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, failf("Unable to open %s: %v", dir, err)
	}
	defer root.Close()
	var dirs []string
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			dirs = append(dirs, path)
			return nil
		case !d.Type().IsRegular() || !strings.HasSuffix(path, ".rpm"):
			return nil // not ours to delete
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		size += st.Size()
		if o.test {
			return nil
		}
		return root.Remove(path)
	})
	if err != nil {
		return size, failf("Unable to delete signed copies in %s: %v", dir, err)
	}
	if o.test {
		return size, nil
	}
	slices.Reverse(dirs)
	for _, path := range dirs {
		// One that isn't empty stays.
		if path == "." {
			_ = os.Remove(dir)
		} else if err := root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) && o.debug {
			o.env.warn("%s stays: %v", filepath.Join(dir, path), err)
		}
	}
	return size, nil
}
