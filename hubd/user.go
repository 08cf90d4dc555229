package hubd

import (
	"koji"
	"koji/sqlstore"
)

func userMethods() []method {
	admin := perm("admin")
	return []method{
		reads("getUser", anyone, "User record by id, name, principal or struct; nil means the caller.", getUser),
		writes("createUser", admin, "Creates a user and returns its id.", createUser),
		reads("listUsers", anyone, "Users by type, prefix of the name, or permission.", listUsers),
		writes("disableUser", admin, "Blocks logins of a user.", disableUser),
		writes("enableUser", admin, "Unblocks a user.", enableUser),
		writes("editUser", admin, "Renames a user, adds, swaps and drops its Kerberos principals.", editUser),
		writes("newGroup", admin, "Creates a user group and returns its id.", newGroup),
		writes("addUserKrbPrincipal", admin, "Gives a user a Kerberos principal; returns the user's id.", addUserKrbPrincipal),
		writes("removeUserKrbPrincipal", admin, "Drops a user's Kerberos principal; returns the user's id.", removeUserKrbPrincipal),
	}
}

// userLookup finds a user by id, name or Kerberos principal, or by a struct of
// id, name, krb_principal, of which all that are given must fit. It is nil if
// there is none; nil as reference is the caller.
func (c *call) userLookup(ref any) (*koji.User, error) {
	var m sqlstore.UserMatch
	bad := refuse("Invalid type for user: %s", refText(ref))
	switch ref := ref.(type) {
	case nil:
		if c.session.user == 0 {
			return nil, refuse("No user is given, and nobody is logged in")
		}
		m.ID = &c.session.user
	case int64:
		m.ID = &ref
	case string:
		m.Either = &ref
	case map[string]any:
		for key, v := range ref {
			text, isText := v.(string)
			id, isID := v.(int64)
			switch {
			case v == nil:
			case key == "id" && isID:
				m.ID = &id
			case key == "name" && isText:
				m.Name = &text
			case key == "krb_principal" && isText:
				m.Principal = &text
			case key == "id" || key == "name" || key == "krb_principal":
				return nil, bad
			}
		}
		if m == (sqlstore.UserMatch{}) {
			return nil, bad
		}
	default:
		return nil, bad
	}
	return c.tx.FindUser(c, m)
}

// userRef is userLookup that refuses what isn't there.
func (c *call) userRef(ref any) (*koji.User, error) {
	u, err := c.userLookup(ref)
	if err == nil && u == nil {
		err = noSuch(sqlstore.UserNames, ref)
	}
	return u, err
}

// userID is the id of userRef.
func (c *call) userID(ref any) (int64, error) {
	u, err := c.userRef(ref)
	if err != nil {
		return 0, err
	}
	return u.ID, nil
}

type getUserArgs struct {
	User       any  `rpc:"userInfo=nil"`
	Strict     bool `rpc:"strict=false"`
	Principals bool `rpc:"krb_princs=true"`
	Groups     bool `rpc:"groups=false"`
}

// userRecord is a user with as much as was asked for.
type userRecord struct {
	ID            int64           `xmlrpc:"id"`
	Name          string          `xmlrpc:"name"`
	Status        koji.UserStatus `xmlrpc:"status"`
	UserType      koji.UserType   `xmlrpc:"usertype"`
	KrbPrincipals *[]string       `xmlrpc:"krb_principals,omitempty"`
	Groups        *[]string       `xmlrpc:"groups,omitempty"`
}

func getUser(c *call, a getUserArgs) (any, error) {
	u, err := c.userLookup(a.User)
	if err != nil {
		return nil, err
	}
	if u == nil {
		if a.Strict {
			return nil, noSuch(sqlstore.UserNames, a.User)
		}
		return nil, nil
	}
	r := userRecord{ID: u.ID, Name: u.Name, Status: u.Status, UserType: u.UserType}
	if a.Principals {
		r.KrbPrincipals = &u.KrbPrincipals
	}
	if a.Groups {
		names, err := c.tx.UserGroupNames(c, u.ID)
		if err != nil {
			return nil, err
		}
		r.Groups = &names
	}
	return r, nil
}

type createUserArgs struct {
	Name      any    `rpc:"username"`
	Status    *int64 `rpc:"status=nil"`
	Principal any    `rpc:"krb_principal=nil"`
}

func createUser(c *call, a createUserArgs) (any, error) {
	name, err := c.shortName("user", a.Name, 255)
	if err != nil {
		return nil, err
	}
	status := koji.StatusNormal
	if a.Status != nil {
		status = koji.UserStatus(*a.Status)
		if status != koji.StatusNormal && status != koji.StatusBlocked {
			return nil, refuse("Invalid status of a user: %d", *a.Status)
		}
	}
	if err := c.userIsNew(name); err != nil {
		return nil, err
	}
	id, err := c.tx.CreateUser(c, name, koji.UserNormal, status)
	if err != nil || a.Principal == nil {
		return id, err
	}
	return id, c.addPrincipal(id, a.Principal)
}

// userIsNew refuses a name that is a user's, or a principal of one.
func (c *call) userIsNew(name string) error {
	old, err := c.tx.FindUser(c, sqlstore.UserMatch{Either: &name})
	if err != nil || old == nil {
		return err
	}
	return refuse("User %s already exists as a %s (id %d)", name, old.UserType, old.ID)
}

