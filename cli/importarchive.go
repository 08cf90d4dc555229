package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/pom"
)

type importArchiveOptions struct {
	env                      *Env
	noprogress, create, link bool
	btype, info              string
}

// newImportArchiveCommand is koji import-archive.
func newImportArchiveCommand(env *Env) *cobra.Command {
	o := &importArchiveOptions{env: env}
	cmd := &cobra.Command{
		Use: "import-archive <build-id|n-v-r> <archive_path> [<archive_path> ...]", Short: "Import files that are no rpms into a build", GroupID: admin,
		Long: "--type-info is for maven the path of a .pom file, for win relpath:platforms[:flags] with blanks between\n" +
			"platforms and flags, for image the arch.",
		Example: "koji import-archive --type maven --type-info x-1.pom --create-build org.example-x-1-1 x-1.pom x-1.jar", Args: arguments(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1:]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
	f.BoolVar(&o.create, "create-build", false, "create the build if it is missing")
	f.BoolVar(&o.link, "link", false, "link the files into the hub's directory instead of uploading them")
	f.StringVar(&o.btype, "type", "", "what they are: maven, win or image")
	f.StringVar(&o.info, "type-info", "", "what the type asks for, see above")
	return cmd
}

func (o *importArchiveOptions) run(ctx context.Context, name string, paths []string) error {
	switch {
	case o.btype == "":
		return usagef("You must specify an archive type")
	case o.info == "":
		return usagef("You must specify --type-info")
	}
	info, err := archiveInfo(o.btype, o.info)
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	if err := mayNot(ctx, s, o.btype+"-import"); err != nil {
		return err
	}
	b, err := lookBuild(ctx, s, name)
	if err == nil && b == nil {
		b, err = o.newBuild(ctx, s, name, info)
	}
	if err != nil {
		return err
	}
	for _, path := range paths {
		dir := uploadDir("cli-import")
		if err := o.env.stage(ctx, s, path, dir, !o.noprogress, o.link); err != nil {
			return err
		}
		// All that getBuild says travels back: the hub takes the build from it.
		if err := s.Call(ctx, "importArchive", nil, dir+"/"+filepath.Base(path), map[string]any{
			"id": b.ID, "name": b.Name, "version": b.Version, "release": b.Release, "epoch": b.Epoch,
		}, o.btype, info); err != nil {
			return err
		}
		o.env.say("Imported: %s", path)
	}
	return nil
}

// archiveInfo reads --type-info.
func archiveInfo(btype, text string) (map[string]any, error) {
	switch btype {
	case "maven":
		f, err := os.Open(text)
		if err != nil {
			return nil, usagef("--type-info must be the path of a .pom file: %v", err)
		}
		defer f.Close()
		p, err := pom.Read(f)
		if err != nil {
			return nil, failf("Unable to read %s: %v", text, err)
		}
		return map[string]any{"group_id": p.GroupID, "artifact_id": p.ArtifactID, "version": p.Version}, nil
	case "win":
		parts := strings.Split(text, ":")
		if len(parts) < 2 || len(parts) > 3 {
			return nil, usagef("--type-info must be in relpath:platforms[:flags] format")
		}
		info := map[string]any{"relpath": parts[0], "platforms": strings.Fields(parts[1]), "flags": []string{}}
		if len(parts) == 3 {
			info["flags"] = strings.Fields(parts[2])
		}
		return info, nil
	case "image":
		return map[string]any{"arch": text}, nil
	}
	return nil, usagef("Unsupported archive type: %s: want maven, win or image", btype)
}

// newBuild creates the build that is missing, if that is wanted.
func (o *importArchiveOptions) newBuild(ctx context.Context, s *koji.Session, name string, info map[string]any) (*koji.Build, error) {
	if !o.create {
		return nil, usagef("No such build: %s. Perhaps you want --create-build", name)
	}
	nvr, err := koji.ParseNVR(name)
	if err != nil {
		return nil, usagef("%v", err)
	}
	build := map[string]any{"name": nvr.Name, "version": nvr.Version, "release": nvr.Release, "epoch": nil}
	switch o.btype {
	case "maven":
		err = s.Call(ctx, "createMavenBuild", nil, build, info)
	case "win":
		err = s.Call(ctx, "createWinBuild", nil, build, map[string]any{"platform": "import"})
	case "image":
		err = s.Call(ctx, "createImageBuild", nil, build)
	}
	if err != nil {
		return nil, err
	}
	b, err := lookBuild(ctx, s, name)
	if err == nil && b == nil {
		err = failf("No such build: %s, though it was just created", name)
	}
	return b, err
}
