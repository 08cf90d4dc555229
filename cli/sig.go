package cli

import (
	"context"
	"crypto/md5" //nolint:gosec // Koji's name for a signature header, no protection
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/rpmfile"
)

// rpmSig is a signature that the hub knows of an rpm.
type rpmSig struct {
	RPMID   int64  `xmlrpc:"rpm_id"`
	SigHash string `xmlrpc:"sighash"`
	SigKey  string `xmlrpc:"sigkey"`
}

type importSigOptions struct {
	env                   *Env
	unsigned, write, test bool
}

// newImportSigCommand is koji import-sig.
func newImportSigCommand(env *Env) *cobra.Command {
	o := &importSigOptions{env: env}
	cmd := &cobra.Command{
		Use: "import-sig [options] <package> [<package> ...]", Short: "Import the signatures of rpms", GroupID: admin,
		Long:    "Keeps the signatures of the files, and makes signed copies of the hub's rpms. The rpms must have been imported before.",
		Example: "koji import-sig signed/bash-5.2-1.x86_64.rpm", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.unsigned, "with-unsigned", false, "import the signature headers of unsigned rpms too")
	f.BoolVar(&o.write, "write", false, "obsolete: signed copies are always written")
	f.Lookup("write").Hidden = true
	f.BoolVar(&o.test, "test", false, "only tell what would be imported")
	return cmd
}

func (o *importSigOptions) run(ctx context.Context, paths []string) error {
	files := make([]*rpmfile.File, len(paths))
	for i, path := range paths {
		f, err := rpmfile.Open(path)
		if err != nil {
			return usagef("%v", err)
		}
		files[i] = f
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := o.one(ctx, s, f); err != nil {
			return err
		}
	}
	return nil
}

func (o *importSigOptions) one(ctx context.Context, s *koji.Session, f *rpmfile.File) error {
	key := f.Signature.Key
	if key == "" && !o.unsigned {
		o.env.say("Skipping unsigned package: %s", f.Path)
		return nil
	}
	var rpm *koji.RPM
	if err := s.Call(ctx, "getRPM", &rpm, rpmKey(f.Header)); err != nil {
		return err
	}
	if rpm == nil || rpm.ExternalRepoID != 0 {
		o.env.say("No such rpm in system: %s", f.NVRA())
		return nil
	}
	var known []rpmSig
	if err := s.Call(ctx, "queryRPMSigs", &known, koji.Named{"rpm_id": rpm.ID, "sigkey": key}); err != nil {
		return err
	}
	if len(known) > 0 {
		sum := md5.Sum(f.Signature.Header) //nolint:gosec // see above
		if known[0].SigHash == hex.EncodeToString(sum[:]) {
			o.env.say("Signature already imported: %s", f.Path)
		} else {
			o.env.warn("%s has another signature with the key %s already; %s is skipped", f.NVRA(), key, f.Path)
		}
		return nil
	}
	o.env.say("Importing signature [key %s] from %s...", key, f.Path)
	if !o.test {
		if err := s.Call(ctx, "addRPMSig", nil, rpm.ID, base64.StdEncoding.EncodeToString(f.Signature.Header)); err != nil {
			return err
		}
	}
	o.env.say("Writing signed copy")
	if o.test {
		return nil
	}
	return s.Call(ctx, "writeSignedRPM", nil, rpm.ID, key)
}

type writeSignedOptions struct {
	env     *Env
	all     bool
	buildID string
}

// newWriteSignedRPMCommand is koji write-signed-rpm.
func newWriteSignedRPMCommand(env *Env) *cobra.Command {
	o := &writeSignedOptions{env: env}
	cmd := &cobra.Command{
		Use: "write-signed-rpm [options] <signature-key> <n-v-r> [<n-v-r> ...]", Short: "Write copies of rpms that are signed with a key", GroupID: admin,
		Example: "koji write-signed-rpm 6d9f90a6 bash-5.2-1.fc40", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), strings.ToLower(args[0]), args[1:])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "of all rpms that have a signature of the key")
	f.StringVar(&o.buildID, "buildid", "", "of the rpms of the build with this `ID`")
	return cmd
}

