package kojid

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"koji"
)

const (
	repoPatience = 120 * time.Minute
	repoRecheck  = time.Minute // without being told to look
)

type waitrepoParams struct {
	Tag       any   `xmlrpc:"tag"`
	NewerThan any   `xmlrpc:"newer_than"`
	NVRs      []any `xmlrpc:"nvrs"`
	MinEvent  any   `xmlrpc:"min_event"`
}

// repoWait is a repo being waited for.
type repoWait struct {
	*Task
	tag      *koji.Tag
	nvrs     []koji.NVR
	minEvent any // as repo.request takes it
	after    any // an event: the tag must have changed since
	request  int64
	begun    time.Time
}

// runWaitrepo waits for a repo of a tag that has certain builds, or is newer
// than something, and asks for one if need be.
func runWaitrepo(ctx context.Context, t *Task) (any, error) {
	var p waitrepoParams
	if err := t.params(&p); err != nil {
		return nil, err
	}
	w := &repoWait{Task: t, minEvent: p.MinEvent, begun: time.Now()}
	ref := p.Tag
	if m, ok := ref.(map[string]any); ok {
		ref = m["id"]
	}
	if err := t.call(ctx, "getTag", &w.tag, ref, koji.Named{"strict": true}); err != nil {
		return nil, err
	}
	if err := w.wants(ctx, &p); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, repoPatience)
	defer cancel()
	repo, err := w.wait(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, koji.NewError(koji.CodeGeneric, w.gaveUp())
	}
	return repo, err
}

// wants finds out what the repo must have.
func (w *repoWait) wants(ctx context.Context, p *waitrepoParams) error {
	for _, v := range p.NVRs {
		nvr, err := nvrOf(v)
		if err != nil {
			return koji.NewError(koji.CodeParameter, err.Error())
		}
		w.nvrs = append(w.nvrs, nvr)
	}
	switch newer := p.NewerThan.(type) {
	case nil:
		return nil
	case string:
		if strings.EqualFold(newer, "now") {
			w.minEvent = "last"
			return nil
		}
		return koji.NewError(koji.CodeParameter, fmt.Sprintf("Invalid value for newer_than: %q", newer))
	case int64, float64:
		var ev *koji.Event
		if err := w.call(ctx, "getLastEvent", &ev, koji.Named{"before": newer}); err != nil {
			return err
		}
		if ev != nil {
			w.after = ev.ID
		}
		return nil
	}
	return koji.NewError(koji.CodeParameter, fmt.Sprintf("Invalid value for newer_than: %v", p.NewerThan))
}

// nvrOf reads a build's name, or its record.
func nvrOf(v any) (koji.NVR, error) {
	switch v := v.(type) {
	case string:
		return koji.ParseNVR(v)
	case map[string]any:
		name, _ := v["name"].(string)
		version, _ := v["version"].(string)
		release, _ := v["release"].(string)
		return koji.ParseNVR(name + "-" + version + "-" + release)
	}
	return koji.NVR{}, fmt.Errorf("%v names no build", v)
}

