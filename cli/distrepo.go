package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"koji"
)

type distRepoOptions struct {
	env                             *Env
	allowMissing, skipMissing       bool
	arches, deltas                  []string
	withSource, splitDebug          bool
	comps, volume, multilib, zckDir string
	event                           int64
	nonLatest, noInherit            bool
	zck, writeSigned                bool
	skipStat, noSkipStat            bool
	wait                            waitOption
}

// newDistRepoCommand is koji dist-repo.
func newDistRepoCommand(env *Env) *cobra.Command {
	o := &distRepoOptions{env: env}
	cmd := &cobra.Command{
		Use: "dist-repo [options] <tag> <key_id> [<key_id> ...]", Short: "Create a repo of signed rpms, to be given away", GroupID: misc,
		Long:    "Of each rpm the repo has the copy signed with the first of the keys that it is signed with.",
		Example: "koji dist-repo --with-src f40 6d9f90a6", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd.Flags(), args[0], args[1:])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.allowMissing, "allow-missing-signatures", false, "take unsigned rpms where no copy is signed with a key")
	f.StringArrayVarP(&o.arches, "arch", "a", nil, "for this arch; by default for those of the tag (repeatable)")
	f.BoolVar(&o.withSource, "with-src", false, "with a repo of the source rpms")
	f.BoolVar(&o.splitDebug, "split-debuginfo", false, "with a repo of its own for debuginfo")
	f.StringVar(&o.comps, "comps", "", "with the package groups of this `FILE`")
	f.StringArrayVar(&o.deltas, "delta-rpms", nil, "with delta rpms against this `REPO`, by id or tag (repeatable)")
	f.Int64Var(&o.event, "event", 0, "of the tag as it was at `EVENT`")
	f.StringVar(&o.volume, "volume", "", "put it on this volume")
	f.BoolVar(&o.nonLatest, "non-latest", false, "with older builds too")
	f.StringVar(&o.multilib, "multilib", "", "with rpms of other arches, as this `FILE` configures")
	f.BoolVar(&o.noInherit, "noinherit", false, "without what the tag inherits")
	o.wait.flags(f)
	f.BoolVar(&o.skipMissing, "skip-missing-signatures", false, "leave out rpms that aren't signed with a key")
	f.BoolVar(&o.zck, "zck", false, "with zchunk metadata")
	f.StringVar(&o.zckDir, "zck-dict-dir", "", "`DIRECTORY` of zchunk dictionaries, on the builders")
	f.BoolVar(&o.writeSigned, "write-signed-rpms", false, "write signed copies that are missing first")
	f.BoolVar(&o.skipStat, "skip-stat", false, "trust the old metadata about files of the same size and time")
	f.BoolVar(&o.noSkipStat, "no-skip-stat", false, "don't")
	return cmd
}

func (o *distRepoOptions) run(ctx context.Context, f *pflag.FlagSet, tagName string, keys []string) error {
	if err := o.check(keys); err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	tag, err := findTag(ctx, s, tagName)
	if err != nil {
		return err
	}
	list, err := o.archList(tag)
	if err != nil {
		return err
	}
	deltas, err := o.deltaRepos(ctx, s)
	if err != nil {
		return err
	}
	opts := koji.Named{
		"arch": list, "delta": deltas, "inherit": !o.noInherit, "latest": !o.nonLatest,
		"split_debuginfo": o.splitDebug, "skip_missing_signatures": o.skipMissing, "allow_missing_signatures": o.allowMissing,
		"zck": o.zck, "write_signed_rpms": o.writeSigned,
		"comps": nil, "multilib": nil, "event": nil, "volume": nil, "zck_dict_dir": nil,
	}
	for key, value := range map[string]string{"volume": o.volume, "zck_dict_dir": o.zckDir} {
		if value != "" {
			opts[key] = value
		}
	}
	if f.Changed("event") {
		opts["event"] = o.event
	}
	if o.skipStat || o.noSkipStat {
		opts["createrepo_skip_stat"] = o.skipStat
	}
	dir := uploadDir("cli-dist-repo")
	for key, file := range map[string]string{"comps": o.comps, "multilib": o.multilib} {
		if file == "" {
			continue
		}
		if err := uploadFile(ctx, o.env, s, file, dir, true); err != nil {
			return err
		}
		opts[key] = dir + "/" + filepath.Base(file)
	}
	if keys == nil {
		keys = []string{}
	}
	var id int64
	if err := s.Call(ctx, "distRepo", &id, tag.Name, keys, opts); err != nil {
		return err
	}
	o.env.say("Creating dist repo for tag %s", tag.Name)
	if !o.wait.wants(o.env) {
		return nil
	}
	return watchTasks(ctx, o.env, []int64{id})
}

