package cli

import (
	"context"
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"koji"
)

// newGrantCGAccessCommand is koji grant-cg-access.
func newGrantCGAccessCommand(env *Env) *cobra.Command {
	var create bool
	cmd := &cobra.Command{
		Use: "grant-cg-access <user> <content generator>", Short: "Let a user import as a content generator", GroupID: admin,
		Example: "koji grant-cg-access --new osbuild osbuild", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			named := koji.Named{}
			if create {
				named["create"] = true
			}
			return changeCGAccess(cmd.Context(), env, "grantCGAccess", args, named)
		},
	}
	cmd.Flags().BoolVar(&create, "new", false, "create the content generator if there is none")
	return cmd
}

// newRevokeCGAccessCommand is koji revoke-cg-access.
func newRevokeCGAccessCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "revoke-cg-access <user> <content generator>", Short: "Let a user no longer import as a content generator", GroupID: admin,
		Example: "koji revoke-cg-access osbuild osbuild", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeCGAccess(cmd.Context(), env, "revokeCGAccess", args, koji.Named{})
		},
	}
}

func changeCGAccess(ctx context.Context, env *Env, method string, args []string, named koji.Named) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	user, err := needUser(ctx, s, args[0])
	if err != nil {
		return err
	}
	return s.Call(ctx, method, nil, user.Name, args[1], named)
}

type reserveCGOptions struct {
	env      *Env
	draft    bool
	epoch    int64
	metadata bool
}

// newReserveCGCommand is koji reserve-cg.
func newReserveCGCommand(env *Env) *cobra.Command {
	o := &reserveCGOptions{env: env}
	cmd := &cobra.Command{
		Use: "reserve-cg [options] <cg> <nvr>|<metadata_file>", Short: "Reserve a build for a content generator", GroupID: admin,
		Example: "koji reserve-cg osbuild f40-image-1.0-1", Args: arguments(2, 2),
	}
	f := cmd.Flags()
	f.BoolVar(&o.draft, "draft", false, "a draft build")
	f.Int64Var(&o.epoch, "epoch", 0, "its epoch")
	f.BoolVar(&o.metadata, "metadata", false, "the argument is a file with metadata, not an NVR")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd.Context(), args[0], args[1], cmd.Flags().Changed("epoch"))
	}
	return withData(env, cmd)
}

func (o *reserveCGOptions) run(ctx context.Context, cg, what string, epoch bool) error {
	data, err := o.data(what)
	if err != nil {
		return err
	}
	if epoch {
		data["epoch"] = o.epoch
	}
	if o.draft {
		data["draft"] = true
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var r struct {
		Build int64  `xmlrpc:"build_id"`
		Token string `xmlrpc:"token"`
	}
	if err := s.Call(ctx, "CGInitBuild", &r, cg, data); err != nil {
		return err
	}
	if o.env.asData() {
		return o.env.printData(r)
	}
	o.env.printf("Reserved build %d with token '%s'", r.Build, r.Token)
	return nil
}

// data is what the hub shall know of the build: from the metadata, or its NVR.
func (o *reserveCGOptions) data(what string) (map[string]any, error) {
	if !o.metadata {
		nvr, err := koji.ParseNVR(what)
		if err != nil {
			return nil, usagef("%v", err)
		}
		return map[string]any{"name": nvr.Name, "version": nvr.Version, "release": nvr.Release, "epoch": nil}, nil
	}
	text, err := os.ReadFile(what)
	if err != nil {
		return nil, failf("Unable to read the metadata: %v", err)
	}
	var metadata struct{ Build map[string]any }
	if err := json.Unmarshal(text, &metadata); err != nil {
		return nil, failf("%s is no metadata: %v", what, err)
	}
	data := map[string]any{}
	for _, key := range []string{"name", "version", "release", "epoch"} {
		data[key] = metadata.Build[key]
		if n, ok := data[key].(float64); ok {
			data[key] = int64(n)
		}
	}
	return data, nil
}
