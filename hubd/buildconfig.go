package hubd

import (
	"slices"

	"koji"
	"koji/sqlstore"
)

type tagEventArgs struct {
	Tag   any `rpc:"tag"`
	Event any `rpc:"event=nil"`
}

func getBuildConfig(c *call, a tagEventArgs) (any, error) {
	event, err := eventRef(a.Event)
	if err != nil {
		return nil, err
	}
	tag, err := c.tagAt(a.Tag, event)
	if err == nil && tag == nil {
		err = noSuch(sqlstore.TagNames, a.Tag)
	}
	if err != nil {
		return nil, err
	}
	return c.resolve(tag)
}

// buildConfig is a tag as builds in it see it now; nil if it was deleted.
func (c *call) buildConfig(tag int64) (*koji.BuildConfig, error) {
	t, err := c.tx.Tag(c, tag, nil)
	if err != nil || t == nil {
		return nil, err
	}
	return c.resolve(t)
}

// resolve follows a tag's inheritance for arches, when the tag has none of its
// own, and for the keys of extra that it neither has nor blocks.
func (c *call) resolve(tag *koji.Tag) (*koji.BuildConfig, error) {
	links, err := c.tx.Ancestors(c, tag.ID, tag.QueryEvent)
	if err != nil {
		return nil, err
	}
	ids := []int64{tag.ID}
	for _, l := range links {
		if !l.NoConfig && !slices.Contains(ids, l.ParentID) {
			ids = append(ids, l.ParentID)
		}
	}
	tags, err := c.tx.Tags(c, ids, tag.QueryEvent)
	if err != nil {
		return nil, err
	}
	extras, err := c.tx.TagExtras(c, ids, tag.QueryEvent)
	if err != nil {
		return nil, err
	}
	byTag := map[int64][]sqlstore.TagExtra{}
	for _, x := range extras {
		byTag[x.Tag] = append(byTag[x.Tag], x)
	}
	config := &koji.BuildConfig{Tag: *tag, ConfigInheritance: koji.ConfigInheritance{Extra: map[string]any{}}}
	config.Extra = map[string]any{}
	known := map[string]bool{}
	for _, id := range ids {
		from := tags[id]
		if from == nil {
			continue
		}
		source := sqlstore.Name{ID: from.ID, Name: from.Name}
		if id != tag.ID && config.Arches == nil && from.Arches != nil {
			config.Arches, config.ConfigInheritance.Arches = from.Arches, source
		}
		for _, x := range byTag[id] {
			if known[x.Key] {
				continue
			}
			known[x.Key] = true
			if !x.Blocked {
				config.Extra[x.Key] = x.Value
			}
			if id != tag.ID {
				config.ConfigInheritance.Extra[x.Key] = source
			}
		}
	}
	return config, nil
}
