package tui

import (
	"fmt"
	"strings"
	"testing"
)

// More finished tasks than a listing brings are counted, and come by pages when
// one goes through them; what was looked at goes again.
func TestOlderTasksComeByPages(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var ids []int64
	for range 12 {
		var id int64
		l.call(l.admin, &id, "makeTask", "sleep", []any{1})
		l.call(l.admin, nil, "cancelTask", id)
		ids = append(ids, id)
	}
	p := newPatient(t, l, func(f *feed) { f.most, f.page = 3, 4 })
	s := p.r.e.store
	see := func(want string) {
		t.Helper()
		if screen := screenText(checkFrame(t, p.r)); !strings.Contains(screen, want) {
			t.Fatalf("%q isn't there:\n%s", want, screen)
		}
		checkStore(t, s)
	}
	p.now.Add(2 * foldAfter)
	p.update(tickAt(p.r.tickGen))
	p.update(keyMsg("G")) // what was selected stays where it was until then
	see("▸✓ 3 finished today   ⊘ 3  and 9 older tasks at the hub")
	p.update(keyMsg("enter"))
	for len(s.tasks) < len(ids) {
		p.update(<-p.msgs)
	}
	for _, k := range []string{"G", "k"} {
		p.update(keyMsg(k))
	}
	see(fmt.Sprintf("⊘ %d sleep (noarch)", ids[1]))
	p.update(keyMsg("g"))
	see("▾✓ 12 finished today   ⊘ 12   ")

	s.limit = 5
	p.update(keyMsg("enter"))
	p.update(changes{tasks: []task{s.get(ids[11]).task}})
	see("▸✓ 5 finished today   ⊘ 5  and 7 older tasks at the hub")
}
