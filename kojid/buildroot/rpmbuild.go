//go:build linux

package buildroot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// dynamicRounds bounds how often a package may come up with new BuildRequires.
const dynamicRounds = 10

// rpmbuild is the way from sources to rpms, the same in every kind of root.
type rpmbuild struct {
	cfg       *Config
	logs      *logs
	tree      tree
	resultUID int      // owner of what rpmbuild writes, as the host sees it
	flags     []string // more arguments for every rpmbuild that checks or builds

	run     func(ctx context.Context, args []string, opts RunOpts, target string) (outcome, error)
	install func(ctx context.Context, pkg string, requires []string) error
}

var specRe = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+~^-]*\.spec$`)

// buildSRPM makes one source rpm in the result directory.
func (b *rpmbuild) buildSRPM(ctx context.Context, src Source) ([]string, error) {
	name := src.SRPM
	if name == "" {
		name = src.Spec
	}
	if b.logs == nil {
		return nil, fmt.Errorf("build srpm from %s: the buildroot is not initialized", name)
	}
	defer b.logs.phase("buildsrpm")()
	files, err := b.makeSRPM(ctx, src)
	return b.end(ctx, "build srpm from "+filepath.Base(name), files, err)
}

func (b *rpmbuild) makeSRPM(ctx context.Context, src Source) ([]string, error) {
	if err := b.tree.make(b.cfg); err != nil {
		return nil, err
	}
	spec, err := b.unpack(ctx, src, "noarch")
	if err != nil {
		return nil, err
	}
	if err := b.build(ctx, "noarch", "-bs", "--nodeps", spec); err != nil {
		return nil, err
	}
	return b.take("SRPMS")
}

// rebuild builds a source rpm for an arch.
func (b *rpmbuild) rebuild(ctx context.Context, srpm, target string) ([]string, error) {
	name := filepath.Base(srpm)
	if b.logs == nil {
		return nil, fmt.Errorf("build %s: the buildroot is not initialized", name)
	}
	if !archRe.MatchString(target) {
		return nil, fmt.Errorf("build %s: %q is not an arch", name, target)
	}
	defer b.logs.phase("build phase for " + name)()
	files, err := b.makeRPMs(ctx, srpm, target)
	return b.end(ctx, "build "+name, files, err)
}

func (b *rpmbuild) makeRPMs(ctx context.Context, srpm, target string) ([]string, error) {
	spec, dynamic, err := b.setUp(ctx, srpm, target)
	if err != nil {
		return nil, err
	}
	defer b.logs.phase("rpmbuild " + filepath.Base(srpm))()
	// The source rpm made before knows nothing of dynamic BuildRequires.
	mode := "-bb"
	if dynamic {
		mode = "-ba"
	}
	if err := b.build(ctx, target, append(slices.Clone(b.flags), mode, "--noclean", spec)...); err != nil {
		return nil, err
	}
	return b.take("SRPMS", "RPMS")
}

// setUp unpacks the source rpm and installs what it needs. The source rpm is
// made again first: which BuildRequires it has may depend on the arch.
func (b *rpmbuild) setUp(ctx context.Context, srpm, target string) (spec string, dynamic bool, err error) {
	name := filepath.Base(srpm)
	defer b.logs.phase("build setup for " + name)()
	if err := b.tree.make(b.cfg); err != nil {
		return "", false, err
	}
	if spec, err = b.unpack(ctx, Source{SRPM: srpm}, target); err != nil {
		return "", false, err
	}
	if err := b.build(ctx, target, "-bs", "--nodeps", spec); err != nil {
		return "", false, err
	}
	reqs, dynamic, err := b.requires(ctx, ".src.rpm")
	if err != nil {
		return "", false, err
	}
	b.logs.say("BuildRequires of %s: %s", name, strings.Join(reqs, ", "))
	if err := b.install(ctx, name, reqs); err != nil {
		return "", false, err
	}
	if dynamic {
		err = b.dynamicRequires(ctx, name, spec, target)
	}
	return spec, dynamic, err
}

// dynamicRequires runs %generate_buildrequires until it asks for nothing new.
// rpmbuild -br ends with 11 while something is missing, and leaves a
// buildreqs.nosrc.rpm that requires it.
func (b *rpmbuild) dynamicRequires(ctx context.Context, name, spec, target string) error {
	for range dynamicRounds {
		err := b.build(ctx, target, append(slices.Clone(b.flags), "-br", "--noclean", spec)...)
		var exit *ExitError
		if err != nil && (!errors.As(err, &exit) || exit.Code != ExitUnresolvable && exit.Code != ExitBuildFailed) {
			return err
		}
		reqs, _, reqErr := b.requires(ctx, ".buildreqs.nosrc.rpm")
		if reqErr != nil {
			return errors.Join(err, reqErr)
		}
		switch {
		case err == nil && !slices.Contains(b.flags, "--nodeps"), len(reqs) == 0:
			return err // nothing is missing, or it is no matter of requirements
		}
		b.logs.say("dynamic BuildRequires of %s: %s", name, strings.Join(reqs, ", "))
		if err := b.install(ctx, name, reqs); err != nil {
			return err
		}
		if err == nil {
			return nil // without dependency checks there is no second round
		}
	}
	return &ExitError{Code: ExitUnresolvable, Log: rootLog, Reason: fmt.Sprintf("BuildRequires of %s: still more after %d rounds", name, dynamicRounds)}
}

// unpack puts the sources into the tree and returns the spec's path inside.
func (b *rpmbuild) unpack(ctx context.Context, src Source, target string) (string, error) {
	if src.SRPM == "" {
		name := filepath.Base(src.Spec)
		if !specRe.MatchString(name) {
			return "", fmt.Errorf("%q is not the name of a spec file", name)
		}
		if src.Sources != "" {
			if err := b.tree.bringTree(src.Sources, "build/SOURCES"); err != nil {
				return "", err
			}
		}
		if err := b.tree.bring(src.Spec, filepath.Join("build/SPECS", name)); err != nil {
			return "", err
		}
		return "/builddir/build/SPECS/" + name, nil
	}
	if err := b.tree.bring(src.SRPM, "originals/package.src.rpm"); err != nil {
		return "", err
	}
	res, err := b.run(ctx, []string{"rpm", "-i", "--nodeps", "--nosignature", "/builddir/originals/package.src.rpm"}, RunOpts{Stdout: b.logs.root}, target)
	if err := ran(ctx, "rpm -i "+filepath.Base(src.SRPM), rootLog, res, err); err != nil {
		var exit *ExitError
		if errors.As(err, &exit) && exit.Code != ExitKilled {
			exit.Code = ExitBuildFailed
		}
		return "", err
	}
	names, err := listDown(b.tree.dir, "build", "SPECS")
	if err != nil {
		return "", err
	}
	specs := slices.DeleteFunc(names, func(n string) bool { return !specRe.MatchString(n) })
	if len(specs) != 1 {
		return "", &ExitError{Code: ExitBuildFailed, Log: rootLog, Reason: fmt.Sprintf("%s has %d spec files, not one", filepath.Base(src.SRPM), len(specs))}
	}
	return "/builddir/build/SPECS/" + specs[0], nil
}

var (
	failedDepRe = regexp.MustCompile(`(?m)^\s+(.+?) is needed by .+$`)
	conflictsRe = regexp.MustCompile(`(?m)^\s+(.+? conflicts with .+)$`)
)

// build runs rpmbuild with its output in build.log.
func (b *rpmbuild) build(ctx context.Context, target string, args ...string) error {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	args = append([]string{"rpmbuild", "--target", target}, args...)
	b.logs.say("%s", strings.Join(args, " "))
	out := &tail{w: b.logs.build}
	res, err := b.run(ctx, args, RunOpts{Cwd: "/builddir/build", Stdout: out, Network: b.cfg.Network}, target)
	if parent.Err() != nil {
		return stopped(parent, "rpmbuild", buildLog)
	}
	err = ran(ctx, "rpmbuild", buildLog, res, err)
	var exit *ExitError
	if !errors.As(err, &exit) {
		return err
	}
	text := out.String()
	if i := strings.LastIndex(text, "Failed build dependencies:"); i >= 0 && res.Exit != 0 {
		var need []string
		for _, m := range failedDepRe.FindAllStringSubmatch(text[i:], -1) {
			need = append(need, m[1])
		}
		for _, m := range conflictsRe.FindAllStringSubmatch(text[i:], -1) {
			need = append(need, m[1])
		}
		return &ExitError{Code: ExitUnresolvable, Log: buildLog, Reason: "failed build dependencies: " + strings.Join(need, ", ")}
	}
	if exit.Code != ExitKilled || res.Exit != 0 {
		exit.Code = ExitBuildFailed
	}
	return exit
}

// requires reads the requirements of the one source rpm with that suffix, with
// the buildroot's own rpm: the header comes from the build.
func (b *rpmbuild) requires(ctx context.Context, suffix string) (reqs []string, dynamic bool, err error) {
	names, err := listDown(b.tree.dir, "build", "SRPMS")
	if err != nil {
		return nil, false, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, suffix) || !rpmNameRe.MatchString(n) })
	if len(names) == 0 {
		return nil, false, nil
	}
	var out strings.Builder
	format := `[=\t%{REQUIRENAME}\t%{REQUIREFLAGS:depflags}\t%{REQUIREVERSION}\n]`
	args := []string{"rpm", "-qp", "--nosignature", "--qf", format, "/builddir/build/SRPMS/" + names[len(names)-1]}
	res, err := b.run(ctx, args, RunOpts{Stdout: &out}, "noarch")
	if err := ran(ctx, "rpm -qp", rootLog, res, err); err != nil {
		return nil, false, fmt.Errorf("read BuildRequires: %w: %s", err, lastLine(out.String()))
	}
	reqs, dynamic = parseRequires(out.String())
	return reqs, dynamic, nil
}

// parseRequires reads lines "=\tname\tflags\tversion" into requirements as dnf
// takes them. rpmlib() ones are about rpm itself; one of them tells that there
// are dynamic BuildRequires.
func parseRequires(text string) (reqs []string, dynamic bool) {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 || f[0] != "=" || f[1] == "" {
			continue
		}
		if strings.HasPrefix(f[1], "rpmlib(") {
			dynamic = dynamic || f[1] == "rpmlib(DynamicBuildRequires)"
			continue
		}
		req := f[1]
		if op := strings.TrimSpace(f[2]); op != "" && f[3] != "" {
			req += " " + op + " " + f[3]
		}
		if !slices.Contains(reqs, req) {
			reqs = append(reqs, req)
		}
	}
	return reqs, dynamic
}

// take copies results out of directories below build.
func (b *rpmbuild) take(dirs ...string) ([]string, error) {
	t := &taker{tree: b.tree.dir, uid: b.resultUID, dst: b.cfg.LogDir, left: b.cfg.MaxResult}
	var all []string
	for _, d := range dirs {
		files, err := t.take("build", d)
		if err != nil {
			return nil, &ExitError{Code: ExitBuildFailed, Log: rootLog, Reason: err.Error()}
		}
		for _, f := range files {
			if strings.HasSuffix(f, ".buildreqs.nosrc.rpm") {
				if err := os.Remove(f); err != nil {
					return nil, err
				}
				continue
			}
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return nil, &ExitError{Code: ExitBuildFailed, Log: buildLog, Reason: "rpmbuild made no rpms"}
	}
	return all, nil
}

// end writes the last word to root.log and gives the error its context.
func (b *rpmbuild) end(ctx context.Context, what string, files []string, err error) ([]string, error) {
	if err == nil {
		for _, f := range files {
			b.logs.say("result: %s", filepath.Base(f))
		}
		return files, nil
	}
	var exit *ExitError
	if ctx.Err() != nil && !errors.As(err, &exit) {
		err = stopped(ctx, "preparing", rootLog)
	}
	b.logs.line(b.logs.root, "ERROR: "+what+": "+err.Error())
	return nil, fmt.Errorf("%s: %w", what, err)
}
