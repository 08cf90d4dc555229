package hubd

import (
	"koji"
	"koji/sqlstore"
)

func permMethods() []method {
	admin := perm("admin")
	return []method{
		reads("getAllPerms", anyone, "All permissions with their descriptions.", getAllPerms),
		reads("getPerms", anyone, "Names of the caller's permissions.", getPerms),
		reads("getUserPerms", anyone, "Names of a user's permissions, with those of its groups unless told otherwise.", getUserPerms),
		reads("getUserPermsInheritance", anyone, "A user's permissions, each with the groups it comes from; nil is its own.", getUserPermsInheritance),
		reads("hasPerm", anyone, "Whether the caller has a permission; admin is no other one here.", hasPermission),
		writes("grantPermission", admin, "Gives a user or group a permission, with create a new one.", grantPermission),
		writes("revokePermission", admin, "Takes a permission from a user or group.", revokePermission),
		writes("editPermission", admin, "Changes a permission's description.", editPermission),
		writes("addGroupMember", admin, "Adds a user to a group.", addGroupMember),
		writes("dropGroupMember", admin, "Drops a user from a group.", dropGroupMember),
		reads("getGroupMembers", anyone, "Members of a group.", getGroupMembers),
		reads("getUserGroups", anyone, "Groups of a user.", getUserGroups),
	}
}

func getAllPerms(c *call, _ none) (any, error) { return c.tx.Permissions(c) }

func getPerms(c *call, _ none) (any, error) { return c.permNames(c.session.user, true) }

// permNames are a user's permissions in the order in which they were given.
func (c *call) permNames(user int64, groups bool) ([]string, error) {
	sources, err := c.tx.PermissionSources(c, user)
	if err != nil {
		return nil, err
	}
	names, seen := []string{}, map[string]bool{}
	for _, s := range sources {
		if !seen[s.Permission] && (groups || s.Group == nil) {
			seen[s.Permission] = true
			names = append(names, s.Permission)
		}
	}
	return names, nil
}

type getUserPermsArgs struct {
	User   any  `rpc:"userID=nil"`
	Groups bool `rpc:"with_groups=true"`
}

func getUserPerms(c *call, a getUserPermsArgs) (any, error) {
	id, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return c.permNames(id, a.Groups)
}

type userIDArgs struct {
	User any `rpc:"userID"`
}

func getUserPermsInheritance(c *call, a userIDArgs) (any, error) {
	id, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	sources, err := c.tx.PermissionSources(c, id)
	if err != nil {
		return nil, err
	}
	ways := map[string]any{}
	for _, s := range sources {
		var from any
		if s.Group != nil {
			from = *s.Group
		}
		list, _ := ways[s.Permission].([]any)
		ways[s.Permission] = append(list, from)
	}
	return ways, nil
}

type hasPermArgs struct {
	Perm   any  `rpc:"perm"`
	Strict bool `rpc:"strict=false"`
}

func hasPermission(c *call, a hasPermArgs) (any, error) {
	p, found, err := c.find(sqlstore.PermissionNames, a.Perm)
	switch {
	case err != nil:
		return nil, err
	case !found && a.Strict:
		return nil, noSuch(sqlstore.PermissionNames, a.Perm)
	case !found:
		return false, nil
	}
	return c.hasPerm(p.Name)
}

type grantPermissionArgs struct {
	User        any     `rpc:"userinfo"`
	Permission  any     `rpc:"permission"`
	Create      bool    `rpc:"create=false"`
	Description *string `rpc:"description=nil"`
}

func grantPermission(c *call, a grantPermissionArgs) (any, error) {
	u, err := c.userRef(a.User)
	if err != nil {
		return nil, err
	}
	if a.Description != nil && !a.Create {
		return nil, refuse("A description is for a permission that is created")
	}
	p, found, err := c.find(sqlstore.PermissionNames, a.Permission)
	if err != nil {
		return nil, err
	}
	switch {
	case found && a.Description != nil:
		return nil, refuse("Permission %s exists; editPermission changes its description", p.Name)
	case !found && !a.Create:
		return nil, noSuch(sqlstore.PermissionNames, a.Permission)
	case !found:
		if p.Name, err = c.shortName("permission", a.Permission, 50); err != nil {
			return nil, err
		}
		if p.ID, err = c.tx.CreatePermission(c, p.Name, a.Description); err != nil {
			return nil, err
		}
	}
	has, err := c.tx.HasPermission(c, u.ID, p.ID)
	if err != nil {
		return nil, err
	}
	if has {
		return nil, refuse("User %s already has permission %s", u.Name, p.Name)
	}
	c.session.perms = nil // the next call of a multiCall reads them anew
	return nil, c.tx.GrantPermission(c, u.ID, p.ID, c.session.user)
}

