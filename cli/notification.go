package cli

import (
	"bufio"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"koji"
)

// mailChoice is what a notification, or a block of them, is about, as options
// name it: "" for not given.
type mailChoice struct{ user, pkg, tag string }

func (c *mailChoice) flags(f *pflag.FlagSet, user bool) {
	if user {
		f.StringVar(&c.user, "user", "", "for this `USER` (others than you need an admin)")
	}
	f.StringVar(&c.pkg, "package", "", "builds of this `PACKAGE`")
	f.StringVar(&c.tag, "tag", "", "builds in this `TAG`")
}

// who is the id of the user that is meant.
func (c *mailChoice) who(ctx context.Context, s *koji.Session) (int64, error) {
	if c.user == "" {
		user, err := thisUser(ctx, s)
		if err != nil {
			return 0, err
		}
		return user.ID, nil
	}
	if err := mayNot(ctx, s); err != nil {
		return 0, err
	}
	user, err := needUser(ctx, s, c.user)
	if err != nil {
		return 0, err
	}
	return user.ID, nil
}

// packageChoice is the id of a package, nil for any.
func packageChoice(ctx context.Context, s *koji.Session, name string) (any, error) {
	if name == "" || name == "*" {
		return nil, nil
	}
	return packageID(ctx, s, name)
}

// tagChoice is the id of a tag, nil for any.
func tagChoice(ctx context.Context, s *koji.Session, name string) (any, error) {
	if name == "" || name == "*" {
		return nil, nil
	}
	tag, err := lookTag(ctx, s, name)
	if err != nil {
		return nil, err
	}
	if tag == nil {
		return nil, usagef("No such tag: %s", name)
	}
	return tag.ID, nil
}

// ids are those of the package and the tag.
func (c *mailChoice) ids(ctx context.Context, s *koji.Session) (pkg, tag any, err error) {
	if pkg, err = packageChoice(ctx, s, c.pkg); err != nil {
		return nil, nil, err
	}
	tag, err = tagChoice(ctx, s, c.tag)
	return pkg, tag, err
}

// newAddNotificationCommand is koji add-notification.
func newAddNotificationCommand(env *Env) *cobra.Command {
	var choice mailChoice
	var success bool
	cmd := &cobra.Command{
		Use: "add-notification [options]", Short: "Subscribe to mails about builds", GroupID: monitor,
		Example: "koji add-notification --package bash --success-only", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			user, err := choice.who(cmd.Context(), s)
			if err != nil {
				return err
			}
			pkg, tag, err := choice.ids(cmd.Context(), s)
			if err != nil {
				return err
			}
			return s.Call(cmd.Context(), "createNotification", nil, user, pkg, tag, success)
		},
	}
	choice.flags(cmd.Flags(), true)
	cmd.Flags().BoolVar(&success, "success-only", false, "only about builds that succeed")
	return cmd
}

type editNotificationOptions struct {
	env         *Env
	choice      mailChoice
	success, no bool
}

// newEditNotificationCommand is koji edit-notification.
func newEditNotificationCommand(env *Env) *cobra.Command {
	o := &editNotificationOptions{env: env}
	cmd := &cobra.Command{
		Use: "edit-notification [options] <notification_id>", Short: "Edit a subscription", GroupID: monitor,
		Example: "koji edit-notification --package '*' 12", Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), cmd.Flags(), args[0]) },
	}
	f := cmd.Flags()
	o.choice.flags(f, false)
	f.Lookup("package").Usage += "; * for any"
	f.Lookup("tag").Usage += "; * for any"
	f.BoolVar(&o.success, "success-only", false, "only about builds that succeed")
	f.BoolVar(&o.no, "no-success-only", false, "about all builds")
	return cmd
}

