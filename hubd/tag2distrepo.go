package hubd

import (
	"context"
	"fmt"
	"strings"

	"koji"
)

// distRepoPlugin is Koji's plugin tag2distrepo: a tag whose extra
// tag2distrepo.enabled is set gets a new dist repo whenever a build is tagged
// or untagged. More of its extra tells how: tag2distrepo.keys (a text), .inherit,
// .latest and .split_debuginfo.
type distRepoPlugin struct{}

func (distRepoPlugin) install(h *Hub) error {
	h.On("postTag", refreshDistRepo)
	h.On("postUntag", refreshDistRepo)
	return nil
}

// refreshDistRepo asks for a repo, one however many builds the request tags. It
// does so with no regard to who tags: that a tag is so set up was decided by
// whoever may edit it.
func refreshDistRepo(ctx context.Context, _ string, info map[string]any) error {
	id := info["tag"].(*koji.Tag).ID
	ctx.(*call).beforeCommit(fmt.Sprintf("dist repo of tag %d", id), func(c *call) error { return c.refreshDistRepo(id) })
	return nil
}

func (c *call) refreshDistRepo(id int64) error {
	tag, err := c.tx.Tag(c, id, nil)
	if err != nil || tag == nil {
		return err
	}
	if err := c.addExtra(tag, false); err != nil || !truthy(tag.Extra["tag2distrepo.enabled"]) {
		return err
	}
	if deref(tag.Arches) == "" {
		c.log().Warn("tag2distrepo: the tag has no arches", "tag", tag.Name)
		return nil
	}
	keys := []any{}
	for _, text := range textOf(tag.Extra["tag2distrepo.keys"]) {
		for _, key := range strings.FieldsFunc(text, isListSeparator) {
			keys = append(keys, key)
		}
	}
	arches := []any{}
	for _, a := range strings.Fields(*tag.Arches) {
		arches = append(arches, a)
	}
	_, err = c.makeDistRepo(tag.Name, tag, keys, map[string]any{
		"arch": arches, "comps": nil, "delta": []any{}, "event": nil, "volume": nil, "multilib": nil,
		"inherit": truthy(tag.Extra["tag2distrepo.inherit"]), "latest": truthy(tag.Extra["tag2distrepo.latest"]),
		"split_debuginfo":         truthy(tag.Extra["tag2distrepo.split_debuginfo"]),
		"skip_missing_signatures": false, "allow_missing_signatures": len(keys) == 0,
	})
	return err
}
