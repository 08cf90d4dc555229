package hubd

import (
	"math"
	"time"

	"koji/sqlstore"
)

func eventMethods() []method {
	return []method{
		reads("getEvent", anyone, "Event by id, with its time.", getEvent),
		reads("getLastEvent", anyone, "Newest event, or the newest before a time.", getLastEvent),
		reads("tagChangedSinceEvent", anyone, "Whether any of some tags changed after an event.", tagChangedSinceEvent),
		reads("tagFirstChangeEvent", anyone, "First event that changed a tag, after an event if given.", tagFirstChangeEvent),
		reads("tagLastChangeEvent", anyone, "Last event that changed a tag, before an event if given.", tagLastChangeEvent),
	}
}

type getEventArgs struct {
	ID     any  `rpc:"id"`
	Strict bool `rpc:"strict=true"`
}

func getEvent(c *call, a getEventArgs) (any, error) {
	id, err := intArg("id", a.ID)
	if err != nil {
		return nil, err
	}
	e, err := c.tx.FindEvent(c, id)
	if err != nil {
		return nil, err
	}
	if e == nil {
		if a.Strict {
			return nil, refuse("No such event: %d", id)
		}
		return nil, nil
	}
	return e, nil
}

type getLastEventArgs struct {
	Before any  `rpc:"before=nil"`
	Strict bool `rpc:"strict=true"`
}

func getLastEvent(c *call, a getLastEventArgs) (any, error) {
	var before time.Time
	if a.Before != nil {
		ts, ok := a.Before.(float64)
		if n, isInt := a.Before.(int64); isInt {
			ts, ok = float64(n), true
		}
		if !ok {
			return nil, refuse("before: invalid value %s, want seconds since 1970", refText(a.Before))
		}
		const never = 253402300799 // the end of the year 9999
		before = time.UnixMicro(int64(math.Round(min(max(ts, 0), never) * 1e6))).UTC()
	}
	e, err := c.tx.LastEvent(c, before)
	if err != nil {
		return nil, err
	}
	if e == nil {
		if a.Strict {
			return nil, refuse("No event before %s", refText(a.Before))
		}
		return nil, nil
	}
	return e, nil
}

type tagChangedArgs struct {
	Event int64   `rpc:"event"`
	Tags  []int64 `rpc:"taglist"`
}

func tagChangedSinceEvent(c *call, a tagChangedArgs) (any, error) {
	if !sqlstore.FitsID(a.Event) {
		return nil, refuse("No such event: %d", a.Event)
	}
	tags := kept(a.Tags, sqlstore.FitsID)
	return c.tx.TagsChangedSince(c, a.Event, tags)
}

type tagFirstChangeArgs struct {
	Tag     any    `rpc:"tag"`
	After   *int64 `rpc:"after=nil"`
	Inherit bool   `rpc:"inherit=true"`
}

// tagFirstChangeEvent looks at ancestors only after an event: of all times,
// the first change of a tag is its own making.
func tagFirstChangeEvent(c *call, a tagFirstChangeArgs) (any, error) {
	tags, err := c.tagWithAncestors(a.Tag, a.After, a.Inherit && a.After != nil)
	if err != nil {
		return nil, err
	}
	event, found, err := c.tx.FirstTagChange(c, tags, a.After)
	if err != nil || !found {
		return nil, err
	}
	return event, nil
}

type tagLastChangeArgs struct {
	Tag     any    `rpc:"tag"`
	Before  *int64 `rpc:"before=nil"`
	Inherit bool   `rpc:"inherit=true"`
}

func tagLastChangeEvent(c *call, a tagLastChangeArgs) (any, error) {
	tags, err := c.tagWithAncestors(a.Tag, a.Before, a.Inherit)
	if err != nil {
		return nil, err
	}
	event, found, err := c.tx.LastTagChange(c, tags, a.Before)
	if err != nil || !found {
		return nil, err
	}
	return event, nil
}

// tagWithAncestors is a tag and, with inherit, all that it inherited from at an event.
func (c *call) tagWithAncestors(ref any, event *int64, inherit bool) ([]int64, error) {
	if event != nil && !sqlstore.FitsID(*event) {
		return nil, refuse("No such event: %d", *event)
	}
	id, _, err := c.tagID(ref)
	if err != nil || !inherit {
		return []int64{id}, err
	}
	links, err := c.tx.Ancestors(c, id, event)
	if err != nil {
		return nil, err
	}
	tags, seen := []int64{id}, map[int64]bool{id: true}
	for _, l := range links {
		if !seen[l.ParentID] {
			seen[l.ParentID] = true
			tags = append(tags, l.ParentID)
		}
	}
	return tags, nil
}
