package tui

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// drop ends what a view has under way.
func (e *env) drop(c *calls) { c.drop(e.ctx) }

// loginTimeout is how long a login is waited for; who isn't logged in by then
// looks on, and is when the hub is there again.
const loginTimeout = 10 * time.Second

// askWho logs in if that is still to be done, and asks who the user is and what
// they may do; nil without a login.
func (e *env) askWho(c *calls) tea.Cmd {
	if e.act == nil || !e.act.LoggedIn() && e.login == nil {
		return nil
	}
	e.asked = true
	return e.ask(c, func(ctx context.Context) (any, error) {
		if !e.act.LoggedIn() {
			e.meter.add(e.now(), byUser)
			ctx, cancel := context.WithTimeout(ctx, loginTimeout)
			defer cancel()
			if err := e.login(ctx); err != nil {
				return who{}, err
			}
		}
		var u *koji.LoggedInUser
		var perms []string
		m := e.act.Multicall()
		m.Add(&u, "getLoggedInUser")
		m.Add(&perms, "getPerms")
		e.meter.add(e.now(), byUser)
		if err := m.Run(ctx); err != nil && !partly(err) {
			return who{}, err
		}
		if err := m.Err(0); err != nil || u == nil {
			return who{}, err
		}
		e.feed.known(u.ID) // it needn't wait for the screen
		return who{id: u.ID, name: safetext.Clean(u.Name), perms: perms}, nil
	})
}

// welcome takes in who the user is. Their own tasks are what they see first.
func (t *tab) welcome(w who, err error) tea.Cmd {
	t.e.asked = false
	home := t.stacks[0][0].(*tasksView)
	if err != nil {
		t.e.tell(roleFail, "not logged in: "+errorText(err))
		home.mine = false
	}
	t.e.me = w
	t.e.store.setMe(w.id)
	t.e.kept.Me = w.id
	owner := int64(0)
	if home.mine {
		owner = w.id
	}
	t.e.feed.scope(owner)
	return t.each(w)
}
