package cli

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
)

type downloadBuildOptions struct {
	downloadOptions
	arches                           []string
	btype, latestFrom, key           string
	debuginfo, taskID, rpm, fallback bool
}

// newDownloadBuildCommand is koji download-build.
func newDownloadBuildCommand(env *Env) *cobra.Command {
	o := &downloadBuildOptions{downloadOptions: downloadOptions{env: env}}
	cmd := &cobra.Command{
		Use: "download-build [options] <n-v-r|build_id>", Short: "Fetch the files of a build", GroupID: download,
		Long:    "What is here already, or half, isn't fetched again, and all is compared with the digests that the hub has.",
		Example: "koji download-build --arch x86_64 bash-5.2-1.fc40\nkoji download-build --latestfrom f40 bash", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.arches, "arch", "a", nil, "only files of this arch (repeatable)")
	f.StringVar(&o.btype, "type", "", "archives of this type instead of rpms: maven, win, image …")
	f.StringVar(&o.latestFrom, "latestfrom", "", "the latest build of the package in this `TAG`")
	f.BoolVar(&o.debuginfo, "debuginfo", false, "with debuginfo rpms")
	f.BoolVar(&o.taskID, "task-id", false, "the argument is the id of the task that built it")
	f.BoolVar(&o.rpm, "rpm", false, "the argument is an rpm, fetch only that")
	f.StringVar(&o.key, "key", "", "copies signed with this `KEY`")
	f.BoolVar(&o.fallback, "fallback-unsigned", false, "with --key, unsigned ones where there is no signed copy")
	o.flags(f)
	return quick(env, cmd)
}

func (o *downloadBuildOptions) run(ctx context.Context, name string) error {
	if o.taskID && (o.rpm || o.latestFrom != "") || o.rpm && o.latestFrom != "" {
		return usagef("--task-id, --rpm and --latestfrom conflict")
	}
	s, top, err := o.open(ctx)
	if err != nil {
		return err
	}
	b, only, err := o.find(ctx, s, name)
	if err != nil {
		return err
	}
	var files []remoteFile
	dir := top.Build(b.VolumeName, b.Name, b.Version, b.Release)
	if o.btype != "" {
		files, err = o.archives(ctx, s, b, dir)
	} else {
		files, err = o.rpms(ctx, s, b, only, dir)
	}
	if err != nil {
		return err
	}
	return fetchAll(ctx, o.env, s, files, !o.noprogress)
}

// find is the build that is meant, and with --rpm the rpm.
func (o *downloadBuildOptions) find(ctx context.Context, s *koji.Session, name string) (*koji.Build, *koji.RPM, error) {
	switch {
	case o.latestFrom != "":
		var found []koji.TaggedBuild
		if err := s.Call(ctx, "listTagged", &found, o.latestFrom, koji.Named{"latest": true, "package": name}); err != nil {
			return nil, nil, err
		}
		if len(found) == 0 {
			return nil, nil, failf("%s has no builds of %s", o.latestFrom, name)
		}
		name = strconv.FormatInt(found[0].BuildID, 10)
	case o.taskID:
		id, err := strconv.ParseInt(name, 10, 64)
		if err != nil {
			return nil, nil, usagef("Task id must be a number: %s", name)
		}
		var found []koji.Build
		if err := s.Call(ctx, "listBuilds", &found, koji.Named{"taskID": id}); err != nil {
			return nil, nil, err
		}
		if len(found) == 0 {
			return nil, nil, failf("No associated build for task %s", name)
		}
		name = strconv.FormatInt(found[0].BuildID, 10)
	case o.rpm:
		var rpm *koji.RPM
		if err := s.Call(ctx, "getRPM", &rpm, name); err != nil {
			return nil, nil, err
		}
		if rpm == nil || rpm.BuildID == nil {
			return nil, nil, failf("No such rpm: %s", name)
		}
		b, err := lookBuild(ctx, s, strconv.FormatInt(*rpm.BuildID, 10))
		if err == nil && b == nil {
			err = failf("No such build: %d", *rpm.BuildID)
		}
		return b, rpm, err
	}
	b, err := lookBuild(ctx, s, name)
	if err == nil && b == nil {
		err = failf("No such build: %s", name)
	}
	return b, nil, err
}

func (o *downloadBuildOptions) rpms(ctx context.Context, s *koji.Session, b *koji.Build, only *koji.RPM, dir string) ([]remoteFile, error) {
	var rpms []koji.RPM
	if only != nil {
		rpms = []koji.RPM{*only}
	} else {
		named := koji.Named{"buildID": b.ID}
		if len(o.arches) > 0 {
			named["arches"] = o.arches
		}
		if err := s.Call(ctx, "listRPMs", &rpms, named); err != nil {
			return nil, err
		}
		if !o.debuginfo {
			rpms = slices.DeleteFunc(rpms, func(r koji.RPM) bool { return isDebug(r.Name) })
		}
	}
	if len(rpms) == 0 {
		if len(o.arches) > 0 {
			return nil, failf("No %s packages available for %s", strings.Join(o.arches, " or "), b.NVR)
		}
		return nil, failf("No packages available for %s", b.NVR)
	}
	slices.SortFunc(rpms, func(a, b koji.RPM) int { return cmp.Compare(a.FileName(), b.FileName()) })
	files := make([]remoteFile, len(rpms))
	for i, r := range rpms {
		file := r.FileName()
		plain := fmt.Sprintf("%s/%s/%s", dir, r.Arch, file)
		files[i] = remoteFile{path: plain, local: file, check: rpmCheck(r)}
		if o.key != "" {
			n := koji.NVRA{NVR: koji.NVR{Name: r.Name, Version: r.Version, Release: r.Release}, Arch: r.Arch}
			files[i].path = dir + "/" + signedPath(o.key, n)
			if o.fallback {
				files[i].otherwise = plain
			}
		}
	}
	return files, nil
}

// isDebug reports whether an rpm of this name holds only debugging data.
func isDebug(name string) bool {
	return strings.HasSuffix(name, "-debuginfo") || strings.HasSuffix(name, "-debugsource") || strings.Contains(name, "-debuginfo-")
}

func (o *downloadBuildOptions) archives(ctx context.Context, s *koji.Session, b *koji.Build, dir string) ([]remoteFile, error) {
	var found []archive
	if err := s.Call(ctx, "listArchives", &found, koji.Named{"buildID": b.ID, "type": o.btype}); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, failf("No %s archives available for %s", o.btype, b.NVR)
	}
	files := make([]remoteFile, len(found))
	for i, a := range found {
		if a.BType == "" {
			a.BType = o.btype
		}
		files[i] = remoteFile{path: dir + "/" + a.path(), local: a.FileName, check: archiveCheck(a)}
		if a.BType == "maven" || a.BType == "win" {
			files[i].local = strings.TrimPrefix(a.path(), a.BType+"/")
		}
		if clean := path.Clean("/" + files[i].local); clean == "/" || clean != "/"+files[i].local {
			return nil, failf("Refusing to write the archive named %q", files[i].local)
		}
	}
	return files, nil
}
