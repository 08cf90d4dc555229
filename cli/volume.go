package cli

import (
	"github.com/spf13/cobra"

	"koji"
)

// volume is a place where builds are kept.
type volume struct {
	ID   int64  `xmlrpc:"id"`
	Name string `xmlrpc:"name"`
}

// newAddVolumeCommand is koji add-volume.
func newAddVolumeCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use: "add-volume <volume-name>", Short: "Create a volume: another place for builds", GroupID: admin,
		Example: "koji add-volume archive", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			var made volume
			if err := s.Call(cmd.Context(), "addVolume", &made, args[0]); err != nil {
				return err
			}
			env.say("Added volume %s with id %d", made.Name, made.ID)
			return nil
		},
	}
}

// newListVolumesCommand is koji list-volumes.
func newListVolumesCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list-volumes", Short: "List volumes", GroupID: info, Example: "koji list-volumes", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := env.Anonymous(cmd.Context())
			if err != nil {
				return err
			}
			var volumes []volume
			if err := s.Call(cmd.Context(), "listVolumes", &volumes); err != nil {
				return err
			}
			return list(env, volumes, "", func(v volume) string { return v.Name })
		},
	}
	return withData(env, cmd)
}

// newSetBuildVolumeCommand is koji set-build-volume.
func newSetBuildVolumeCommand(env *Env) *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use: "set-build-volume <volume> <n-v-r> [<n-v-r> ...]", Short: "Move builds to a volume", GroupID: admin,
		Example: "koji set-build-volume archive bash-5.0-1.fc30", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			s, err := env.Session(ctx)
			if err != nil {
				return err
			}
			var volumes []volume
			if err := s.Call(ctx, "listVolumes", &volumes); err != nil {
				return err
			}
			known := false
			for _, v := range volumes {
				known = known || v.Name == args[0]
			}
			if !known {
				return failf("No such volume: %s. Perhaps you want koji add-volume", args[0])
			}
			if err := needAll[koji.Build](ctx, env, s, "getBuild", "build", args[1:]); err != nil {
				return err
			}
			// One after the other: each is a move of files that may take its time.
			for _, nvr := range args[1:] {
				if err := s.Call(ctx, "changeBuildVolume", nil, nvr, args[0]); err != nil {
					return err
				}
				if verbose {
					env.printf("%s: -> %s", nvr, args[0])
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell each move")
	return cmd
}