func (o *editNotificationOptions) run(ctx context.Context, f *pflag.FlagSet, word string) error {
	id, err := strconv.ParseInt(word, 10, 64)
	switch {
	case err != nil:
		return usagef("Notification id must be a number: %s", word)
	case f.NFlag() == 0:
		return usagef("Nothing to change: give --package, --tag, --success-only or --no-success-only")
	case o.success && o.no:
		return usagef("--success-only and --no-success-only exclude each other")
	}
	s, err := o.env.Session(ctx)
	if err != nil {
		return err
	}
	var old koji.Notification
	if err := s.Call(ctx, "getBuildNotification", &old, id, koji.Named{"strict": true}); err != nil {
		return err
	}
	pkg, tag, err := o.choice.ids(ctx, s)
	if err != nil {
		return err
	}
	if !f.Changed("package") {
		pkg = old.PackageID
	}
	if !f.Changed("tag") {
		tag = old.TagID
	}
	success := o.success || old.SuccessOnly && !o.no
	return s.Call(ctx, "updateNotification", nil, id, pkg, tag, success)
}

// newRemoveNotificationCommand is koji remove-notification.
func newRemoveNotificationCommand(env *Env) *cobra.Command {
	return removeMail(env, "remove-notification", "Unsubscribe from mails about builds", "deleteNotification", "Notification %d is removed.")
}

// newUnblockNotificationCommand is koji unblock-notification.
func newUnblockNotificationCommand(env *Env) *cobra.Command {
	return removeMail(env, "unblock-notification", "Let mails about builds through again", "deleteNotificationBlock", "Notification block %d is removed.")
}

func removeMail(env *Env, name, short, method, done string) *cobra.Command {
	return &cobra.Command{
		Use: name + " [options] <notification_id> [<notification_id> ...]", Short: short, GroupID: monitor,
		Example: "koji " + name + " 12 13", Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids := make([]int64, len(args))
			for i, word := range args {
				var err error
				if ids[i], err = strconv.ParseInt(word, 10, 64); err != nil {
					return usagef("All notification ids must be numbers: %s", word)
				}
			}
			s, err := env.Session(cmd.Context())
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.Call(cmd.Context(), method, nil, id); err != nil {
					return err
				}
				env.say(done, id)
			}
			return nil
		},
	}
}

// newBlockNotificationCommand is koji block-notification.
func newBlockNotificationCommand(env *Env) *cobra.Command {
	var choice mailChoice
	var everything bool
	cmd := &cobra.Command{
		Use: "block-notification [options]", Short: "Keep mails about builds away", GroupID: monitor,
		Example: "koji block-notification --tag f40-updates-testing", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if choice.pkg == "" && choice.tag == "" && !everything {
				return usagef("One of --tag, --package or --all must be specified.")
			}
			return blockNotification(cmd.Context(), env, choice)
		},
	}
	choice.flags(cmd.Flags(), true)
	cmd.Flags().BoolVar(&everything, "all", false, "all of them")
	return cmd
}

func blockNotification(ctx context.Context, env *Env, choice mailChoice) error {
	s, err := env.Session(ctx)
	if err != nil {
		return err
	}
	user, err := choice.who(ctx, s)
	if err != nil {
		return err
	}
	pkg, tag, err := choice.ids(ctx, s)
	if err != nil {
		return err
	}
	var blocks []koji.NotificationBlock
	if err := s.Call(ctx, "getBuildNotificationBlocks", &blocks, user); err != nil {
		return err
	}
	for _, b := range blocks {
		if sameID(b.PackageID, pkg) && sameID(b.TagID, tag) {
			return usagef("Notification already exists: block %d", b.ID)
		}
	}
	return s.Call(ctx, "createNotificationBlock", nil, user, pkg, tag)
}

// sameID compares an id as it was answered with one as it is sent, nil for any.
func sameID(a *int64, b any) bool {
	if a == nil {
		return b == nil
	}
	return b == *a
}

type listNotificationsOptions struct {
	env  *Env
	mine bool
	user string
}

// newListNotificationsCommand is koji list-notifications.
func newListNotificationsCommand(env *Env) *cobra.Command {
	o := &listNotificationsOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-notifications [options]", Short: "List who gets mails about what builds", GroupID: monitor,
		Example: "koji list-notifications --mine", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&o.mine, "mine", false, "your own")
	cmd.Flags().StringVar(&o.user, "user", "", "those of this `USER`")
	return withData(env, cmd)
}