// wait looks until the repo is there, whenever the hub tells of a change or a
// minute has passed.
func (w *repoWait) wait(ctx context.Context) (*koji.Repo, error) {
	changed := w.listen(ctx)
	for {
		repo, err := w.look(ctx)
		if err != nil || repo != nil {
			return repo, err
		}
		late := time.NewTimer(repoRecheck)
		select {
		case <-changed:
		case <-late.C:
		case <-ctx.Done():
		}
		late.Stop()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// listen tells of changes of tags and repos, if the hub has an event stream.
func (w *repoWait) listen(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	go func() {
		for ctx.Err() == nil {
			err := w.listenOnce(ctx, tell)
			if errors.Is(err, koji.ErrNoStream) {
				return
			}
			if sleep(ctx, 5) != nil {
				return
			}
		}
	}()
	return changed
}

func (w *repoWait) listenOnce(ctx context.Context, tell func()) error {
	stream, err := w.hub.Events(ctx, koji.EventOptions{Kinds: []koji.NoticeKind{koji.NoticeRepo, koji.NoticeTag}, OnOpen: tell})
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		n, err := stream.Next(ctx)
		if err != nil && !errors.Is(err, koji.ErrGap) {
			return err
		}
		// Tags change through their parents, too, so a change of any tag counts
		// while builds are waited for; of repos only our tag's.
		if err != nil || n.Tag != nil || n.Repo != nil && n.Repo.Tag == w.tag.ID {
			tell()
		}
	}
}

// look does the next step that is possible now.
func (w *repoWait) look(ctx context.Context) (*koji.Repo, error) {
	if ready, err := w.tagReady(ctx); err != nil || !ready {
		return nil, err
	}
	if w.request == 0 {
		return w.ask(ctx)
	}
	var answer koji.RepoAnswer
	if err := w.call(ctx, "repo.checkRequest", &answer, w.request); err != nil {
		return nil, err
	}
	switch {
	case answer.Repo != nil:
		return answer.Repo, nil
	case answer.Request != nil && !answer.Request.Active:
		return nil, koji.NewError(koji.CodeGeneric, fmt.Sprintf("Repo request %d of tag %s was given up after %d tries", w.request, w.tag.Name, answer.Request.Tries))
	}
	return nil, nil
}

// tagReady says whether the tag has what the repo must have. Once it does, the
// repo must be no older than the tag.
func (w *repoWait) tagReady(ctx context.Context) (bool, error) {
	if len(w.nvrs) > 0 {
		m := w.hub.Multicall()
		tagged := make([][]koji.TaggedBuild, len(w.nvrs))
		for i, nvr := range w.nvrs {
			m.Add(&tagged[i], "listTagged", w.tag.ID, koji.Named{"package": nvr.Name, "inherit": true})
		}
		if err := m.Run(ctx); err != nil {
			return false, err
		}
		for i, nvr := range w.nvrs {
			if !hasBuild(tagged[i], nvr) {
				return false, nil
			}
		}
		w.nvrs, w.minEvent = nil, "last"
	}
	if w.after != nil {
		var ev *int64
		if err := w.call(ctx, "tagFirstChangeEvent", &ev, w.tag.ID, koji.Named{"after": w.after}); err != nil {
			return false, err
		}
		if ev == nil {
			return false, nil
		}
		w.after, w.minEvent = nil, *ev
	}
	return true, nil
}

func hasBuild(list []koji.TaggedBuild, nvr koji.NVR) bool {
	for _, b := range list {
		if b.Name == nvr.Name && b.Version == nvr.Version && b.Release == nvr.Release {
			return true
		}
	}
	return false
}

func (w *repoWait) ask(ctx context.Context) (*koji.Repo, error) {
	var answer koji.RepoAnswer
	if err := w.call(ctx, "repo.request", &answer, w.tag.ID, koji.Named{"min_event": w.minEvent}); err != nil {
		return nil, err
	}
	if answer.Repo != nil {
		return answer.Repo, nil
	}
	if answer.Request == nil {
		return nil, koji.NewError(koji.CodeGeneric, "the hub gives neither a repo of tag "+w.tag.Name+" nor a request")
	}
	w.request = answer.Request.ID
	return nil, nil
}

// gaveUp is the error after too long a wait.
func (w *repoWait) gaveUp() string {
	took := time.Since(w.begun).Round(time.Second)
	spent := fmt.Sprintf("%d:%02d", int(took.Minutes()), int(took.Seconds())%60)
	if len(w.nvrs) == 0 {
		return fmt.Sprintf("Unsuccessfully waited %s for a new %s repo", spent, w.tag.Name)
	}
	names := make([]string, len(w.nvrs))
	for i, n := range w.nvrs {
		names[i] = n.String()
	}
	return fmt.Sprintf("Unsuccessfully waited %s for %s to appear in the %s repo", spent, strings.Join(names, " and "), w.tag.Name)
}
