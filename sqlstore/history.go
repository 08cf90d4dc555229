package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// The history of what is versioned, as queryHistory tells it: the rows of a
// table of all times, with who made and revoked them and when, and the names of
// what they refer to. Koji: reference/semantics.md, "Search and history".

// historyTables are the versioned tables, with the columns of their own.
var historyTables = map[string][]historyColumn{
	"user_perms":            {{"user_id", viewInt}, {"perm_id", viewInt}},
	"user_groups":           {{"user_id", viewInt}, {"group_id", viewInt}},
	"cg_users":              {{"user_id", viewInt}, {"cg_id", viewInt}},
	"tag_inheritance":       {{"tag_id", viewInt}, {"parent_id", viewInt}, {"priority", viewInt}, {"maxdepth", viewInt}, {"intransitive", viewBool}, {"noconfig", viewBool}, {"pkg_filter", viewText}},
	"tag_config":            {{"tag_id", viewInt}, {"arches", viewText}, {"perm_id", viewInt}, {"locked", viewBool}, {"maven_support", viewBool}, {"maven_include_all", viewBool}},
	"tag_extra":             {{"tag_id", viewInt}, {"key", viewText}, {"value", viewText}},
	"build_target_config":   {{"build_target_id", viewInt}, {"build_tag", viewInt}, {"dest_tag", viewInt}},
	"external_repo_config":  {{"external_repo_id", viewInt}, {"url", viewText}},
	"external_repo_data":    {{"external_repo_id", viewInt}, {"data", viewJSON}},
	"tag_external_repos":    {{"tag_id", viewInt}, {"external_repo_id", viewInt}, {"priority", viewInt}, {"merge_mode", viewText}, {"arches", viewText}},
	"host_config":           {{"host_id", viewInt}, {"arches", viewText}, {"capacity", viewFloat}, {"description", viewText}, {"comment", viewText}, {"enabled", viewBool}},
	"host_channels":         {{"host_id", viewInt}, {"channel_id", viewInt}},
	"tag_listing":           {{"build_id", viewInt}, {"tag_id", viewInt}},
	"tag_packages":          {{"package_id", viewInt}, {"tag_id", viewInt}, {"blocked", viewBool}, {"extra_arches", viewText}},
	"tag_package_owners":    {{"package_id", viewInt}, {"tag_id", viewInt}, {"owner", viewInt}},
	"group_config":          {{"group_id", viewInt}, {"tag_id", viewInt}, {"blocked", viewBool}, {"exported", viewBool}, {"display_name", viewText}, {"is_default", viewBool}, {"uservisible", viewBool}, {"description", viewText}, {"langonly", viewText}, {"biarchonly", viewBool}},
	"group_req_listing":     {{"group_id", viewInt}, {"tag_id", viewInt}, {"req_id", viewInt}, {"blocked", viewBool}, {"type", viewText}, {"is_metapkg", viewBool}},
	"group_package_listing": {{"group_id", viewInt}, {"tag_id", viewInt}, {"package", viewText}, {"blocked", viewBool}, {"type", viewText}, {"basearchonly", viewBool}, {"requires", viewText}},
}

type historyColumn struct {
	name string
	kind viewKind
}

// historyRefs are the columns that refer to a table of names: which, under what
// word the name is shown, and by what noun rows are chosen that refer to it.
var historyRefs = map[string]struct {
	table NameTable
	shown string
	noun  HistoryNoun
}{
	"user_id":          {UserNames, "user", HistoryUser},
	"owner":            {UserNames, "owner", HistoryUser},
	"perm_id":          {PermissionNames, "permission", HistoryPermission},
	"group_id":         {GroupNames, "group", HistoryGroup},
	"req_id":           {GroupNames, "req", HistoryGroup},
	"cg_id":            {GeneratorNames, "content_generator", HistoryGenerator},
	"tag_id":           {TagNames, "tag", HistoryTag},
	"parent_id":        {TagNames, "parent", HistoryTag},
	"build_tag":        {TagNames, "build_tag", HistoryTag},
	"dest_tag":         {TagNames, "dest_tag", HistoryTag},
	"build_target_id":  {TargetNames, "build_target", HistoryTarget},
	"external_repo_id": {ExternalRepoNames, "external_repo", HistoryExternalRepo},
	"host_id":          {HostNames, "host", HistoryHost},
	"channel_id":       {ChannelNames, "channels", HistoryChannel},
	"package_id":       {PackageNames, "package", HistoryPackage},
}

// HistoryNoun is a kind of thing that rows are chosen by, as the arguments of queryHistory name it.
type HistoryNoun string