type revokePermissionArgs struct {
	User       any `rpc:"userinfo"`
	Permission any `rpc:"permission"`
}

func revokePermission(c *call, a revokePermissionArgs) (any, error) {
	u, err := c.userRef(a.User)
	if err != nil {
		return nil, err
	}
	p, err := c.need(sqlstore.PermissionNames, a.Permission)
	if err != nil {
		return nil, err
	}
	c.session.perms = nil
	had, err := c.tx.RevokePermission(c, u.ID, p.ID, c.session.user)
	if err == nil && !had {
		err = refuse("User %s does not have permission %s", u.Name, p.Name)
	}
	return nil, err
}

type editPermissionArgs struct {
	Permission  any    `rpc:"permission"`
	Description string `rpc:"description"`
}

func editPermission(c *call, a editPermissionArgs) (any, error) {
	id, err := c.permissionID(a.Permission)
	if err != nil {
		return nil, err
	}
	return nil, c.tx.DescribePermission(c, id, a.Description)
}

// groupRef finds a group of users.
func (c *call) groupRef(ref any) (*koji.User, error) {
	g, err := c.userLookup(ref)
	switch {
	case err != nil:
		return nil, err
	case g == nil:
		return nil, refuse("No such group: %s", refText(ref))
	case g.UserType != koji.UserGroup:
		return nil, refuse("Not a group: %s", g.Name)
	}
	return g, nil
}

type addGroupMemberArgs struct {
	Group  any  `rpc:"group"`
	User   any  `rpc:"user"`
	Strict bool `rpc:"strict=true"`
}

func addGroupMember(c *call, a addGroupMemberArgs) (any, error) {
	g, u, err := c.membership(a.Group, a.User)
	if err != nil {
		return nil, err
	}
	if u.UserType == koji.UserGroup {
		return nil, refuse("Groups cannot be members of groups: %s", u.Name)
	}
	in, err := c.isMember(u.ID, g.ID)
	switch {
	case err != nil:
		return nil, err
	case in && a.Strict:
		return nil, refuse("User %s is already a member of group %s", u.Name, g.Name)
	case in:
		return nil, nil
	}
	c.session.perms = nil
	return nil, c.tx.AddGroupMember(c, g.ID, u.ID, c.session.user)
}

func (c *call) membership(group, user any) (g, u *koji.User, err error) {
	if g, err = c.groupRef(group); err != nil {
		return nil, nil, err
	}
	u, err = c.userRef(user)
	return g, u, err
}

func (c *call) isMember(user, group int64) (bool, error) {
	groups, err := c.tx.UserGroups(c, user)
	for _, g := range groups {
		if g.ID == group {
			return true, nil
		}
	}
	return false, err
}

type dropGroupMemberArgs struct {
	Group any `rpc:"group"`
	User  any `rpc:"user"`
}

func dropGroupMember(c *call, a dropGroupMemberArgs) (any, error) {
	g, u, err := c.membership(a.Group, a.User)
	if err != nil {
		return nil, err
	}
	c.session.perms = nil
	was, err := c.tx.DropGroupMember(c, g.ID, u.ID, c.session.user)
	if err == nil && !was {
		err = refuse("User %s is not a member of group %s", u.Name, g.Name)
	}
	return nil, err
}

type groupArgs struct {
	Group any `rpc:"group"`
}

// groupMember is a user as getGroupMembers tells it: without its status.
type groupMember struct {
	ID            int64         `xmlrpc:"id"`
	Name          string        `xmlrpc:"name"`
	UserType      koji.UserType `xmlrpc:"usertype"`
	KrbPrincipals []string      `xmlrpc:"krb_principals"`
}

func getGroupMembers(c *call, a groupArgs) (any, error) {
	g, err := c.groupRef(a.Group)
	if err != nil {
		return nil, err
	}
	users, err := c.tx.GroupMembers(c, g.ID)
	if err != nil {
		return nil, err
	}
	members := make([]groupMember, len(users))
	for i, u := range users {
		members[i] = groupMember{u.ID, u.Name, u.UserType, u.KrbPrincipals}
	}
	return members, nil
}

type getUserGroupsArgs struct {
	User any `rpc:"user"`
}

func getUserGroups(c *call, a getUserGroupsArgs) (any, error) {
	id, err := c.userID(a.User)
	if err != nil {
		return nil, err
	}
	return c.tx.UserGroups(c, id)
}
