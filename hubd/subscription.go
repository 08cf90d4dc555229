package hubd

import (
	"koji"
	"koji/sqlstore"
)

// Koji refuses to whom a subscription isn't with a GenericError, logged in or
// not, which is why these methods check that themselves.

func subscriptionMethods() []method {
	return []method{
		writes("createNotification", anyone, "Subscribes a user to mail about builds; for oneself or by an admin.", createNotification),
		writes("updateNotification", anyone, "Changes what a subscription is about; its user or an admin.", updateNotification),
		writes("deleteNotification", anyone, "Ends a subscription; its user or an admin.", deleteNotification),
		reads("getBuildNotification", anyone, "One subscription to mail about builds.", getBuildNotification),
		reads("getBuildNotifications", anyone, "Subscriptions of a user, else of the caller.", getBuildNotifications),
		writes("createNotificationBlock", anyone, "Opts a user out of mail about builds; for oneself or by an admin.", createNotificationBlock),
		writes("deleteNotificationBlock", anyone, "Ends an opt-out; its user or an admin.", deleteNotificationBlock),
		reads("getBuildNotificationBlock", anyone, "One opt-out of mail about builds.", getBuildNotificationBlock),
		reads("getBuildNotificationBlocks", anyone, "Opt-outs of a user, else of the caller.", getBuildNotificationBlocks),
	}
}

// mayNotify refuses callers who are neither the user nor an admin; user names
// the one for the fault.
func (c *call) mayNotify(id int64, user any) error {
	if c.session.user == 0 {
		return refuse("not logged-in")
	}
	if c.session.user == id {
		return nil
	}
	admin, err := c.isAdmin()
	if err == nil && !admin {
		err = refuse("user %s cannot change what mail user %s gets", c.session.name, refText(user))
	}
	return err
}

// notified is the user that mail is to go to or not, whom the caller may decide for.
func (c *call) notified(ref any) (*koji.User, error) {
	if c.session.user == 0 {
		return nil, refuse("not logged-in")
	}
	u, err := c.userRef(ref)
	if err == nil {
		err = c.mayNotify(u.ID, u.Name)
	}
	return u, err
}

// notifiedOf looks up what mail is about; nil is anything.
func (c *call) notifiedOf(pkgRef, tagRef any) (pkg, tag *int64, err error) {
	for _, ref := range []struct {
		table sqlstore.NameTable
		ref   any
		into  **int64
	}{{sqlstore.PackageNames, pkgRef, &pkg}, {sqlstore.TagNames, tagRef, &tag}} {
		if ref.ref == nil {
			continue
		}
		n, err := c.need(ref.table, ref.ref)
		if err != nil {
			return nil, nil, err
		}
		*ref.into = &n.ID
	}
	return pkg, tag, nil
}

type createNotificationArgs struct {
	User        any  `rpc:"user_id"`
	Package     any  `rpc:"package_id"`
	Tag         any  `rpc:"tag_id"`
	SuccessOnly bool `rpc:"success_only"`
}

func createNotification(c *call, a createNotificationArgs) (any, error) {
	u, err := c.notified(a.User)
	if err != nil {
		return nil, err
	}
	s := koji.Subscription{UserID: u.ID, SuccessOnly: a.SuccessOnly, Email: u.Name + "@" + c.hub.cfg.EmailDomain}
	if s.PackageID, s.TagID, err = c.notifiedOf(a.Package, a.Tag); err != nil {
		return nil, err
	}
	if err := c.subscriptionIsNew(s); err != nil {
		return nil, err
	}
	_, err = c.tx.AddSubscription(c, s)
	return nil, err
}

// subscriptionIsNew refuses a second subscription to the same.
func (c *call) subscriptionIsNew(s koji.Subscription) error {
	all, err := c.tx.Subscriptions(c, s.UserID)
	if err != nil {
		return err
	}
	for _, old := range all {
		if same(old.PackageID, s.PackageID) && same(old.TagID, s.TagID) && old.SuccessOnly == s.SuccessOnly {
			return refuse("notification already exists: %d", old.ID)
		}
	}
	return nil
}