// The nouns of history.
const (
	HistoryTag          HistoryNoun = "tag"
	HistoryBuild        HistoryNoun = "build"
	HistoryHost         HistoryNoun = "host"
	HistoryChannel      HistoryNoun = "channel"
	HistoryPackage      HistoryNoun = "package"
	HistoryUser         HistoryNoun = "user"
	HistoryPermission   HistoryNoun = "permission"
	HistoryExternalRepo HistoryNoun = "external_repo"
	HistoryTarget       HistoryNoun = "build_target"
	HistoryGroup        HistoryNoun = "group"
	HistoryGenerator    HistoryNoun = "cg"
	HistoryKey          HistoryNoun = "xkey" // of tag_extra
)

// HistoryFilter selects rows; what is zero selects all.
type HistoryFilter struct {
	IDs         map[HistoryNoun]*int64 // nil for a thing that isn't there, of which there are no rows
	Texts       map[HistoryNoun]string // the same where a column holds text; see HistoryNouns
	Active      *bool
	Editor      *int64 // who made or revoked the row
	After       time.Time
	Before      time.Time
	AfterEvent  *int64
	BeforeEvent *int64
}

// HistoryTables are the names of the versioned tables, in alphabetical order.
func HistoryTables() []string { return slices.Sorted(maps.Keys(historyTables)) }

// IsHistoryTable says whether a table is versioned.
func IsHistoryTable(name string) bool { return historyTables[name] != nil }

// HistoryNouns are the nouns that the rows of a table can be chosen by, and
// whether that goes by id; else the table holds the text itself.
func HistoryNouns(table string) map[HistoryNoun]bool {
	byID := map[HistoryNoun]bool{}
	for noun, column := range newHistoryQuery(table).nouns {
		byID[noun] = column != textColumns[noun]
	}
	return byID
}

// textColumns are the columns that hold a noun's text.
var textColumns = map[HistoryNoun]string{HistoryPackage: "t.package", HistoryKey: "t.key"}

// historyQuery is a question to a table's history.
type historyQuery struct {
	table   string
	columns map[string]viewField   // by the key in the answer
	joins   []string               // of the tables of names
	nouns   map[HistoryNoun]string // the column that a noun is looked up in; of several the last one
	order   []string               // what tells the rows of an event apart
}

func newHistoryQuery(table string) *historyQuery {
	q := &historyQuery{table: table, nouns: map[HistoryNoun]string{}, columns: map[string]viewField{
		"active":       {column: "t.active", kind: viewBool},
		"create_event": {column: "t.create_event"}, "revoke_event": {column: "t.revoke_event"},
		"create_ts": {column: "made.time", kind: viewSeconds}, "revoke_ts": {column: "ended.time", kind: viewSeconds},
		"creator_id": {column: "t.creator_id"}, "creator_name": {column: "creator.name", kind: viewText},
		"revoker_id": {column: "t.revoker_id"}, "revoker_name": {column: "revoker.name", kind: viewText},
	}}
	for _, c := range historyTables[table] {
		q.columns[c.name] = viewField{column: "t." + c.name, kind: c.kind}
		ref, isRef := historyRefs[c.name]
		if table == "user_groups" && c.name == "group_id" {
			ref.table, ref.noun = UserNames, HistoryUser
		}
		switch {
		case isRef:
			alias := ref.shown + "_names"
			q.columns[ref.shown+".name"] = viewField{column: alias + ".name", kind: viewText}
			q.joins = append(q.joins, ` LEFT JOIN `+string(ref.table)+` `+alias+` ON `+alias+`.id = t.`+c.name)
			q.nouns[ref.noun] = "t." + c.name
			q.order = append(q.order, "t."+c.name)
		case c.name == "build_id":
			q.joins = append(q.joins, ` JOIN build ON build.id = t.build_id JOIN package ON package.id = build.pkg_id`)
			q.nouns[HistoryBuild], q.nouns[HistoryPackage] = "t.build_id", "build.pkg_id"
			q.columns["name"] = viewField{column: "package.name", kind: viewText}
			q.columns["version"] = viewField{column: "build.version", kind: viewText}
			q.columns["release"] = viewField{column: "build.release", kind: viewText}
			q.columns["epoch"] = viewField{column: "build.epoch"}
			q.columns["build.state"] = viewField{column: "build.state"}
			q.order = append(q.order, "t."+c.name)
		case c.name == "package":
			q.nouns[HistoryPackage] = "t.package"
			q.order = append(q.order, "t."+c.name)
		case c.name == "key":
			q.nouns[HistoryKey] = "t.key"
			q.order = append(q.order, "t."+c.name)
		}
	}
	return q
}

