package hubd

import (
	"slices"
	"strings"

	"koji"
	"koji/internal/fnmatch"
	"koji/internal/lazyregexp"
)

// What the owner of a side tag may set is what the tag below it allows, by its
// extra sidetag_debuginfo_allowed and sidetag_rpm_macros_allowed.

type editSideTagArgs struct {
	Tag          any `rpc:"sidetag"`
	Debuginfo    any `rpc:"debuginfo=nil"`
	Macros       any `rpc:"rpm_macros=nil"`
	RemoveMacros any `rpc:"remove_rpm_macros=nil"`
	Extra        any `rpc:"extra=nil"`
	RemoveExtra  any `rpc:"remove_extra=nil"`
}

const macroPrefix = "rpm.macro."

func editSideTag(c *call, a editSideTagArgs) (any, error) {
	tag, err := c.ownSideTag(a.Tag)
	if err != nil {
		return nil, err
	}
	set, remove, err := c.freeExtra(a)
	if err != nil {
		return nil, err
	}
	base, err := c.baseTag(tag)
	if err != nil {
		return nil, err
	}
	if a.Debuginfo != nil {
		if !truthy(base.Extra["sidetag_debuginfo_allowed"]) {
			return nil, refuse("Tag %s does not allow its side tags to change debuginfo", base.Name)
		}
		set["with_debuginfo"] = truthy(a.Debuginfo)
	}
	macros, isMap := a.Macros.(map[string]any)
	if a.Macros != nil && !isMap {
		return nil, fault(koji.CodeParameter, "rpm_macros: invalid type %s %v, want a struct", typeName(a.Macros), refText(a.Macros))
	}
	gone, err := keyList("remove_rpm_macros", map[string]any{"remove_rpm_macros": a.RemoveMacros})
	if err != nil {
		return nil, err
	}
	for _, name := range append(sortedKeys(macros), gone...) {
		if err := mayChangeMacro(base, name); err != nil {
			return nil, err
		}
	}
	for name, v := range macros {
		switch v.(type) {
		case string, int64, float64, bool:
			set[macroPrefix+name] = v
		default:
			return nil, fault(koji.CodeParameter, "rpm_macros: %s: invalid type %s, want a string", name, typeName(v))
		}
	}
	for _, name := range gone {
		remove = append(remove, macroPrefix+name)
	}
	changed, err := c.editTagExtra(tag, map[string]any{"extra": set, "remove_extra": remove})
	if err != nil || !changed {
		return nil, err
	}
	return nil, c.tagChanged(tag.ID, tag.Name)
}

// freeExtra is what a caller wants to change in the side tag's extra outright,
// which needs a permission.
func (c *call) freeExtra(a editSideTagArgs) (set map[string]any, remove []any, err error) {
	if a.Extra == nil && a.RemoveExtra == nil {
		return map[string]any{}, nil, nil
	}
	for _, perm := range []string{"sidetag_admin", "admin"} {
		has, err := c.hasPerm(perm)
		if err != nil {
			return nil, nil, err
		}
		if !has {
			continue
		}
		set, isMap := a.Extra.(map[string]any)
		if a.Extra != nil && !isMap {
			return nil, nil, fault(koji.CodeParameter, "extra: invalid type %s, want a struct", typeName(a.Extra))
		}
		remove, isList := a.RemoveExtra.([]any)
		if a.RemoveExtra != nil && !isList {
			return nil, nil, fault(koji.CodeParameter, "remove_extra: invalid type %s, want an array", typeName(a.RemoveExtra))
		}
		return orEmpty(set), remove, nil
	}
	return nil, nil, refuse("Only sidetag_admin or admin may change the extra of a side tag outright")
}

// baseTag is the tag that a side tag was made below: its parent of the first priority.
func (c *call) baseTag(tag *koji.Tag) (*koji.Tag, error) {
	parents, err := c.tx.Parents(c, tag.ID, nil)
	if err != nil {
		return nil, err
	}
	if len(parents) == 0 {
		return nil, refuse("Side tag %s has no parent", tag.Name)
	}
	base, err := c.tagRef(parents[0].ParentID)
	if err != nil {
		return nil, err
	}
	return base, c.addExtra(base, false)
}

var macroName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// mayChangeMacro refuses macros that the base tag doesn't name: as a list of
// globs, or as a text of them.
func mayChangeMacro(base *koji.Tag, name string) error {
	if !macroName().MatchString(name) {
		return refuse("Invalid name of an rpm macro: %q", name)
	}
	var globs []string
	for _, text := range textOf(base.Extra["sidetag_rpm_macros_allowed"]) {
		globs = append(globs, strings.FieldsFunc(text, isListSeparator)...)
	}
	if !slices.ContainsFunc(globs, func(g string) bool { return fnmatch.Match(g, name) }) {
		return refuse("Tag %s does not allow its side tags to change rpm macro %s", base.Name, name)
	}
	return nil
}
