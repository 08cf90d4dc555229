package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
	"koji/internal/safetext"
)

// drop ends what a view has under way.
func (e *env) drop(c *calls) { c.drop(e.ctx) }

// askWho asks who the user is and what they may do; nil without a login.
func (e *env) askWho(c *calls) tea.Cmd {
	if e.act == nil || !e.act.LoggedIn() {
		return nil
	}
	return e.ask(c, func(ctx context.Context) (any, error) {
		var u *koji.LoggedInUser
		var perms []string
		m := e.act.Multicall()
		m.Add(&u, "getLoggedInUser")
		m.Add(&perms, "getPerms")
		e.meter.add(e.now())
		if err := m.Run(ctx); err != nil && !partly(err) {
			return who{}, err
		}
		if err := m.Err(0); err != nil || u == nil {
			return who{}, err
		}
		return who{id: u.ID, name: safetext.Clean(u.Name), perms: perms}, nil
	})
}

// welcome takes in who the user is. Their own tasks are what they see first.
func (t *tab) welcome(w who, err error) tea.Cmd {
	home := t.stacks[0][0].(*tasksView)
	if err != nil {
		t.e.tell(roleFail, "who you are: "+errorText(err))
		home.mine = false
	}
	t.e.me = w
	t.e.store.setMe(w.id)
	owner := int64(0)
	if home.mine {
		owner = w.id
	}
	t.e.feed.scope(owner)
	return t.each(w)
}
