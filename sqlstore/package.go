package sqlstore

import (
	"context"
	"strings"

	"koji"
)

// PackageFilter selects entries of package lists; what is zero selects all.
type PackageFilter struct {
	Tags    []int64 // nil for all tags
	Package int64
	Owner   int64
	Prefix  string // of the name, regardless of case
	Open    bool   // only those that aren't blocked
	Event   *int64
}

// TagPackages are the entries of tags' package lists, ordered by tag and name. An entry without an owner is none.
func (tx *Tx) TagPackages(ctx context.Context, f PackageFilter) ([]koji.TagPackage, error) {
	valid, args := atEvent("tp", f.Event)
	owned, more := atEvent("o", f.Event)
	args = append(args, more...)
	where := []string{valid, owned}
	if f.Tags != nil {
		where, args = append(where, `tp.tag_id IN `+in(len(f.Tags))), append(args, anys(f.Tags)...)
	}
	if f.Package != 0 {
		where, args = append(where, `tp.package_id = ?`), append(args, f.Package)
	}
	if f.Owner != 0 {
		where, args = append(where, `o.owner = ?`), append(args, f.Owner)
	}
	if f.Open {
		where = append(where, `tp.blocked = FALSE`)
	}
	if f.Prefix != "" {
		where, args = append(where, tx.like(`p.name`)), append(args, literal(f.Prefix)+"%")
	}
	l, err := list(ctx, tx, `SELECT tp.package_id, p.name, tp.tag_id, t.name, o.owner, u.name, tp.extra_arches, tp.blocked
		FROM tag_packages tp JOIN package p ON p.id = tp.package_id JOIN tag t ON t.id = tp.tag_id
		JOIN tag_package_owners o ON o.tag_id = tp.tag_id AND o.package_id = tp.package_id
		JOIN users u ON u.id = o.owner
		WHERE `+strings.Join(where, ` AND `)+` ORDER BY tp.tag_id, p.name, tp.package_id`, args, scanTagPackage)
	return l, wrap(err, "list packages of tags")
}

func scanTagPackage(row scanner) (koji.TagPackage, error) {
	var p koji.TagPackage
	err := row.Scan(&p.PackageID, &p.PackageName, &p.TagID, &p.TagName, &p.OwnerID, &p.OwnerName, &p.ExtraArches, &p.Blocked)
	return p, err
}

// PackageLists are the package lists of a tag, the first of links, and with inherit of its ancestors in the order of the
// walk: TagPackages by tag. The lists are not to be changed.
func (tx *Tx) PackageLists(ctx context.Context, tag int64, inherit bool, f PackageFilter) (links []koji.Ancestor, lists map[int64][]koji.TagPackage, err error) {
	links, lists, served, err := tx.keptPackageLists(ctx, tag, inherit, f)
	if err != nil || served {
		return links, lists, err
	}
	links = []koji.Ancestor{ownLists(tag)}
	if inherit {
		if err := tx.Steady(ctx); err != nil {
			return nil, nil, err
		}
		ancestors, err := tx.Ancestors(ctx, tag, f.Event)
		if err != nil {
			return nil, nil, err
		}
		links = append(links, ancestors...)
	}
	f.Tags = linkedTags(links)
	entries, err := tx.TagPackages(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	lists = map[int64][]koji.TagPackage{}
	for _, e := range entries {
		lists[e.TagID] = append(lists[e.TagID], e)
	}
	return links, lists, nil
}

// ownLists is a tag itself as the first link of a walk.
func ownLists(tag int64) koji.Ancestor {
	return koji.Ancestor{Inheritance: koji.Inheritance{ParentID: tag}}
}

// linkedTags are the tags of a walk, each once.
func linkedTags(links []koji.Ancestor) []int64 {
	tags := make([]int64, len(links))
	for i, l := range links {
		tags[i] = l.ParentID
	}
	return distinct(tags)
}

// PackageName is a package as the list of all packages has it.
type PackageName struct {
	ID   int64  `xmlrpc:"package_id"`
	Name string `xmlrpc:"package_name"`
}

func (tx *Tx) packageQuery(prefix string) (string, []any) {
	if prefix == "" {
		return `SELECT id, name FROM package`, nil
	}
	return `SELECT id, name FROM package WHERE ` + tx.like(`name`), []any{literal(prefix) + "%"}
}

// ListPackages lists all packages whose name begins so, regardless of case; ordered by id.
func (tx *Tx) ListPackages(ctx context.Context, prefix string, opts QueryOpts) ([]PackageName, error) {
	query, args := tx.packageQuery(prefix)
	query, args, err := opts.apply(query, args, map[string]string{"package_id": "id", "package_name": "name", "id": "id", "name": "name"}, "id")
	if err != nil {
		return nil, err
	}
	l, err := list(ctx, tx, query, args, func(row scanner) (PackageName, error) {
		var p PackageName
		err := row.Scan(&p.ID, &p.Name)
		return p, err
	})
	return l, wrap(err, "list packages")
}

// CountPackages counts what ListPackages lists.
func (tx *Tx) CountPackages(ctx context.Context, prefix string, opts QueryOpts) (int64, error) {
	query, args := tx.packageQuery(prefix)
	return tx.count(ctx, query, args, opts)
}

// SetTagPackage puts an entry into a tag's package list, in the place of the one it may have.
func (tx *Tx) SetTagPackage(ctx context.Context, tag, pkg int64, blocked bool, extraArches *string, by int64) error {
	if _, err := tx.RemoveTagPackage(ctx, tag, pkg, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "tag_packages", by,
		columns{{"package_id", pkg}, {"tag_id", tag}, {"blocked", blocked}, {"extra_arches", extraArches}})
}

// RemoveTagPackage takes an entry out of a tag's package list, and leaves its
// owner for when it comes back; the bool says whether it was there.
func (tx *Tx) RemoveTagPackage(ctx context.Context, tag, pkg, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "tag_packages", by, `package_id = ? AND tag_id = ?`, pkg, tag)
	return n > 0, err
}

// SetPackageOwner gives a tag's entry of a package to a user, even if it has it already.
func (tx *Tx) SetPackageOwner(ctx context.Context, tag, pkg, owner, by int64) error {
	if _, err := tx.revoke(ctx, "tag_package_owners", by, `package_id = ? AND tag_id = ?`, pkg, tag); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "tag_package_owners", by, columns{{"package_id", pkg}, {"tag_id", tag}, {"owner", owner}})
}
