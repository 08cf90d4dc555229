package kojid

import (
	"context"
)

// runTagBuild puts a build into a tag on behalf of the task's owner, and lets
// those know who asked for it.
func runTagBuild(ctx context.Context, t *Task) (any, error) {
	var p struct {
		Tag           any  `xmlrpc:"tag_id"`
		Build         any  `xmlrpc:"build_id"`
		Force         bool `xmlrpc:"force"`
		FromTag       any  `xmlrpc:"fromtag"`
		IgnoreSuccess bool `xmlrpc:"ignore_success"`
	}
	if err := t.params(&p); err != nil {
		return nil, err
	}
	err := t.do(ctx, "host.tagBuild", t.ID, p.Tag, p.Build, p.Force, p.FromTag)
	if ctx.Err() != nil {
		return nil, err
	}
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	nerr := t.do(ctx, "host.tagNotification", err == nil, p.Tag, p.FromTag, p.Build, t.Owner, p.IgnoreSuccess, failure)
	if nerr != nil {
		// The tagging counts, not the mail about it.
		t.log.Warn("notify of tagging", "error", nerr)
	}
	return nil, err
}
