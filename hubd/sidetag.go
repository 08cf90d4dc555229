package hubd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"koji"
	"koji/internal/policy"
	"koji/sqlstore"
)

// sidetagPlugin is Koji's plugin sidetag_hub: tags of their own, with a target
// to build into them, that anybody may make below a tag as far as the policy
// sidetag lets them. Koji: reference/callbacks.md, "Shipped plugins".
type sidetagPlugin struct {
	suffixes []string
	template string // of a side tag's name
	newRepo  bool   // asks for a repo right away
}

func (p *sidetagPlugin) install(h *Hub) error {
	r, err := h.cfg.pluginSection("sidetag.conf", "sidetag")
	if err != nil {
		return err
	}
	p.suffixes = strings.FieldsFunc(r.text("allowed_suffixes", ""), isListSeparator)
	p.template = r.text("name_template", "{basetag}-side-{tag_id}")
	p.newRepo = r.flag("trigger_new_repo", false)
	removeEmpty := r.flag("remove_empty", false)
	if r.err != nil {
		return r.err
	}
	if name := p.name("", 0); strings.ContainsAny(name, "{}") {
		return fmt.Errorf("sidetag.conf: name_template %q has other fields than {basetag} and {tag_id}", p.template)
	}
	if removeEmpty {
		h.On("postUntag", removeEmptySideTag)
	}
	h.tests["is_sidetag"] = policy.Test{Run: policySideTag}
	h.tests["is_sidetag_owner"] = policy.Test{Run: policySideTagOwner, Check: checkSideTagFields}
	return h.addMethods([]method{
		writes("createSideTag", user, "Creates a side tag with its target (sidetag policy); returns {name, id, task_id, request}.", p.create),
		writes("editSideTag", user, "Restricted edit of debuginfo flag, rpm macros and extra of a side tag.", editSideTag),
		writes("removeSideTag", user, "Deletes a side tag and its target; owner or admin.", removeSideTag),
		reads("listSideTags", anyone, "Side tags filtered by base tag and user.", listSideTags),
	})
}

// name is the name of a side tag, without suffix.
func (p *sidetagPlugin) name(base string, id int64) string {
	return strings.NewReplacer("{basetag}", base, "{tag_id}", strconv.FormatInt(id, 10)).Replace(p.template)
}

type createSideTagArgs struct {
	Base      any     `rpc:"basetag"`
	Debuginfo bool    `rpc:"debuginfo=false"`
	Suffix    *string `rpc:"suffix=nil"`
}

func (p *sidetagPlugin) create(c *call, a createSideTagArgs) (any, error) {
	base, err := c.tagRef(a.Base)
	if err != nil {
		return nil, err
	}
	suffix := deref(a.Suffix)
	if suffix != "" && !slices.Contains(p.suffixes, suffix) {
		return nil, refuse("Suffix %s is not allowed for side tags", suffix)
	}
	has, err := c.tx.CountSideTags(c, sqlstore.SideTagFilter{User: c.session.user}, sqlstore.QueryOpts{})
	if err != nil {
		return nil, err
	}
	if err := c.assertPolicy("sidetag", map[string]any{"tag": base.ID, "number_of_tags": has}, false); err != nil {
		return nil, err
	}
	tag, err := p.addTag(c, base.Name, suffix)
	if err != nil {
		return nil, err
	}
	if err := c.tx.ConfigureTag(c, sqlstore.TagConfig{Tag: tag.ID, Arches: base.Arches}, c.session.user); err != nil {
		return nil, err
	}
	if err := c.tx.SetParent(c, koji.Inheritance{ChildID: tag.ID, ParentID: base.ID}, c.session.user); err != nil {
		return nil, err
	}
	extra := map[string]any{"sidetag": true, "sidetag_user": c.session.name, "sidetag_user_id": c.session.user}
	if a.Debuginfo {
		extra["with_debuginfo"] = true
	}
	for _, key := range sortedKeys(extra) {
		if err := c.tx.SetTagExtra(c, sqlstore.TagExtra{Tag: tag.ID, Key: key, Value: extra[key]}, c.session.user); err != nil {
			return nil, err
		}
	}
	if _, err := createBuildTarget(c, createTargetArgs{tag.Name, tag.ID, tag.ID}); err != nil {
		return nil, err
	}
	if err := c.tagChanged(tag.ID, tag.Name); err != nil {
		return nil, err
	}
	answer := map[string]any{"id": tag.ID, "name": tag.Name, "task_id": nil, "request": nil}
	if p.newRepo {
		w, err := c.readRepoWish(tag.ID, "last", nil, nil)
		if err != nil {
			return nil, err
		}
		asked, err := c.requestRepo(w, defaultPriority-1, false)
		if err != nil {
			return nil, err
		}
		answer["request"] = asked["request"]
	}
	return answer, nil
}

// addTag makes the bare tag. Its id is part of its name, so it gets one that
// no tag can have first.
func (p *sidetagPlugin) addTag(c *call, base, suffix string) (sqlstore.Name, error) {
	id, err := c.tx.AddName(c, sqlstore.TagNames, "side tag of request "+c.request.id)
	if err != nil {
		return sqlstore.Name{}, err
	}
	name := p.name(base, id)
	if suffix != "" {
		name += "-" + suffix
	}
	if err := c.checkName("tag", name); err != nil {
		return sqlstore.Name{}, err
	}
	if other, there, err := c.tx.NameByName(c, sqlstore.TagNames, name); err != nil || there {
		return sqlstore.Name{}, orRefuse(err, "Name %s is already taken by tag %d", name, other.ID)
	}
	return sqlstore.Name{ID: id, Name: name}, c.tx.Rename(c, sqlstore.TagNames, id, name)
}

