package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/lazyregexp"
	"koji/internal/safetext"
)

// The ways to say what to build.
const (
	sourceURL = iota
	sourceFile
	sourceAgain
)

// The options of a build, in their order in the form.
const (
	flagScratch = iota
	flagWaitRepo
	flagFailFast
	flagSkipTag
	flagDraft
)

// buildForm are the fields of a new build.
type buildForm struct {
	kind, source, again, target, flags, arches, priority *field
}

// newBuildForm is the view that starts a build.
func newBuildForm(e *env) *formView {
	b := &buildForm{
		kind:     choiceField("source", "SCM URL", "SRPM file", "again"),
		source:   textField("from", ""),
		again:    pickField("of the last", "", func() []choice { return sourcesKept(e) }),
		target:   pickField("target", "", e.names(listTargets)),
		flags:    flagsField("options", "scratch", "wait for repo", "fail fast", "skip tag", "draft"),
		arches:   textField("arch override", ""),
		priority: textField("priority", ""),
	}
	b.target.edit.limit, b.target.note = 256, e.repoAge
	v := &formView{screen: newScreen(e), name: "new build"}
	v.form = newForm(e, b.kind, b.source, b.again, b.target, b.flags, b.arches, b.priority)
	v.form.fill(e.kept.Drafts[v.name])
	v.form.focus(1)
	v.check = func(v *formView) plan { return b.plan(v.e) }
	v.load = func() tea.Cmd { return e.fetchNames(listTargets) }
	return v
}

// sourcesKept are what was built last.
func sourcesKept(e *env) []choice {
	list := []choice{}
	for _, s := range e.kept.Sources {
		list = append(list, choice{value: s})
	}
	return list
}

// plan reads the form.
func (b *buildForm) plan(e *env) plan {
	var p plan
	b.source.why, b.again.why = "", "only with again"
	if b.kind.chosen == sourceAgain {
		b.source.why, b.again.why = "chosen below", ""
	}
	b.arches.why = ""
	if !b.flags.flags[flagScratch] {
		b.arches.why = "only with scratch"
	}
	b.priority.about = "20 is usual; the lower, the sooner"
	if !e.me.admin() {
		b.priority.about = "20 or more; lower needs admin"
	}
	source := b.source.text()
	if b.kind.chosen == sourceAgain {
		source = b.again.text()
	}
	file := b.kind.chosen == sourceFile || b.kind.chosen == sourceAgain && !strings.Contains(source, "://")
	var fault string
	b.source.about, b.source.wrong = "", false
	if file {
		source = expandHome(source)
		fault, b.source.about = lookAtSRPM(source)
	} else {
		fault, b.source.about = lookAtURL(source)
		b.source.wrong = strings.HasPrefix(b.source.about, "no ")
	}
	opts := b.opts()
	p.source = source
	if source != "" && b.target.text() != "" {
		p.command = e.commandLine("build", b.args(source)...)
	}
	priority, why := b.relativePriority(e)
	target := b.target.text()
	switch {
	case e.whyOffline() != "":
		p.why = e.whyOffline()
	case fault != "":
		p.why = fault
	case b.target.unsure() != "":
		p.why = b.target.unsure()
	case !b.target.listed():
		p.why = "no target is named " + target
	case why != "":
		p.why = why
	case b.flags.flags[flagScratch] && b.flags.flags[flagDraft]:
		p.why = "a draft can't be scratch"
	}
	p.do = func(ctx context.Context, up *transfer) (int64, error) {
		src := source
		if file {
			dir, err := e.uploadSRPM(ctx, source, up)
			if err != nil {
				return 0, err
			}
			src = dir
		}
		named := koji.Named{}
		if priority != 0 {
			named["priority"] = priority
		}
		var id int64
		err := e.modify(ctx, &id, "build", src, target, opts, named)
		return id, err
	}
	return p
}