type notificationArgs struct {
	ID     int64 `rpc:"id"`
	Strict bool  `rpc:"strict=false"`
}

func getBuildNotification(c *call, a notificationArgs) (any, error) {
	s, err := c.tx.Subscription(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case s != nil:
		return s, nil
	case a.Strict:
		return nil, noSuchSubscription(a.ID)
	}
	return nil, nil
}

func noSuchSubscription(id int64) error { return refuse("No such notification: %d", id) }

// ownSubscription is a subscription that the caller may change.
func (c *call) ownSubscription(id int64) (*koji.Subscription, error) {
	s, err := c.tx.Subscription(c, id)
	if err == nil && s == nil {
		err = noSuchSubscription(id)
	}
	if err == nil {
		err = c.mayNotify(s.UserID, s.UserID)
	}
	return s, err
}

type updateNotificationArgs struct {
	ID          int64 `rpc:"id"`
	Package     any   `rpc:"package_id"`
	Tag         any   `rpc:"tag_id"`
	SuccessOnly bool  `rpc:"success_only"`
}

func updateNotification(c *call, a updateNotificationArgs) (any, error) {
	s, err := c.ownSubscription(a.ID)
	if err != nil {
		return nil, err
	}
	if s.PackageID, s.TagID, err = c.notifiedOf(a.Package, a.Tag); err != nil {
		return nil, err
	}
	s.SuccessOnly = a.SuccessOnly
	if err := c.subscriptionIsNew(*s); err != nil {
		return nil, err
	}
	return nil, c.tx.ChangeSubscription(c, *s)
}

type notificationIDArgs struct {
	ID int64 `rpc:"id"`
}

func deleteNotification(c *call, a notificationIDArgs) (any, error) {
	if _, err := c.ownSubscription(a.ID); err != nil {
		return nil, err
	}
	return nil, c.tx.DeleteSubscription(c, a.ID)
}

type notificationsArgs struct {
	User any `rpc:"userID=nil"`
}

func getBuildNotifications(c *call, a notificationsArgs) (any, error) {
	user, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return c.tx.Subscriptions(c, user)
}

type createBlockArgs struct {
	User    any `rpc:"user_id"`
	Package any `rpc:"package_id=nil"`
	Tag     any `rpc:"tag_id=nil"`
}

func createNotificationBlock(c *call, a createBlockArgs) (any, error) {
	u, err := c.notified(a.User)
	if err != nil {
		return nil, err
	}
	o := koji.OptOut{UserID: u.ID}
	if o.PackageID, o.TagID, err = c.notifiedOf(a.Package, a.Tag); err != nil {
		return nil, err
	}
	all, err := c.tx.OptOuts(c, u.ID)
	if err != nil {
		return nil, err
	}
	for _, old := range all {
		if same(old.PackageID, o.PackageID) && same(old.TagID, o.TagID) {
			return nil, refuse("notification block already exists: %d", old.ID)
		}
	}
	_, err = c.tx.AddOptOut(c, o)
	return nil, err
}

func deleteNotificationBlock(c *call, a notificationIDArgs) (any, error) {
	o, err := c.tx.OptOut(c, a.ID)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, noSuchBlock(a.ID)
	}
	if err := c.mayNotify(o.UserID, o.UserID); err != nil {
		return nil, err
	}
	return nil, c.tx.DeleteOptOut(c, a.ID)
}

func noSuchBlock(id int64) error { return refuse("No such notification block: %d", id) }

func getBuildNotificationBlock(c *call, a notificationArgs) (any, error) {
	o, err := c.tx.OptOut(c, a.ID)
	switch {
	case err != nil:
		return nil, err
	case o != nil:
		return o, nil
	case a.Strict:
		return nil, noSuchBlock(a.ID)
	}
	return nil, nil
}

func getBuildNotificationBlocks(c *call, a notificationsArgs) (any, error) {
	user, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return c.tx.OptOuts(c, user)
}