// sideTag finds a side tag, with its extra. What is no side tag is refused.
func (c *call) sideTag(ref any) (*koji.Tag, error) {
	tag, err := c.tagRef(ref)
	if err != nil {
		return nil, err
	}
	if err := c.addExtra(tag, false); err != nil {
		return nil, err
	}
	if !isSideTag(tag) {
		return nil, refuse("%s is not a side tag", tag.Name)
	}
	return tag, nil
}

// ownSideTag is sideTag for its owner, or an admin.
func (c *call) ownSideTag(ref any) (*koji.Tag, error) {
	tag, err := c.sideTag(ref)
	if err != nil || ownsSideTag(tag, c.session.user) {
		return tag, err
	}
	admin, err := c.isAdmin()
	if err == nil && !admin {
		err = fault(koji.CodeActionNotAllowed, "%s is the side tag of %v; only that user or an admin may change it", tag.Name, tag.Extra["sidetag_user"])
	}
	return tag, err
}

func isSideTag(tag *koji.Tag) bool { return truthy(tag.Extra["sidetag"]) }

func ownsSideTag(tag *koji.Tag, user int64) bool {
	return isSideTag(tag) && user != 0 && tag.Extra["sidetag_user_id"] == user
}

type sideTagArgs struct {
	Tag any `rpc:"sidetag"`
}

func removeSideTag(c *call, a sideTagArgs) (any, error) {
	tag, err := c.ownSideTag(a.Tag)
	if err != nil {
		return nil, err
	}
	return nil, c.dropSideTag(tag)
}

// dropSideTag deletes a side tag with its target, which must still be the one that it was made with.
func (c *call) dropSideTag(tag *koji.Tag) error {
	target, err := c.targetAt(tag.Name, nil)
	switch {
	case err != nil:
		return err
	case target == nil:
		return refuse("Side tag %s has lost its target", tag.Name)
	case target.BuildTag != tag.ID || target.DestTag != tag.ID:
		return refuse("Target %s is no longer that of the side tag", target.Name)
	}
	if _, err := c.tx.DeleteTarget(c, target.ID, c.session.user); err != nil {
		return err
	}
	_, err = deleteTag(c, tagInfoArgs{tag.ID})
	return err
}

// removeEmptySideTag removes a side tag when its last build is taken out. One
// whose target was changed is left alone.
func removeEmptySideTag(ctx context.Context, _ string, info map[string]any) error {
	c := ctx.(*call)
	tag, err := c.tx.Tag(c, info["tag"].(*koji.Tag).ID, nil)
	if err != nil || tag == nil {
		return err
	}
	if err := c.addExtra(tag, false); err != nil || !isSideTag(tag) {
		return err
	}
	if empty, err := c.tx.TagIsEmpty(c, tag.ID); err != nil || !empty {
		return err
	}
	err = c.dropSideTag(tag)
	var refusal *koji.Error
	if errors.As(err, &refusal) {
		c.log().Warn("side tag is empty, but stays", "tag", tag.Name, "err", err)
		return nil
	}
	return err
}

type listSideTagsArgs struct {
	Base      any `rpc:"basetag=nil"`
	User      any `rpc:"user=nil"`
	QueryOpts any `rpc:"queryOpts=nil"`
}

func listSideTags(c *call, a listSideTagsArgs) (any, error) {
	var f sqlstore.SideTagFilter
	var err error
	if a.Base != nil {
		if f.Base, _, err = c.tagID(a.Base); err != nil {
			return nil, err
		}
	}
	if a.User != nil {
		if f.User, err = c.userID(a.User); err != nil {
			return nil, err
		}
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return c.tx.CountSideTags(c, f, opts)
	}
	tags, err := c.tx.ListSideTags(c, f, opts)
	if err != nil {
		return nil, err
	}
	return asList(opts.AsList, each(tags)), nil
}

// policySideTag is the test is_sidetag: the data's tag is a side tag.
func policySideTag(ctx context.Context, data policy.Data, _ []string) (bool, error) {
	tag, err := ctx.(*call).policyTag(data["tag"])
	return tag != nil && isSideTag(tag), err
}

// policySideTagOwner is the test is_sidetag_owner: tag, fromtag or both are
// side tags of the user.
func policySideTagOwner(ctx context.Context, data policy.Data, args []string) (bool, error) {
	c := ctx.(*call)
	fields := []string{"tag"}
	switch {
	case len(args) == 1 && args[0] == "both":
		fields = []string{"tag", "fromtag"}
	case len(args) == 1:
		fields = args
	}
	who, err := c.policyUserID(data)
	if err != nil {
		return false, err
	}
	for _, field := range fields {
		tag, err := c.policyTag(data[field])
		if err != nil || tag == nil || !ownsSideTag(tag, who) {
			return false, err
		}
	}
	return true, nil
}

func checkSideTagFields(args []string) error {
	if len(args) > 1 || len(args) == 1 && args[0] != "tag" && args[0] != "fromtag" && args[0] != "both" {
		return fmt.Errorf("%s is none of tag, fromtag, both", strings.Join(args, " "))
	}
	return nil
}

// policyTag is the tag, with its extra, that a field of a policy's data names; nil if there is none.
func (c *call) policyTag(ref any) (*koji.Tag, error) {
	if ref == nil {
		return nil, nil
	}
	tag, err := c.tagAt(ref, nil)
	if err != nil || tag == nil {
		return nil, err
	}
	return tag, c.addExtra(tag, false)
}
