package hubd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"koji"
	"koji/sqlstore"
)

// The administrator's commands work on the database itself, as one who may do
// all: they are how the first user comes to be.

// password reads the password from its file: the first line.
func (o *options) password() (string, error) {
	if o.passwordFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(o.passwordFile)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: the first line is empty; it holds the password", o.passwordFile)
	}
	return line, nil
}

// within runs f on the hub's database as the hub itself.
func (o *options) within(ctx context.Context, stdio Stdio, f func(c *call) error) error {
	log := slog.New(slog.NewTextHandler(stdio.Err, nil))
	h, store, err := o.open(ctx, log)
	if err != nil {
		return err
	}
	defer store.Close()
	err = store.Write(ctx, func(tx *sqlstore.Tx) error {
		return f(&call{Context: ctx, hub: h, tx: tx, method: "hubd", session: &session{name: "hubd"}, request: &request{id: "hubd"}})
	})
	var e *koji.Error
	if errors.As(err, &e) {
		return errors.New(e.Text)
	}
	return err
}

// init makes the database and its first admin. Run again, it sets the admin's
// password anew.
func (o *options) init(ctx context.Context, stdio Stdio) error {
	if o.admin == "" || o.passwordFile == "" {
		return &usageError{"hubd init needs --admin NAME and --password-file FILE"}
	}
	o.perms = []string{"admin"}
	return o.addUser(ctx, stdio, o.admin)
}

func (o *options) addUser(ctx context.Context, stdio Stdio, name string) error {
	password, err := o.password()
	if err != nil {
		return err
	}
	return o.within(ctx, stdio, func(c *call) error {
		id, err := c.addUser(name, koji.UserNormal, password)
		if err != nil {
			return err
		}
		for _, p := range o.perms {
			if err := c.givePerm(id, p); err != nil {
				return err
			}
		}
		fmt.Fprintf(stdio.Out, "user %s has id %d\n", name, id)
		return nil
	})
}

func (o *options) addHost(ctx context.Context, stdio Stdio, name string) error {
	if strings.Trim(o.arches, " ,") == "" {
		return &usageError{`hubd host add needs --arches, such as --arches "x86_64 noarch"`}
	}
	list, err := koji.ArchList(o.arches)
	if err != nil {
		return err
	}
	arches := strings.Join(list, " ")
	password, err := o.password()
	if err != nil {
		return err
	}
	return o.within(ctx, stdio, func(c *call) error {
		id, err := c.addUser(name, koji.UserHost, password)
		if err != nil {
			return err
		}
		host, err := c.setUpHost(id, name, arches, o.channels)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdio.Out, "host %s has id %d\n", name, host)
		return nil
	})
}

// setUpHost makes a host in the channel default, or gives the one that is there
// these arches, and puts it into more channels. Rows need a creator, and there
// may be no other user yet: it is the host itself.
func (c *call) setUpHost(id int64, name, arches string, channels []string) (int64, error) {
	n, found, err := c.find(sqlstore.HostNames, name)
	if err != nil {
		return 0, err
	}
	host := n.ID
	if found {
		h, err := c.tx.Host(c, host, nil)
		if err != nil || h == nil {
			return host, err
		}
		h.Arches = &arches
		if err := c.tx.ConfigureHost(c, h, id); err != nil {
			return 0, err
		}
	} else {
		channels = append([]string{"default"}, channels...)
		if host, err = c.tx.CreateHost(c, name, id, arches, id); err != nil {
			return 0, err
		}
	}
	for _, name := range channels {
		channel, err := c.channelID(name)
		if err != nil {
			return 0, err
		}
		listens, err := c.tx.ListensTo(c, host, channel)
		if err == nil && !listens {
			err = c.tx.AddHostToChannel(c, host, channel, id)
		}
		if err != nil {
			return 0, err
		}
	}
	return host, nil
}

// givePerm grants a user a permission that it hasn't got yet.
func (c *call) givePerm(id int64, name string) error {
	perm, err := c.permissionID(name)
	if err != nil {
		return err
	}
	has, err := c.tx.HasPermission(c, id, perm)
	if err != nil || has {
		return err
	}
	return c.tx.GrantPermission(c, id, perm, id)
}

// addUser makes a user, or takes the one that is there, and sets its password.
func (c *call) addUser(name string, kind koji.UserType, password string) (int64, error) {
	who, found, err := c.tx.Login(c, name)
	if err != nil {
		return 0, err
	}
	if found && who.UserType != kind {
		return 0, refuse("user %s is there already, as %s", name, who.UserType)
	}
	id := who.ID
	if !found {
		if err := c.checkName("user", name); err != nil {
			return 0, err
		}
		if id, err = c.tx.CreateUser(c, name, kind, koji.StatusNormal); err != nil {
			return 0, err
		}
	}
	if password == "" {
		return id, nil
	}
	hashed, err := hashPassword(password)
	if err != nil {
		return 0, err
	}
	return id, c.tx.SetPassword(c, id, hashed)
}
