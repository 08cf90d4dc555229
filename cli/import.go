package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/rpmfile"
)

// stage brings a file to a directory of the upload area: by an upload, or with
// link by a hard link, for who has the hub's files at hand.
func (e *Env) stage(ctx context.Context, s *koji.Session, file, dir string, bar, link bool) error {
	if !link {
		return uploadFile(ctx, e, s, file, dir, bar)
	}
	e.say("Linking: %s", file)
	to := filepath.Join(koji.Paths{Top: e.profile.TopDir}.Work(""), dir)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return failf("Unable to link %s: %v", file, err)
	}
	if err := os.Link(file, filepath.Join(to, filepath.Base(file))); err != nil {
		return failf("Unable to link %s: %v", file, err)
	}
	return nil
}

type importOptions struct {
	env                *Env
	link, test, create bool
	epoch              string
}

// newImportCommand is koji import.
func newImportCommand(env *Env) *cobra.Command {
	o := &importOptions{env: env}
	cmd := &cobra.Command{
		Use: "import [options] <package> [<package> ...]", Short: "Import rpms that were built elsewhere", GroupID: admin,
		Long:    "Rpms belong to the build of their source rpm, which must be there or among the arguments, else --create-build makes it.",
		Example: "koji import bash-5.2-1.src.rpm bash-5.2-1.x86_64.rpm", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.link, "link", false, "link the files into the hub's directory instead of uploading them")
	f.BoolVar(&o.test, "test", false, "only tell what would be imported")
	f.BoolVar(&o.create, "create-build", false, "create builds that are missing")
	f.StringVar(&o.epoch, "src-epoch", "", "`EPOCH` of builds that are created")
	return cmd
}

// rpmsOfBuild are files to import into one build.
type rpmsOfBuild struct {
	nvr    string
	files  []*rpmfile.File
	source bool // a source rpm is among them
}