// mails are the notifications and blocks of a user.
type mails struct {
	Notifications []koji.Notification      `xmlrpc:"notifications"`
	Blocks        []koji.NotificationBlock `xmlrpc:"blocks"`
}

func (o *listNotificationsOptions) run(ctx context.Context) error {
	if o.mine == (o.user != "") {
		return usagef("Give --mine or --user")
	}
	open := o.env.Anonymous
	if o.mine {
		open = o.env.Session
	}
	s, err := open(ctx)
	if err != nil {
		return err
	}
	var user *koji.User
	if o.mine {
		user, err = thisUser(ctx, s)
	} else {
		err = s.Call(ctx, "getUser", &user, o.user, koji.Named{"strict": true})
	}
	if err != nil {
		return err
	}
	var found mails
	m := s.Multicall()
	m.Add(&found.Notifications, "getBuildNotifications", user.ID)
	m.Add(&found.Blocks, "getBuildNotificationBlocks", user.ID)
	if err := m.Run(ctx); err != nil {
		return err
	}
	if o.env.asData() {
		return o.env.printData(found)
	}
	names, err := mailNames(ctx, s, found)
	if err != nil {
		return err
	}
	return o.env.buffered(func(w *bufio.Writer) {
		found.print(w, names, func(format string, args ...any) {
			if !o.env.quiet() {
				fmt.Fprintf(w, format, args...)
			}
		})
	})
}

// mailNames are the names of the tags ("t12") and packages ("p12") that are spoken of.
func mailNames(ctx context.Context, s *koji.Session, found mails) (map[string]string, error) {
	type choice struct{ pkg, tag *int64 }
	var choices []choice
	for _, n := range found.Notifications {
		choices = append(choices, choice{n.PackageID, n.TagID})
	}
	for _, b := range found.Blocks {
		choices = append(choices, choice{b.PackageID, b.TagID})
	}
	packages, tags := map[int64]*koji.Package{}, map[int64]*koji.Tag{}
	m := s.Multicall()
	for _, c := range choices {
		if c.pkg != nil && packages[*c.pkg] == nil {
			packages[*c.pkg] = &koji.Package{}
			m.Add(packages[*c.pkg], "getPackage", *c.pkg)
		}
		if c.tag != nil && tags[*c.tag] == nil {
			tags[*c.tag] = &koji.Tag{}
			m.Add(tags[*c.tag], "getTag", *c.tag)
		}
	}
	names := map[string]string{}
	if m.Len() == 0 {
		return names, nil
	}
	if err := m.Run(ctx); err != nil {
		return nil, err
	}
	for id, p := range packages {
		names[fmt.Sprint("p", id)] = p.Name
	}
	for id, t := range tags {
		names[fmt.Sprint("t", id)] = t.Name
	}
	return names, nil
}

// print writes both lists; say writes what isn't data.
func (f mails) print(w *bufio.Writer, names map[string]string, say func(format string, args ...any)) {
	name := func(kind string, id *int64) string {
		if id == nil {
			return "*"
		}
		return names[fmt.Sprint(kind, *id)]
	}
	if len(f.Notifications) == 0 {
		say("No notifications\n")
	} else {
		say("Notifications\n%6s %-25s %-25s %-20s %-12s\n%s\n", "ID", "Tag", "Package", "E-mail", "Success-only", rule("-", 6, 25, 25, 20, 12))
	}
	for _, n := range f.Notifications {
		fmt.Fprintf(w, "%6d %-25s %-25s %-20s %-12s\n", n.ID, name("t", n.TagID), name("p", n.PackageID), n.Email, yesno(n.SuccessOnly))
	}
	say("\n")
	if len(f.Blocks) == 0 {
		say("No notification blocks\n")
		return
	}
	say("Notification blocks\n%6s %-25s %-25s\n%s\n", "ID", "Tag", "Package", rule("-", 6, 25, 25))
	for _, b := range f.Blocks {
		fmt.Fprintf(w, "%6d %-25s %-25s\n", b.ID, name("t", b.TagID), name("p", b.PackageID))
	}
}
