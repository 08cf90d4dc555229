package hubd

import (
	"crypto/rand"
	"encoding/hex"

	"koji"
	"koji/sqlstore"
)

// A content generator is a system outside of the hub that builds things, and
// imports them with all there is to know of how they were made. Users act for
// it. Koji: reference/semantics.md, "Content generators".

func generatorMethods() []method {
	return []method{
		reads("listCGs", anyone, "Content generators with ids and member users.", listCGs),
		writes("grantCGAccess", perm("admin"), "Lets a user act for a content generator.", grantCGAccess),
		writes("revokeCGAccess", perm("admin"), "Withdraws content generator access.", revokeCGAccess),
		writes("CGInitBuild", authenticated, "Reserves a BUILDING build row for a content generator and hands back {build_id, token}.", cgInitBuild),
		writes("CGRefundBuild", authenticated, "Releases a reservation by marking the build FAILED or CANCELED; token must match.", cgRefundBuild),
		writes("CGImport", authenticated, "Imports a finished content-generator build from metadata (dict, JSON text or file name) plus uploaded files.", cgImport),
	}
}

// authenticated is anyone with a session. Generators are told 1002, not 1004
// as elsewhere, which makes their clients log in.
var authenticated = access{"users", func(c *call) error {
	if c.session.user == 0 {
		return koji.NewError(koji.CodeAuth, "Not logged-in")
	}
	return nil
}}

func listCGs(c *call, _ none) (any, error) {
	all, err := c.tx.Generators(c)
	if err != nil {
		return nil, err
	}
	byName := map[string]any{}
	for _, g := range all {
		byName[g.Name.Name] = map[string]any{"id": g.ID, "users": g.Users}
	}
	return byName, nil
}

type grantCGAccessArgs struct {
	User   any  `rpc:"user"`
	CG     any  `rpc:"cg"`
	Create bool `rpc:"create=false"`
}

func grantCGAccess(c *call, a grantCGAccessArgs) (any, error) {
	u, err := c.userRef(a.User)
	if err != nil {
		return nil, err
	}
	cg, found, err := c.find(sqlstore.GeneratorNames, a.CG)
	switch {
	case err != nil:
		return nil, err
	case !found && !a.Create:
		return nil, noSuch(sqlstore.GeneratorNames, a.CG)
	case !found:
		if cg.Name, err = c.newName("content generator", a.CG); err != nil {
			return nil, err
		}
		if cg.ID, err = c.tx.AddName(c, sqlstore.GeneratorNames, cg.Name); err != nil {
			return nil, err
		}
	}
	may, err := c.tx.ActsFor(c, u.ID, cg.ID)
	if err != nil {
		return nil, err
	}
	if may {
		return nil, refuse("User %s already has access to content generator %s", u.Name, cg.Name)
	}
	return nil, c.tx.GrantGenerator(c, u.ID, cg.ID, c.session.user)
}

type revokeCGAccessArgs struct {
	User any `rpc:"user"`
	CG   any `rpc:"cg"`
}

func revokeCGAccess(c *call, a revokeCGAccessArgs) (any, error) {
	u, err := c.userRef(a.User)
	if err != nil {
		return nil, err
	}
	cg, err := c.need(sqlstore.GeneratorNames, a.CG)
	if err != nil {
		return nil, err
	}
	return nil, c.tx.RevokeGenerator(c, u.ID, cg.ID, c.session.user)
}

// generator finds the content generator that the caller acts for. To be admin is not enough.
func (c *call) generator(ref any) (sqlstore.Name, error) {
	cg, err := c.need(sqlstore.GeneratorNames, ref)
	if err != nil {
		return cg, err
	}
	may, err := c.tx.ActsFor(c, c.session.user, cg.ID)
	if err == nil && !may {
		err = fault(koji.CodeAuth, "User %s not authorized for content generator %s", c.session.name, cg.Name)
	}
	return cg, err
}

type cgInitBuildArgs struct {
	CG   any            `rpc:"cg"`
	Data map[string]any `rpc:"data"`
}

// reservation is the answer to CGInitBuild.
type reservation struct {
	BuildID int64  `xmlrpc:"build_id"`
	Token   string `xmlrpc:"token"`
}

// cgInitBuild reserves a build: nobody else can use its NVR until it is
// imported, or refunded, with the token.
func cgInitBuild(c *call, a cgInitBuildArgs) (any, error) {
	cg, err := c.generator(a.CG)
	if err != nil {
		return nil, err
	}
	n, name, err := c.newBuildOf(a.Data)
	if err != nil {
		return nil, err
	}
	if ref := a.Data["task_id"]; ref != nil {
		task, err := c.taskOfBuild(ref)
		if err != nil {
			return nil, err
		}
		n.Task = task.ID
	}
	if err := c.freeNVR(name, n); err != nil {
		return nil, err
	}
	n.Owner, n.CG = c.session.user, cg.ID
	id, err := c.beginBuild(name, n)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	token := hex.EncodeToString(secret)
	return reservation{id, token}, c.tx.Reserve(c, id, token)
}

// taskOfBuild is the task that a build is said to be of.
func (c *call) taskOfBuild(ref any) (*koji.Task, error) {
	id, err := intArg("task_id", ref)
	if err != nil {
		return nil, err
	}
	task, err := c.tx.Task(c, id)
	if err == nil && task == nil {
		err = refuse("No such task: %d", id)
	}
	return task, err
}

// freeNVR refuses the NVR of a build that is there, unless it can be used again.
// beginBuild alone would give a task its own build again, which others reserved.
func (c *call) freeNVR(name string, n sqlstore.NewBuild) error {
	if n.Draft {
		return nil
	}
	old, err := c.lockBuildOf(name, n.Version, n.Release)
	if err == nil && old != nil && old.State != koji.BuildFailed && old.State != koji.BuildCanceled {
		err = refuse("Build already exists (id=%d, state=%s): %s", old.ID, old.State, old.NVR)
	}
	return err
}

type cgRefundBuildArgs struct {
	CG    any    `rpc:"cg"`
	Build int64  `rpc:"build_id"`
	Token string `rpc:"token"`
	State int64  `rpc:"state=3"`
}

func cgRefundBuild(c *call, a cgRefundBuildArgs) (any, error) {
	cg, err := c.generator(a.CG)
	if err != nil {
		return nil, err
	}
	state := koji.BuildState(a.State)
	if state != koji.BuildFailed && state != koji.BuildCanceled {
		return nil, refuse("A refunded build becomes FAILED or CANCELED, not %s", state)
	}
	b, err := c.reservedBuild(cg, a.Build, a.Token)
	if err != nil {
		return nil, err
	}
	return nil, c.endBuild(b, state)
}

// reservedBuild is a build that a generator reserved, locked.
func (c *call) reservedBuild(cg sqlstore.Name, id int64, token string) (*koji.Build, error) {
	if sqlstore.FitsID(id) {
		if _, _, err := c.tx.LockBuild(c, id); err != nil {
			return nil, err
		}
	}
	b, err := c.tx.Build(c, id)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, refuse("No such build: %d", id)
	}
	kept, err := c.tx.Reserved(c, b.ID, token)
	switch {
	case err != nil:
		return nil, err
	case b.CGID == nil || *b.CGID != cg.ID:
		return nil, refuse("Build %s is not reserved by content generator %s", b.NVR, cg.Name)
	case b.State != koji.BuildBuilding:
		return nil, refuse("Build %s is %s, not BUILDING", b.NVR, b.State)
	case !kept:
		return nil, refuse("Token mismatch for build %s", b.NVR)
	}
	return b, nil
}
