package hubd

import (
	"koji"
	"koji/sqlstore"
)

func historyMethods() []method {
	return []method{
		reads("queryHistory", anyone, "Rows of the versioned tables, of all times, that have to do with the given things.", queryHistory),
	}
}

type queryHistoryArgs struct {
	Tables  []string       `rpc:"tables=nil"`
	Filters map[string]any `rpc:"**kwargs"`
}

// queryHistory answers a struct of tables. Tables whose rows can't be chosen by
// one of the filters are left out, and filters that nobody knows are passed
// over. Koji: reference/surprises.md, "Tags, packages, groups, targets".
func queryHistory(c *call, a queryHistoryArgs) (any, error) {
	tables := a.Tables
	if tables == nil {
		tables = sqlstore.HistoryTables()
	}
	for _, t := range tables {
		if !sqlstore.IsHistoryTable(t) {
			return nil, refuse("Unknown history table: %s", t)
		}
	}
	opts, err := sqlstore.ParseQueryOpts(a.Filters["queryOpts"])
	if err != nil {
		return nil, err
	}
	f, err := c.historyFilter(a.Filters)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{}
	for _, t := range tables {
		fits, err := c.historyThings(t, a.Filters, f)
		if err != nil {
			return nil, err
		}
		if !fits {
			continue
		}
		rows, n, err := c.tx.History(c, t, f, opts)
		switch {
		case err != nil:
			return nil, err
		case opts.CountOnly:
			answer[t] = n
		default:
			answer[t] = asList(opts.AsList, each(rows))
		}
	}
	return answer, nil
}

// historyFilter reads the filters that fit any table.
func (c *call) historyFilter(filters map[string]any) (f sqlstore.HistoryFilter, err error) {
	f.IDs, f.Texts = map[sqlstore.HistoryNoun]*int64{}, map[sqlstore.HistoryNoun]string{}
	if active := filters["active"]; active != nil {
		is := truthy(active)
		f.Active = &is
	}
	if editor := filters["editor"]; editor != nil {
		u, err := c.userRef(editor)
		if err != nil {
			return f, err
		}
		f.Editor = &u.ID
	}
	if f.AfterEvent, err = historyEvent("afterEvent", filters["afterEvent"]); err != nil {
		return f, err
	}
	if f.BeforeEvent, err = historyEvent("beforeEvent", filters["beforeEvent"]); err != nil {
		return f, err
	}
	if v := filters["after"]; v != nil {
		if f.After, err = timeArg("after", v); err != nil {
			return f, err
		}
	}
	if v := filters["before"]; v != nil {
		f.Before, err = timeArg("before", v)
	}
	return f, err
}

// historyEvent is an event to compare with, which there needn't be.
func historyEvent(name string, v any) (*int64, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		return &v, nil
	}
	return nil, fault(koji.CodeParameter, "%s: invalid type %s, want an integer", name, typeName(v))
}

// historyNouns are the filters that name a thing.
var historyNouns = []sqlstore.HistoryNoun{
	sqlstore.HistoryTag, sqlstore.HistoryBuild, sqlstore.HistoryHost, sqlstore.HistoryChannel, sqlstore.HistoryPackage, sqlstore.HistoryUser,
	sqlstore.HistoryPermission, sqlstore.HistoryExternalRepo, sqlstore.HistoryTarget, sqlstore.HistoryGroup, sqlstore.HistoryGenerator, sqlstore.HistoryKey,
}

// historyThings looks up the things that a table's rows are to be chosen by,
// each once; false if its rows don't know one of them.
func (c *call) historyThings(table string, filters map[string]any, f sqlstore.HistoryFilter) (fits bool, err error) {
	known := sqlstore.HistoryNouns(table)
	asked := []sqlstore.HistoryNoun{}
	for _, noun := range historyNouns {
		if filters[string(noun)] == nil {
			continue
		}
		if _, ok := known[noun]; !ok {
			return false, nil
		}
		asked = append(asked, noun)
	}
	for _, noun := range asked {
		ref := filters[string(noun)]
		if !known[noun] {
			f.Texts[noun] = refText(ref)
			continue
		}
		if _, done := f.IDs[noun]; done {
			continue
		}
		if f.IDs[noun], err = c.historyID(noun, ref); err != nil {
			return false, err
		}
	}
	return true, nil
}

// historyNames are the tables that the names of things stand in.
var historyNames = map[sqlstore.HistoryNoun]sqlstore.NameTable{
	sqlstore.HistoryTag: sqlstore.TagNames, sqlstore.HistoryHost: sqlstore.HostNames, sqlstore.HistoryChannel: sqlstore.ChannelNames,
	sqlstore.HistoryPackage: sqlstore.PackageNames, sqlstore.HistoryPermission: sqlstore.PermissionNames,
	sqlstore.HistoryExternalRepo: sqlstore.ExternalRepoNames, sqlstore.HistoryTarget: sqlstore.TargetNames,
	sqlstore.HistoryGroup: sqlstore.GroupNames, sqlstore.HistoryGenerator: sqlstore.GeneratorNames,
}

// historyID is the id of a thing, which may be one that was deleted. Of hosts
// and channels there needn't be one.
func (c *call) historyID(noun sqlstore.HistoryNoun, ref any) (*int64, error) {
	switch noun {
	case sqlstore.HistoryBuild:
		b, err := c.buildRef(ref)
		if err != nil {
			return nil, err
		}
		return &b.ID, nil
	case sqlstore.HistoryUser:
		u, err := c.userRef(ref)
		if err != nil {
			return nil, err
		}
		return &u.ID, nil
	case sqlstore.HistoryHost, sqlstore.HistoryChannel:
		n, found, err := c.find(historyNames[noun], ref)
		if err != nil || !found {
			return nil, err
		}
		return &n.ID, nil
	}
	n, err := c.need(historyNames[noun], ref)
	return &n.ID, err
}