func (o *importOptions) run(ctx context.Context, paths []string) error {
	var epoch *int64
	if o.epoch != "" && !strings.EqualFold(o.epoch, "none") {
		n, err := strconv.ParseInt(o.epoch, 10, 64)
		if err != nil {
			return usagef("Invalid value for epoch: %s", o.epoch)
		}
		epoch = &n
	}
	builds, err := rpmsByBuild(paths)
	if err != nil {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	known := map[string]*koji.Build{}
	missing := false
	for _, b := range builds {
		if known[b.nvr], err = lookBuild(ctx, s, b.nvr); err != nil {
			return err
		}
		if known[b.nvr] == nil && !b.source {
			o.env.say("Missing build: %s", b.nvr)
			missing = true
		}
	}
	if missing && !o.create {
		o.env.warn("Aborting import")
		return nil // as Koji's client does
	}
	for _, b := range builds {
		if known[b.nvr] == nil && !b.source {
			if err := o.createBuild(ctx, s, b.nvr, epoch); err != nil {
				return err
			}
		}
		for _, file := range b.files {
			if err := o.importRPM(ctx, s, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// rpmsByBuild reads rpm files and sorts them by their builds, sources first.
func rpmsByBuild(paths []string) ([]*rpmsOfBuild, error) {
	var builds []*rpmsOfBuild
	for _, path := range paths {
		file, err := rpmfile.Open(path)
		if err != nil {
			return nil, failf("%v", err)
		}
		nvr := file.NVR()
		if !file.Source {
			source, err := koji.ParseNVRA(strings.TrimSuffix(file.SourceRPM, ".rpm"))
			if err != nil {
				return nil, failf("%s doesn't say which source rpm it is of: %v", path, err)
			}
			nvr = source.NVR.String()
		}
		i := slices.IndexFunc(builds, func(b *rpmsOfBuild) bool { return b.nvr == nvr })
		if i < 0 {
			i = len(builds)
			builds = append(builds, &rpmsOfBuild{nvr: nvr})
		}
		b := builds[i]
		if file.Source {
			b.files = slices.Insert(b.files, 0, file)
			b.source = true
		} else {
			b.files = append(b.files, file)
		}
	}
	slices.SortFunc(builds, func(a, b *rpmsOfBuild) int { return strings.Compare(a.nvr, b.nvr) })
	return builds, nil
}

func (o *importOptions) createBuild(ctx context.Context, s *koji.Session, text string, epoch *int64) error {
	nvr, err := koji.ParseNVR(text)
	if err != nil {
		return failf("%v", err)
	}
	if o.test {
		o.env.say("Test mode -- would have created empty build: %s", text)
		return nil
	}
	o.env.say("Creating empty build: %s", text)
	return s.Call(ctx, "createEmptyBuild", nil, nvr.Name, nvr.Version, nvr.Release, epoch)
}

// importRPM imports one file. That the hub won't have it is only told, as Koji's
// client does: the others may go in.
func (o *importOptions) importRPM(ctx context.Context, s *koji.Session, file *rpmfile.File) error {
	var known *koji.RPM
	if err := s.Call(ctx, "getRPM", &known, rpmKey(file.Header)); err != nil {
		return err
	}
	switch {
	case known != nil && known.ExternalRepoID == 0 && known.PayloadHash == file.SigMD5:
		o.env.say("RPM already imported: %s", file.Path)
		return nil
	case known != nil && known.ExternalRepoID == 0:
		o.env.warn("%s is not the %s that was imported already: its md5 differs. Skipped", file.Path, file.NVRA())
		return nil
	case o.test:
		o.env.say("Test mode -- would have imported: %s", file.Path)
		return nil
	}
	dir := uploadDir("cli-import")
	if err := o.env.stage(ctx, s, file.Path, dir, true, o.link); err != nil {
		return err
	}
	err := s.Call(ctx, "importRPM", nil, dir, filepath.Base(file.Path))
	var fault *koji.Error
	if errors.As(err, &fault) {
		o.env.warn("Error importing %s: %s", file.Path, fault.Text)
		return nil
	}
	if err == nil {
		o.env.say("Imported: %s", file.Path)
	}
	return err
}

// rpmKey names an rpm by its parts, as getRPM takes them.
func rpmKey(h *rpmfile.Header) map[string]any {
	return map[string]any{"name": h.Name, "version": h.Version, "release": h.Release, "arch": h.Arch}
}

type importCGOptions struct {
	env                           *Env
	noprogress, link, test, draft bool
	token                         string
	build                         int64
}

// newImportCGCommand is koji import-cg.
func newImportCGCommand(env *Env) *cobra.Command {
	o := &importCGOptions{env: env}
	cmd := &cobra.Command{
		Use: "import-cg [options] <metadata_file> <files_dir>", Short: "Import what a content generator built", GroupID: admin,
		Example: "koji import-cg metadata.json output/", Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0], args[1]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.noprogress, "noprogress", false, "no progress bar")
	f.BoolVar(&o.link, "link", false, "link the files into the hub's directory instead of uploading them")
	f.BoolVar(&o.test, "test", false, "only look whether all files are there")
	f.StringVar(&o.token, "token", "", "`TOKEN` of the reserved build")
	f.BoolVar(&o.draft, "draft", false, "import it as a draft")
	f.Int64Var(&o.build, "build-id", 0, "`ID` of the reserved build")
	return cmd
}

// cgFile is a file that metadata tells of.
type cgFile struct {
	path, dir string // here, and below the directory that is imported
}

func (o *importCGOptions) run(ctx context.Context, metadataFile, dir string) error {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return usagef("No such directory: %s", dir)
	}
	text, err := os.ReadFile(metadataFile)
	if err != nil {
		return failf("Unable to read the metadata: %v", err)
	}
	value, err := parseJSON(string(text))
	metadata, ok := value.(map[string]any)
	if err != nil || !ok {
		return failf("%s is no metadata: want a JSON object (%v)", metadataFile, err)
	}
	build, ok := metadata["build"].(map[string]any)
	if !ok && (o.draft || o.build != 0) {
		return failf("%s is no metadata: it has no build", metadataFile)
	}
	if o.draft {
		build["draft"] = true
	}
	if o.build != 0 {
		build["build_id"] = o.build
	}
	files, err := cgFiles(metadata, dir)
	if err != nil || o.test {
		return err
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	to := uploadDir("cli-import")
	for _, f := range files {
		if err := o.env.stage(ctx, s, f.path, filepath.Join(to, f.dir), !o.noprogress, o.link); err != nil {
			return err
		}
	}
	named := koji.Named{}
	if o.token != "" {
		named["token"] = o.token
	}
	return s.Call(ctx, "CGImport", nil, metadata, to, named)
}

// cgFiles finds the files of the metadata's output below dir.
func cgFiles(metadata map[string]any, dir string) ([]cgFile, error) {
	output, ok := metadata["output"].([]any)
	if !ok {
		return nil, failf("The metadata has no list of output")
	}
	var files []cgFile
	for i, item := range output {
		entry, _ := item.(map[string]any)
		if only, _ := entry["metadata_only"].(bool); only {
			continue
		}
		name, _ := entry["filename"].(string)
		below, _ := entry["relpath"].(string)
		rel := filepath.Join(below, name)
		if name == "" || filepath.Base(name) != name || !filepath.IsLocal(rel) {
			return nil, failf("Output %d of the metadata has no usable filename: %q in %q", i, name, below)
		}
		path := filepath.Join(dir, rel)
		if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
			return nil, usagef("No such file: %s", path)
		}
		files = append(files, cgFile{path, below})
	}
	return files, nil
}
