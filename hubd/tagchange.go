package hubd

// lastChange is the last event that changed what a tag's repo holds, before an
// event where that is given; nil when there is none.
func (c *call) lastChange(tag int64, before *int64) (*int64, error) {
	tags, err := c.tagWithAncestors(tag, before, true)
	if err != nil {
		return nil, err
	}
	event, found, err := c.tx.LastTagChange(c, tags, before)
	if err != nil || !found {
		return nil, err
	}
	return &event, nil
}

// firstChange is the first such event after an event.
func (c *call) firstChange(tag, after int64) (*int64, error) {
	tags, err := c.tagWithAncestors(tag, &after, true)
	if err != nil {
		return nil, err
	}
	event, found, err := c.tx.FirstTagChange(c, tags, &after)
	if err != nil || !found {
		return nil, err
	}
	return &event, nil
}