// addPrincipal gives a user a principal that nobody has.
func (c *call) addPrincipal(id int64, v any) error {
	principal, err := c.shortName("user", v, 255)
	if err != nil {
		return err
	}
	old, err := c.tx.UserByPrincipal(c, principal)
	if err != nil {
		return err
	}
	if old != nil {
		return refuse("Kerberos principal %s belongs to user %s", principal, old.Name)
	}
	return c.tx.AddPrincipal(c, id, principal)
}

type listUsersArgs struct {
	Type      any     `rpc:"userType=0"`
	Prefix    *string `rpc:"prefix=nil"`
	QueryOpts any     `rpc:"queryOpts=nil"`
	Perm      any     `rpc:"perm=nil"`
	Inherited bool    `rpc:"inherited_perm=false"`
}

func listUsers(c *call, a listUsersArgs) (any, error) {
	f := sqlstore.UserFilter{Prefix: deref(a.Prefix), Inherited: a.Inherited}
	types, isList := a.Type.([]any)
	if !isList && a.Type != nil {
		types = []any{a.Type}
	}
	for _, v := range types {
		n, ok := v.(int64)
		if !ok || !sqlstore.FitsID(n) {
			return nil, fault(koji.CodeParameter, "userType: invalid value %s, want the number of a type", refText(v))
		}
		f.Types = append(f.Types, koji.UserType(n))
	}
	if a.Perm == nil && a.Inherited {
		return nil, refuse("inherited_perm needs perm")
	}
	if a.Perm != nil {
		var err error
		if f.Permission, err = c.permissionID(a.Perm); err != nil {
			return nil, err
		}
	}
	opts, err := sqlstore.ParseQueryOpts(a.QueryOpts)
	if err != nil {
		return nil, err
	}
	if opts.CountOnly {
		return c.tx.CountUsers(c, f, opts)
	}
	users, err := c.tx.ListUsers(c, f, opts)
	return rows(opts, users), err
}

type userNameArgs struct {
	User any `rpc:"username"`
}

func disableUser(c *call, a userNameArgs) (any, error) {
	return setUserStatus(c, a, koji.StatusBlocked)
}

func enableUser(c *call, a userNameArgs) (any, error) { return setUserStatus(c, a, koji.StatusNormal) }

func setUserStatus(c *call, a userNameArgs, status koji.UserStatus) (any, error) {
	id, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return nil, c.tx.SetUserStatus(c, id, status)
}

type editUserArgs struct {
	User     any   `rpc:"userInfo"`
	Name     any   `rpc:"name=nil"`
	Mappings []any `rpc:"krb_principal_mappings=nil"`
}

// editUser takes principal mappings {old, new}: without old it adds, without
// new it drops.
func editUser(c *call, a editUserArgs) (any, error) {
	u, err := c.userRef(a.User)
	if err != nil {
		return nil, err
	}
	if a.Name != nil {
		name, err := c.shortName("user", a.Name, 255)
		if err != nil {
			return nil, err
		}
		if name != u.Name {
			old, err := c.tx.UserByName(c, name)
			if err != nil {
				return nil, err
			}
			if old != nil {
				return nil, refuse("Name %s is already taken by user %d", name, old.ID)
			}
			if err := c.tx.Rename(c, sqlstore.UserNames, u.ID, name); err != nil {
				return nil, err
			}
		}
	}
	var added []any
	for _, v := range a.Mappings {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "krb_principal_mappings: invalid type %s, want structs of old and new", typeName(v))
		}
		if m["old"] != nil {
			if err := c.removePrincipal(u, m["old"]); err != nil {
				return nil, err
			}
		}
		if m["new"] != nil {
			added = append(added, m["new"])
		}
	}
	// All are dropped before any is added, so that two can change places.
	for _, v := range added {
		if err := c.addPrincipal(u.ID, v); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (c *call) removePrincipal(u *koji.User, v any) error {
	principal, ok := v.(string)
	if !ok {
		return refuse("Kerberos principal: invalid type %s, want a string", typeName(v))
	}
	had, err := c.tx.RemovePrincipal(c, u.ID, principal)
	if err == nil && !had {
		err = refuse("User %s has no Kerberos principal %s", u.Name, principal)
	}
	return err
}

type newGroupArgs struct {
	Name any `rpc:"name"`
}

func newGroup(c *call, a newGroupArgs) (any, error) {
	name, err := c.shortName("user", a.Name, 255)
	if err != nil {
		return nil, err
	}
	if err := c.userIsNew(name); err != nil {
		return nil, err
	}
	return c.tx.CreateUser(c, name, koji.UserGroup, koji.StatusNormal)
}

type principalArgs struct {
	User      any `rpc:"user"`
	Principal any `rpc:"krb_principal"`
}

func addUserKrbPrincipal(c *call, a principalArgs) (any, error) {
	id, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return id, c.addPrincipal(id, a.Principal)
}

func removeUserKrbPrincipal(c *call, a principalArgs) (any, error) {
	u, err := c.userRef(a.User)
	if err != nil {
		return nil, err
	}
	return u.ID, c.removePrincipal(u, a.Principal)
}