func (q *historyQuery) where(f HistoryFilter) (string, []any) {
	where, args := ` WHERE TRUE`, []any(nil)
	and := func(clause string, values ...any) {
		where, args = where+` AND `+clause, append(args, values...)
	}
	for _, noun := range slices.Sorted(maps.Keys(q.nouns)) {
		column := q.nouns[noun]
		switch id, ok := f.IDs[noun]; {
		case !ok || column == textColumns[noun]:
		case column == "t.parent_id": // of inheritance both ends are told
			and(`(t.tag_id = ? OR t.parent_id = ?)`, id, id)
		default:
			and(column+` = ?`, id)
		}
		if text, ok := f.Texts[noun]; ok && column == textColumns[noun] {
			and(column+` = ?`, text)
		}
	}
	switch {
	case f.Active == nil:
	case *f.Active:
		and(`t.active = TRUE`)
	default:
		and(`t.active IS NULL`)
	}
	if f.Editor != nil {
		and(`(t.creator_id = ? OR t.revoker_id = ?)`, *f.Editor, *f.Editor)
	}
	if !f.After.IsZero() {
		and(`(made.time > ? OR ended.time > ?)`, f.After, f.After)
	}
	if !f.Before.IsZero() {
		and(`(made.time < ? OR ended.time < ?)`, f.Before, f.Before)
	}
	if f.AfterEvent != nil {
		and(`(t.create_event > ? OR t.revoke_event > ?)`, *f.AfterEvent, *f.AfterEvent)
	}
	if f.BeforeEvent != nil {
		and(`(t.create_event < ? OR t.revoke_event < ?)`, *f.BeforeEvent, *f.BeforeEvent)
	}
	return where, args
}

// marks adds to a row which of its two ends the filter by editor or time hit: nil where it has no end yet.
func (f HistoryFilter) marks(row map[string]any) {
	mark := func(key, made, ended string, hit func(any) bool) {
		for at, column := range map[string]string{"_created_" + key: made, "_revoked_" + key: ended} {
			row[at] = nil
			if row[column] != nil {
				row[at] = hit(row[column])
			}
		}
	}
	moment := func(v any) time.Time { return time.UnixMicro(int64(v.(float64)*1e6 + 0.5)) }
	if f.Editor != nil {
		mark("by", "creator_id", "revoker_id", func(v any) bool { return v == *f.Editor })
	}
	if !f.After.IsZero() {
		mark("after", "create_ts", "revoke_ts", func(v any) bool { return moment(v).After(f.After) })
	}
	if !f.Before.IsZero() {
		mark("before", "create_ts", "revoke_ts", func(v any) bool { return moment(v).Before(f.Before) })
	}
	if f.AfterEvent != nil {
		mark("after_event", "create_event", "revoke_event", func(v any) bool { return v.(int64) > *f.AfterEvent })
	}
	if f.BeforeEvent != nil {
		mark("before_event", "create_event", "revoke_event", func(v any) bool { return v.(int64) < *f.BeforeEvent })
	}
}

// History streams the rows of a versioned table that the filter keeps, by the
// event that made them, those of things that were named with the valid ones
// first; with opts.CountOnly it counts them. Nouns that the
// table hasn't are passed over. The table must be one of HistoryTables.
func (tx *Tx) History(ctx context.Context, table string, f HistoryFilter, opts QueryOpts) (iter.Seq2[map[string]any, error], int64, error) {
	q := newHistoryQuery(table)
	f.After, f.Before = f.After.UTC().Truncate(time.Microsecond), f.Before.UTC().Truncate(time.Microsecond)
	where, args := q.where(f)
	from := ` FROM ` + table + ` t JOIN events made ON made.id = t.create_event LEFT JOIN events ended ON ended.id = t.revoke_event
		JOIN users creator ON creator.id = t.creator_id LEFT JOIN users revoker ON revoker.id = t.revoker_id` + strings.Join(q.joins, "") + where
	if opts.CountOnly {
		n, err := tx.count(ctx, `SELECT t.create_event`+from, args, opts)
		return nil, n, err
	}
	keys := slices.Sorted(maps.Keys(q.columns))
	columns, order := make([]string, len(keys)), map[string]string{}
	for i, key := range keys {
		columns[i] = q.columns[key].column
		order[key] = columns[i]
	}
	// Koji's order, where its indexes are used: what is valid first.
	standard := "t.create_event, " + strings.Join(q.order, ", ")
	if len(f.IDs) > 0 {
		standard = "(t.active IS NULL), " + standard
	}
	query, args, err := opts.apply(`SELECT `+strings.Join(columns, ", ")+from, args, order, standard)
	if err != nil {
		return nil, 0, err
	}
	return stream(ctx, tx, query, args, func(row scanner) (map[string]any, error) {
		cells, into := make([]any, len(keys)), make([]any, len(keys))
		for i, key := range keys {
			into[i] = sql.Scanner(viewCell{q.columns[key].kind, &cells[i]})
		}
		if err := row.Scan(into...); err != nil {
			return nil, wrap(err, "read history of %s", table)
		}
		m := make(map[string]any, len(keys)+4)
		for i, key := range keys {
			m[key] = cells[i]
		}
		f.marks(m)
		return m, nil
	}), 0, nil
}
