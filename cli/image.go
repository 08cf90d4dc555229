package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"koji"
)

// imageOptions are what all commands share that ask for an image by a
// kickstart file.
type imageOptions struct {
	submission
	ksURL, ksVersion, release, specfile string
	repos                               []string
	scratch, skipTag, noprogress        bool
}

func (o *imageOptions) flags(f *pflag.FlagSet) {
	o.submission.flags(f)
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
	f.StringVar(&o.ksURL, "ksurl", "", "the SCM `URL` where the kickstart file is; else it is uploaded")
	f.StringVar(&o.ksVersion, "ksversion", "", "the `VERSION` of the kickstart file's syntax")
	f.BoolVar(&o.scratch, "scratch", false, "only try: the result is no build of the hub")
	f.StringArrayVar(&o.repos, "repo", nil, "the `URL` of a repo to take instead of the target's (repeatable)")
	f.StringVar(&o.release, "release", "", "the release of the image")
	f.StringVar(&o.specfile, "specfile", "", "the `URL` of a spec file template: make wrapper rpms too")
	f.BoolVar(&o.skipTag, "skip-tag", false, "don't tag the result")
}

// opts are the shared options as the tasks take them.
func (o *imageOptions) opts() map[string]any {
	opts := map[string]any{}
	setTexts(opts, map[string]string{"ksurl": o.ksURL, "ksversion": o.ksVersion, "release": o.release, "specfile": o.specfile})
	setLists(opts, map[string][]string{"repo": o.repos})
	setFlags(opts, map[string]bool{"scratch": o.scratch, "skip_tag": o.skipTag})
	return opts
}

// staged is a file as the task finds it: its name if it is in an SCM, else
// where it was uploaded to.
func (o *imageOptions) staged(ctx context.Context, s *koji.Session, file, scm, prefix string) (string, error) {
	if scm != "" || file == "" {
		return file, nil
	}
	dir := uploadDir(prefix)
	if err := uploadFile(ctx, o.env, s, file, dir, !o.noprogress); err != nil {
		return "", err
	}
	return dir + "/" + filepath.Base(file), nil
}

// canonicalArches are the arches of words and of lists with commas.
func canonicalArches(words ...string) ([]string, error) {
	list, err := arches(words...)
	if err != nil {
		return nil, err
	}
	found := strings.Fields(list)
	for i, a := range found {
		found[i] = koji.CanonicalArch(a)
	}
	return found, nil
}
