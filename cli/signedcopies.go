package cli

import (
	"cmp"
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"koji"
)

type listSignedOptions struct {
	env                  *Env
	debug                bool
	key, build, rpm, tag string
}

// newListSignedCommand is koji list-signed.
func newListSignedCommand(env *Env) *cobra.Command {
	o := &listSignedOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-signed [options]", Short: "List the signed copies of rpms that are below topdir", GroupID: admin,
		Long:    "Needs the hub's files below topdir.",
		Example: "koji list-signed --key 6d9f90a6 --tag f40", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.debug, "debug", false, "tell which copies are not there")
	f.Lookup("debug").Hidden = true
	f.StringVar(&o.key, "key", "", "only those signed with this `KEY`")
	f.StringVar(&o.build, "build", "", "only those of this build")
	f.StringVar(&o.rpm, "rpm", "", "only those of this rpm")
	f.StringVar(&o.tag, "tag", "", "only those of builds in this tag")
	return withData(env, cmd)
}

func (o *listSignedOptions) run(ctx context.Context) error {
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	rpms, err := o.rpms(ctx, s)
	if err != nil {
		return err
	}
	sigs, err := o.signatures(ctx, s, rpms)
	if err != nil {
		return err
	}
	paths, err := o.paths(ctx, s, sigs)
	if err != nil {
		return err
	}
	paths = slices.DeleteFunc(paths, func(path string) bool {
		_, err := os.Stat(path)
		if err != nil && o.debug {
			o.env.warn("No copy: %s", path)
		}
		return err != nil
	})
	return list(o.env, paths, "", func(path string) string { return path })
}

// rpms are the ids of those asked for; nil is all.
func (o *listSignedOptions) rpms(ctx context.Context, s *koji.Session) ([]int64, error) {
	var sets [][]koji.RPM
	if o.rpm != "" {
		var rpm *koji.RPM
		if err := s.Call(ctx, "getRPM", &rpm, idOrName(o.rpm), koji.Named{"strict": true}); err != nil {
			return nil, err
		}
		sets = append(sets, []koji.RPM{*rpm})
	}
	if o.build != "" {
		b, err := lookBuild(ctx, s, o.build)
		if err == nil && b == nil {
			err = failf("No such build: %s", o.build)
		}
		if err != nil {
			return nil, err
		}
		var rpms []koji.RPM
		if err := s.Call(ctx, "listRPMs", &rpms, koji.Named{"buildID": b.ID}); err != nil {
			return nil, err
		}
		sets = append(sets, rpms)
	}
	if o.tag != "" {
		var pair []any
		if err := s.Call(ctx, "listTaggedRPMS", &pair, o.tag, koji.Named{"inherit": false, "latest": false}); err != nil {
			return nil, err
		}
		var rpms []koji.RPM
		if err := unpack(pair, &rpms, new(any)); err != nil {
			return nil, err
		}
		sets = append(sets, rpms)
	}
	if sets == nil {
		return nil, nil
	}
	in := map[int64]int{} // in how many sets
	ids := []int64{}
	for _, set := range sets {
		for _, r := range set {
			if in[r.ID]++; in[r.ID] == len(sets) {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids, nil
}

func (o *listSignedOptions) signatures(ctx context.Context, s *koji.Session, rpms []int64) ([]rpmSig, error) {
	named := koji.Named{}
	if o.key != "" {
		named["sigkey"] = o.key
	}
	if rpms == nil {
		var sigs []rpmSig
		return sigs, s.Call(ctx, "queryRPMSigs", &sigs, named)
	}
	found := make([][]rpmSig, len(rpms))
	m := s.Multicall()
	for i, id := range rpms {
		one := koji.Named{"rpm_id": id}
		put(one, "sigkey", orNil(o.key))
		m.Add(&found[i], "queryRPMSigs", one)
	}
	if m.Len() == 0 {
		return nil, nil
	}
	if err := m.Run(ctx); err != nil {
		return nil, firstError(m)
	}
	return slices.Concat(found...), nil
}

// orNil is nil for no text.
func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// paths are where the signed copies are, or would be, in their order.
func (o *listSignedOptions) paths(ctx context.Context, s *koji.Session, sigs []rpmSig) ([]string, error) {
	sigs = slices.DeleteFunc(sigs, func(sig rpmSig) bool { return sig.SigKey == "" })
	rpms := map[int64]*koji.RPM{}
	m := s.Multicall()
	for _, sig := range sigs {
		if rpms[sig.RPMID] == nil {
			rpms[sig.RPMID] = new(koji.RPM)
			m.Add(rpms[sig.RPMID], "getRPM", sig.RPMID, koji.Named{"strict": true})
		}
	}
	if m.Len() == 0 {
		return nil, nil
	}
	if err := m.Run(ctx); err != nil {
		return nil, firstError(m)
	}
	builds := map[int64]*koji.Build{}
	m = s.Multicall()
	for _, r := range rpms {
		if r.BuildID != nil && builds[*r.BuildID] == nil {
			builds[*r.BuildID] = new(koji.Build)
			m.Add(builds[*r.BuildID], "getBuild", *r.BuildID, koji.Named{"strict": true})
		}
	}
	if m.Len() == 0 {
		return nil, nil
	}
	if err := m.Run(ctx); err != nil {
		return nil, firstError(m)
	}
	slices.SortFunc(sigs, func(a, b rpmSig) int { return cmp.Or(cmp.Compare(a.RPMID, b.RPMID), cmp.Compare(a.SigKey, b.SigKey)) })
	var paths []string
	top := koji.Paths{Top: o.env.profile.TopDir}
	for _, sig := range sigs {
		r := rpms[sig.RPMID]
		if r.BuildID == nil {
			continue
		}
		b := builds[*r.BuildID]
		n := koji.NVRA{NVR: koji.NVR{Name: r.Name, Version: r.Version, Release: r.Release}, Arch: r.Arch}
		paths = append(paths, top.Build(b.VolumeName, b.Name, b.Version, b.Release)+"/"+signedPath(sig.SigKey, n))
	}
	return paths, nil
}
