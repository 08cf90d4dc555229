package tui

// settled are the roots that ended well a while ago. All that there is on the
// screen of them is how many they are, until one asks: who builds the rows
// doesn't walk through a day's work for that.
type settled struct {
	ids []int64 // the newest first
	tally
}

// settle takes the roots that have ended well by now from the others, but for
// one that is to stay where it is, 0 for none.
func (s *store) settle(now float64, but int64) {
	if e := s.tasks[but]; e != nil {
		s.unsettle(e)
	}
	rest := s.roots[:0]
	for _, id := range s.roots {
		e := s.tasks[id]
		if id == but || !e.endedWell() || now-e.completed <= foldAfter {
			rest = append(rest, id)
			continue
		}
		e.settled = true
		s.settled.ids = with(s.settled.ids, id, descending)
		s.settled.count(e, s.me, 1)
	}
	s.roots = rest
}

// unsettle brings a root back to the others.
func (s *store) unsettle(e *entry) {
	if e.settled {
		s.unroot(e)
		s.roots = with(s.roots, e.id, descending)
	}
}

// unroot takes a root out of the list that it is in.
func (s *store) unroot(e *entry) {
	if !e.settled {
		s.roots = without(s.roots, e.id, descending)
		return
	}
	e.settled = false
	s.settled.ids = without(s.settled.ids, e.id, descending)
	s.settled.count(e, s.me, -1)
}
