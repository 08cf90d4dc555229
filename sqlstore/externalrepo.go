package sqlstore

import (
	"context"
	"strings"

	"koji"
)

// ExternalRepoFilter selects external repos; what is zero selects all.
type ExternalRepoFilter struct {
	ID    *int64
	URL   string
	Event *int64
}

func (f ExternalRepoFilter) query() (string, []any) {
	valid, args := atEvent("c", f.Event)
	where := []string{valid}
	if f.ID != nil {
		where, args = append(where, `r.id = ?`), append(args, *f.ID)
	}
	if f.URL != "" {
		where, args = append(where, `c.url = ?`), append(args, f.URL)
	}
	return `SELECT r.id, r.name, c.url FROM external_repo r JOIN external_repo_config c ON c.external_repo_id = r.id
		WHERE ` + strings.Join(where, ` AND `), args
}

func scanExternalRepo(row scanner) (koji.ExternalRepo, error) {
	var r koji.ExternalRepo
	err := row.Scan(&r.ID, &r.Name, &r.URL)
	return r, err
}

// ExternalRepo finds an external repo, now or at an event; nil if there is none, or it was deleted.
func (tx *Tx) ExternalRepo(ctx context.Context, id int64, event *int64) (*koji.ExternalRepo, error) {
	query, args := ExternalRepoFilter{ID: &id, Event: event}.query()
	r, found, err := one(ctx, tx, query, args, scanExternalRepo)
	if err != nil || !found {
		return nil, wrap(err, "find external repo %d", id)
	}
	return &r, nil
}

// ListExternalRepos are the external repos that the filter keeps, ordered by id.
func (tx *Tx) ListExternalRepos(ctx context.Context, f ExternalRepoFilter, opts QueryOpts) ([]koji.ExternalRepo, error) {
	query, args := f.query()
	query, args, err := opts.apply(query, args, map[string]string{"id": "r.id", "name": "r.name", "url": "c.url"}, "r.id")
	if err != nil {
		return nil, err
	}
	l, err := list(ctx, tx, query, args, scanExternalRepo)
	return l, wrap(err, "list external repos")
}

// CountExternalRepos counts the external repos that the filter keeps.
func (tx *Tx) CountExternalRepos(ctx context.Context, f ExternalRepoFilter, opts QueryOpts) (int64, error) {
	query, args := f.query()
	return tx.count(ctx, query, args, opts)
}

// SetExternalRepoURL stores where an external repo is.
func (tx *Tx) SetExternalRepoURL(ctx context.Context, repo int64, url string, by int64) error {
	if _, err := tx.revoke(ctx, "external_repo_config", by, `external_repo_id = ?`, repo); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "external_repo_config", by, columns{{"external_repo_id", repo}, {"url", url}})
}

// DeleteExternalRepo revokes an external repo, its data and its places in tags. Its name stays taken.
func (tx *Tx) DeleteExternalRepo(ctx context.Context, repo, by int64) error {
	for _, table := range []string{"tag_external_repos", "external_repo_data", "external_repo_config"} {
		if _, err := tx.revoke(ctx, table, by, `external_repo_id = ?`, repo); err != nil {
			return err
		}
	}
	return nil
}

// TagExternalRepos are the places of external repos in tags, now or at an event, ordered by tag and priority.
// tags nil stands for all tags, repo nil for all repos.
func (tx *Tx) TagExternalRepos(ctx context.Context, tags []int64, repo, event *int64) ([]koji.TagExternalRepo, error) {
	valid, args := atEvent("l", event)
	config, more := atEvent("c", event)
	args = append(args, more...)
	where := []string{valid, config}
	if tags != nil {
		where, args = append(where, `l.tag_id IN `+in(len(tags))), append(args, anys(tags)...)
	}
	if repo != nil {
		where, args = append(where, `l.external_repo_id = ?`), append(args, *repo)
	}
	l, err := few(ctx, tx, `SELECT l.tag_id, t.name, l.external_repo_id, r.name, c.url, l.priority, l.merge_mode, l.arches
		FROM tag_external_repos l JOIN tag t ON t.id = l.tag_id JOIN external_repo r ON r.id = l.external_repo_id
		JOIN external_repo_config c ON c.external_repo_id = r.id
		WHERE `+strings.Join(where, ` AND `)+` ORDER BY l.tag_id, l.priority, l.external_repo_id`, args,
		func(row scanner) (koji.TagExternalRepo, error) {
			var p koji.TagExternalRepo
			err := row.Scan(&p.TagID, &p.TagName, &p.ExternalRepoID, &p.ExternalRepoName, &p.URL, &p.Priority, &p.MergeMode, &p.Arches)
			return p, err
		})
	return l, wrap(err, "list external repos of tags")
}

// SetTagExternalRepo gives an external repo a place in a tag, instead of the one that it may have there.
func (tx *Tx) SetTagExternalRepo(ctx context.Context, p koji.TagExternalRepo, by int64) error {
	if _, err := tx.RemoveTagExternalRepo(ctx, p.TagID, p.ExternalRepoID, by); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "tag_external_repos", by, columns{
		{"tag_id", p.TagID}, {"external_repo_id", p.ExternalRepoID}, {"priority", p.Priority}, {"merge_mode", p.MergeMode}, {"arches", p.Arches},
	})
}

// RemoveTagExternalRepo takes an external repo out of a tag; the bool says whether it was there.
func (tx *Tx) RemoveTagExternalRepo(ctx context.Context, tag, repo, by int64) (bool, error) {
	n, err := tx.revoke(ctx, "tag_external_repos", by, `tag_id = ? AND external_repo_id = ?`, tag, repo)
	return n > 0, err
}

// ExternalRepoData is what is stored about an external repo, nil if nothing is.
func (tx *Tx) ExternalRepoData(ctx context.Context, repo int64) (any, error) {
	v, _, err := one(ctx, tx, `SELECT data FROM external_repo_data WHERE external_repo_id = ? AND active = TRUE`, []any{repo},
		func(row scanner) (any, error) {
			var v any
			err := row.Scan(scanJSON(&v))
			return v, err
		})
	return v, wrap(err, "read data of external repo %d", repo)
}

// SetExternalRepoData stores data about an external repo, instead of what is stored.
func (tx *Tx) SetExternalRepoData(ctx context.Context, repo int64, data map[string]any, by int64) error {
	text, err := EncodeJSON(data)
	if err != nil {
		return koji.NewError(koji.CodeParameter, "data: "+err.Error())
	}
	if _, err := tx.revoke(ctx, "external_repo_data", by, `external_repo_id = ?`, repo); err != nil {
		return err
	}
	return tx.insertVersioned(ctx, "external_repo_data", by, columns{{"external_repo_id", repo}, {"data", text}})
}
