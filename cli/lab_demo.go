package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"koji"
)

// labBuild is one of the demo's builds.
type labBuild struct {
	source *labSource
	srpm   string
	task   int64
}

// demo builds the demo's packages in the lab, which it starts if need be.
func (l *lab) demo(ctx context.Context) error {
	begun := time.Now()
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	s, err := l.load()
	if err != nil {
		return err
	}
	if !l.current(s) {
		if err := l.start(ctx, s); err != nil {
			return err
		}
	}
	if err := l.introduce(ctx, s); err != nil {
		return err
	}
	session, err := l.session(ctx, s)
	if err != nil {
		return err
	}
	// From here on it is as if koji-lab had been called; Env ends the session.
	l.env.profile, l.env.session = l.profile(s), session
	distro, err := l.distro(ctx)
	if err != nil {
		return err
	}
	if err := l.setUp(ctx, session, distro); err != nil {
		return err
	}
	l.say("  target   %s: builds in %s, whose buildroots are filled from it, go to tag %s", labTag, labBuildIn, labTag)
	l.say("")
	builds, err := l.submit(ctx, session)
	if err != nil {
		return err
	}
	// Whoever wants to stop the lab while it builds can.
	unlock()
	if err := l.watch(ctx, s, builds); err != nil {
		return err
	}
	if err := l.results(ctx, session, builds); err != nil {
		return err
	}
	l.goOn(begun, builds)
	return nil
}

// submit makes the source rpms, uploads them and has them built. A build waits
// for a repo with the one before.
func (l *lab) submit(ctx context.Context, session *koji.Session) ([]*labBuild, error) {
	var builds []*labBuild
	for _, name := range labPackages {
		source, err := readLabSource(name)
		if err != nil {
			return nil, fmt.Errorf("read the source of %s: %w", name, err)
		}
		var release string
		known := map[string]any{"name": name, "version": source.nvr.Version}
		if err := session.Call(ctx, "getNextRelease", &release, known); err != nil {
			return nil, fmt.Errorf("find the next release of %s: %w", name, err)
		}
		source.release(release)
		srpm, err := source.makeSRPM(ctx, l.path("source", name))
		if err != nil {
			return nil, fmt.Errorf("make the source rpm of %s: %w", name, err)
		}
		b := &labBuild{source: source, srpm: srpm}
		opts := map[string]any{}
		if len(builds) > 0 {
			opts["wait_builds"] = []string{builds[len(builds)-1].source.nvr.String()}
			opts["wait_repo"] = true
		}
		dir := uploadDir("cli-build")
		if err := uploadFile(ctx, l.env, session, srpm, dir, true); err != nil {
			return nil, err
		}
		if err := session.Call(ctx, "build", &b.task, dir+"/"+filepath.Base(srpm), labTag, opts); err != nil {
			return nil, fmt.Errorf("submit %s: %w", filepath.Base(srpm), err)
		}
		l.say("submitted %s: task %d", filepath.Base(srpm), b.task)
		builds = append(builds, b)
	}
	return builds, nil
}

// watch shows the task trees until they end. When a build fails, the one that
// waits for it is cancelled: it would wait for hours.
func (l *lab) watch(ctx context.Context, s *labState, builds []*labBuild) error {
	session, err := l.session(ctx, s) // watchTasks gives up the login of its own
	if err != nil {
		return err
	}
	defer endSession(ctx, session)
	looking, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- cancelWaiting(looking, session, builds) }()
	ids := make([]int64, len(builds))
	for i, b := range builds {
		ids[i] = b.task
	}
	err = watchTasks(ctx, l.env, ids)
	stop()
	if cancelled := <-ended; cancelled != nil && !errors.Is(cancelled, context.Canceled) {
		l.env.warn("koji lab: cancel the build that waits: %v", cancelled)
	}
	return err
}

// cancelWaiting cancels each build whose predecessor did not succeed.
func cancelWaiting(ctx context.Context, session *koji.Session, builds []*labBuild) error {
	for i, b := range builds[:len(builds)-1] {
		tree := koji.NewTree(b.task)
		for _, err := range koji.Watch(ctx, session, tree.Roots(), koji.WatchOptions{Tree: tree, PollInterval: time.Second}) {
			if err != nil {
				return err
			}
		}
		if task, ok := tree.Task(b.task); ok && task.State == koji.TaskClosed {
			continue
		}
		if err := session.Call(ctx, "cancelTask", nil, builds[i+1].task, koji.Named{"recurse": true}); err != nil {
			return err
		}
	}
	return nil
}

// results says which rpms came out, and sees to it that they are there.
func (l *lab) results(ctx context.Context, session *koji.Session, builds []*labBuild) error {
	paths := koji.Paths{Top: l.path("koji")}
	for _, b := range builds {
		nvr := b.source.nvr
		var build *koji.Build
		if err := session.Call(ctx, "getBuild", &build, nvr.String(), koji.Named{"strict": true}); err != nil {
			return fmt.Errorf("look at build %s: %w", nvr, err)
		}
		if build.State != koji.BuildComplete {
			return fmt.Errorf("build %s is %s, though its task succeeded", nvr, build.State)
		}
		var rpms []koji.RPM
		if err := session.Call(ctx, "listBuildRPMs", &rpms, build.ID); err != nil {
			return fmt.Errorf("list the rpms of %s: %w", nvr, err)
		}
		if len(rpms) == 0 {
			return fmt.Errorf("build %s is COMPLETE but has no rpms", nvr)
		}
		l.say("\n%s is %s", nvr, build.State)
		dir := paths.Build(build.VolumeName, build.Name, build.Version, build.Release)
		var errs []error
		for _, r := range rpms {
			rpm := koji.NVRA{NVR: koji.NVR{Name: r.Name, Version: r.Version, Release: r.Release}, Arch: r.Arch}
			path := filepath.Join(dir, paths.RPM(rpm))
			info, err := os.Stat(path)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if info.Size() != r.Size {
				errs = append(errs, fmt.Errorf("%s has %d bytes, the hub says %d", path, info.Size(), r.Size))
			}
			l.say("  %s", path)
		}
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("look for the rpms of %s: %w", nvr, err)
		}
	}
	return nil
}

// goOn says how long it took and what one can do next.
func (l *lab) goOn(begun time.Time, builds []*labBuild) {
	command := l.shown(l.program(labProfile))
	if _, err := os.Stat(l.program(labProfile)); err != nil {
		command = l.shown(l.program("koji")) + " -p " + labProfile
	}
	where := ""
	if dir, err := labDir(); err != nil || dir != l.dir {
		where = " --dir " + l.dir
	}
	l.say("\n%d builds in %.1f seconds. How to go on:", len(builds), time.Since(begun).Seconds())
	for _, next := range [][2]string{
		{command + " tui", "watch the hub"},
		{command + " build " + labTag + " X.src.rpm", "build a package of yours"},
		{command + fmt.Sprintf(" buildinfo %s", builds[len(builds)-1].source.nvr), "what the hub knows of a build"},
		{l.shown(l.program("koji")) + " lab demo" + where, "the same again, with new releases"},
		{l.shown(l.program("koji")) + " lab down" + where, "stop it all"},
	} {
		l.say("  %-42s %s", next[0], next[1])
	}
}
