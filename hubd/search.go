package hubd

import (
	"koji/sqlstore"
)

func searchMethods() []method {
	return []method{
		reads("search", anyone, "Objects of a type whose name matches exactly, by wildcards (glob) or by a regular expression (regexp): their ids and names.", search),
	}
}

type searchArgs struct {
	Terms     *string `rpc:"terms"`
	Type      string  `rpc:"type"`
	MatchType string  `rpc:"matchType"`
	Opts      any     `rpc:"queryOpts=nil"`
}

// search compares exactly unless matchType is glob or regexp. Files were
// searched once; there are none to be found.
func search(c *call, a searchArgs) (any, error) {
	kind := sqlstore.SearchKind(a.Type)
	if a.Terms == nil || *a.Terms == "" {
		return nil, refuse("empty search terms")
	}
	opts, err := sqlstore.ParseQueryOpts(a.Opts)
	if err != nil {
		return nil, err
	}
	if a.Type == "file" {
		if opts.CountOnly {
			return 0, nil
		}
		return []any{}, nil
	}
	if !sqlstore.CanSearch(kind) {
		return nil, refuse("No such search type: %s", a.Type)
	}
	match := map[string]sqlstore.SearchMatch{"glob": sqlstore.MatchGlob, "regexp": sqlstore.MatchRegexp}[a.MatchType]
	found, n, err := c.tx.Search(c, kind, match, *a.Terms, opts)
	if err != nil || opts.CountOnly {
		return n, err
	}
	return asList(opts.AsList, each(found)), nil
}