// check finds options that don't go together, and files that aren't there.
func (o *distRepoOptions) check(keys []string) error {
	switch {
	case len(keys) == 0 && !o.allowMissing:
		return usagef("Please specify one or more GPG key IDs (or --allow-missing-signatures)")
	case o.allowMissing && o.skipMissing:
		return usagef("--allow-missing-signatures conflicts with --skip-missing-signatures")
	case o.skipStat && o.noSkipStat:
		return usagef("--skip-stat conflicts with --no-skip-stat")
	case o.comps != "" && o.multilib != "" && filepath.Base(o.comps) == filepath.Base(o.multilib):
		return usagef("The files of --comps and --multilib need different names")
	}
	for _, file := range []string{o.comps, o.multilib} {
		if file == "" {
			continue
		}
		if _, err := os.Stat(file); err != nil {
			return usagef("%s: no such file", file)
		}
	}
	return nil
}

// archList are the arches of the repo.
func (o *distRepoOptions) archList(tag *koji.Tag) ([]string, error) {
	own, err := koji.ArchList(text(tag.Arches))
	if err != nil {
		return nil, failf("The arches of tag %s are wrong: %v", tag.Name, err)
	}
	list := own
	if len(o.arches) > 0 {
		if list, err = koji.ArchList(strings.Join(o.arches, " ")); err != nil {
			return nil, usagef("%v", err)
		}
		for _, arch := range list {
			if !slices.Contains(own, arch) && arch != "src" {
				o.env.warn("Warning: %s is not in the list of tag arches", arch)
			}
		}
	}
	// Rpms for all arches are in the repos of each.
	list = slices.DeleteFunc(slices.Clone(list), func(arch string) bool { return arch == "noarch" })
	if len(list) == 0 {
		return nil, usagef("No arches given and no arches associated with tag")
	}
	if o.withSource && !slices.Contains(list, "src") {
		list = append(list, "src")
	}
	for wide, narrow := range map[string]string{"x86_64": "i686", "s390x": "s390", "ppc64": "ppc"} {
		if o.multilib != "" && slices.Contains(list, wide) && !slices.Contains(list, narrow) {
			return nil, usagef("The multilib arch (%s) must be included", narrow)
		}
	}
	return list, nil
}

// deltaRepos are the dist repos to make delta rpms against.
func (o *distRepoOptions) deltaRepos(ctx context.Context, s *koji.Session) ([]int64, error) {
	ids := []int64{}
	for _, name := range o.deltas {
		if id, err := strconv.ParseInt(name, 10, 64); err == nil {
			ids = append(ids, id)
			continue
		}
		tag, err := findTag(ctx, s, name)
		if err != nil {
			return nil, err
		}
		var repo *koji.Repo
		if err := s.Call(ctx, "getRepo", &repo, tag.ID, koji.Named{"dist": true}); err != nil {
			return nil, err
		}
		if repo == nil {
			return nil, usagef("Tag %s has no dist repo", name)
		}
		ids = append(ids, repo.ID)
	}
	return ids, nil
}