func (o *writeSignedOptions) run(ctx context.Context, key string, names []string) error {
	if len(names) == 0 && !o.all && o.buildID == "" {
		return usagef("At least one RPM must be specified")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	rpms, err := o.find(ctx, s, key, names)
	if err != nil {
		return err
	}
	// One after the other: each is a file that the hub writes.
	for _, r := range rpms {
		o.env.say("%s", strings.TrimSuffix(r.FileName(), ".rpm"))
		if err := s.Call(ctx, "writeSignedRPM", nil, r.ID, key); err != nil {
			return err
		}
	}
	return nil
}

func (o *writeSignedOptions) find(ctx context.Context, s *koji.Session, key string, names []string) ([]koji.RPM, error) {
	switch {
	case o.all:
		var sigs []rpmSig
		if err := s.Call(ctx, "queryRPMSigs", &sigs, koji.Named{"sigkey": key}); err != nil {
			return nil, err
		}
		rpms := make([]koji.RPM, len(sigs))
		m := s.Multicall()
		for i, sig := range sigs {
			m.Add(&rpms[i], "getRPM", sig.RPMID, koji.Named{"strict": true})
		}
		if m.Len() == 0 {
			return nil, nil
		}
		if err := m.Run(ctx); err != nil {
			return nil, firstError(m)
		}
		return rpms, nil
	case o.buildID != "":
		id, err := strconv.ParseInt(o.buildID, 10, 64)
		if err != nil {
			return nil, usagef("Build id must be a number: %s", o.buildID)
		}
		var rpms []koji.RPM
		return rpms, s.Call(ctx, "listRPMs", &rpms, koji.Named{"buildID": id})
	}
	var all []koji.RPM
	for _, name := range names {
		rpms, err := namedRPMs(ctx, s, name)
		if err != nil {
			return nil, err
		}
		all = append(all, rpms...)
	}
	return all, nil
}

// namedRPMs are the rpms of a build, or the one rpm of that name.
func namedRPMs(ctx context.Context, s *koji.Session, name string) ([]koji.RPM, error) {
	b, err := lookBuild(ctx, s, name)
	if err != nil {
		return nil, err
	}
	if b != nil {
		var rpms []koji.RPM
		return rpms, s.Call(ctx, "listRPMs", &rpms, koji.Named{"buildID": b.ID})
	}
	var rpm *koji.RPM
	if err := s.Call(ctx, "getRPM", &rpm, name); err != nil {
		return nil, err
	}
	if rpm == nil {
		return nil, failf("No such rpm or build: %s", name)
	}
	return []koji.RPM{*rpm}, nil
}

type removeSigOptions struct {
	env *Env
	key string
	all bool
}

// newRemoveSigCommand is koji remove-sig.
func newRemoveSigCommand(env *Env) *cobra.Command {
	o := &removeSigOptions{env: env}
	cmd := &cobra.Command{
		Use: "remove-sig [options] <rpm-id/n-v-r.a/rpminfo>", Short: "Delete signatures of an rpm, and its signed copies", GroupID: admin,
		Example: "koji remove-sig --sigkey 6d9f90a6 bash-5.2-1.fc40.x86_64", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.key, "sigkey", "", "the signature of this `KEY`")
	f.BoolVar(&o.all, "all", false, "all signatures")
	return cmd
}

func (o *removeSigOptions) run(ctx context.Context, name string) error {
	switch {
	case o.key == "" && !o.all:
		return usagef("Either --sigkey or --all options must be given")
	case o.key != "" && o.all:
		return usagef("Conflicting options specified: --sigkey and --all")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	named := koji.Named{"all_sigs": o.all}
	if o.key != "" {
		named["sigkey"] = strings.ToLower(o.key)
	}
	return s.Call(ctx, "deleteRPMSig", nil, idOrName(name), named)
}