// opts are the options as the build task takes them.
func (b *buildForm) opts() map[string]any {
	opts := map[string]any{}
	for i, name := range []string{"scratch", "wait_repo", "fail_fast", "skip_tag", "draft"} {
		if b.flags.flags[i] {
			opts[name] = true
		}
	}
	if arches := b.arches.text(); arches != "" && b.flags.flags[flagScratch] {
		opts["arch_override"] = strings.Join(strings.Fields(strings.ReplaceAll(arches, ",", " ")), " ")
	}
	return opts
}

// args are the arguments of koji build that do the same.
func (b *buildForm) args(source string) []any {
	var args []any
	for i, name := range []string{"--scratch", "--wait-repo", "--fail-fast", "--skip-tag", "--draft"} {
		if b.flags.flags[i] {
			args = append(args, name)
		}
	}
	if arches := b.arches.text(); arches != "" && b.flags.flags[flagScratch] {
		args = append(args, "--arch-override="+strings.Join(strings.Fields(strings.ReplaceAll(arches, ",", " ")), ","))
	}
	if b.priority.text() == "25" {
		args = append(args, "--background")
	}
	return append(args, b.target.text(), source)
}

// usualPriority is that of a build for which none is said; the hub takes what
// differs from it.
const usualPriority = 20

func (b *buildForm) relativePriority(e *env) (n int64, why string) {
	text := b.priority.text()
	if text == "" {
		return 0, ""
	}
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil || n < 0:
		return 0, "the priority is a number"
	case n < usualPriority && !e.me.admin():
		return 0, fmt.Sprintf("a priority below %d needs admin; %s", usualPriority, e.have())
	}
	return n - usualPriority, ""
}

var commit = lazyregexp.New(`^[0-9a-f]{7,64}$`)

// lookAtURL is what is wrong with an SCM URL, and what can be said about it.
func lookAtURL(text string) (fault, about string) {
	if text == "" {
		return "no SCM URL yet", ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "that is no URL", ""
	case u.Scheme == "" || u.Host == "":
		return "an SCM URL is like git+https://host/path#revision", ""
	case u.Fragment == "":
		return "no #revision at the end", "no #revision"
	case commit().MatchString(u.Fragment):
		return "", "the revision is a commit"
	}
	return "", "the revision is a branch or a tag"
}

// lookAtSRPM is what is wrong with the file to upload, and what can be said about it.
func lookAtSRPM(file string) (fault, about string) {
	if file == "" {
		return "no file yet", ""
	}
	st, err := os.Stat(file)
	switch {
	case err != nil:
		why := err
		var pe *fs.PathError
		if errors.As(err, &pe) {
			why = pe.Err
		}
		return fmt.Sprintf("%s: %v", safetext.Clean(file), why), ""
	case !st.Mode().IsRegular():
		return "that is no file", ""
	case !strings.HasSuffix(file, ".src.rpm"):
		return "that is no source rpm", ""
	}
	return "", bytesText(st.Size())
}

// expandHome is a path whose ~ is the user's home.
func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// uploadSRPM uploads a file and gives its path in the upload area.
func (e *env) uploadSRPM(ctx context.Context, file string, up *transfer) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	dir := fmt.Sprintf("cli-build/%d.%08x", e.now().Unix(), rand.Uint32())
	name := filepath.Base(file)
	err = e.act.Upload(ctx, dir, name, f, koji.UploadOptions{Progress: func(done, total int64) {
		up.done.Store(done)
		up.total.Store(total)
		e.meter.add(e.now(), byUser)
	}})
	return dir + "/" + name, err
}

// lastSources is how many sources are kept to build again.
const lastSources = 10

// keepSource remembers what was built.
func (e *env) keepSource(source string) {
	list := slices.DeleteFunc(slices.Clone(e.kept.Sources), func(s string) bool { return s == source })
	list = append([]string{source}, list...)
	e.kept.Sources = list[:min(len(list), lastSources)]
}
