package hubd

import (
	"cmp"
	"slices"
	"strings"

	"koji"
	"koji/sqlstore"
)

// arrange applies queryOpts to a list that doesn't come from the database: what
// is read out of files. key finds a member by its name, row gives the members
// for asList. With countOnly it is the number of all, as Koji has it.
func arrange[T any](opts sqlstore.QueryOpts, list []T, key func(T, string) (any, bool), row func(T) []any) (any, error) {
	if opts.CountOnly {
		return int64(len(list)), nil
	}
	if opts.Order != "" {
		names := strings.Split(opts.Order, ",")
		for _, name := range names {
			var none T
			if _, ok := key(none, strings.TrimPrefix(name, "-")); !ok {
				return nil, fault(koji.CodeOther, "Invalid order: %s", strings.TrimPrefix(name, "-"))
			}
		}
		slices.SortStableFunc(list, func(a, b T) int {
			for _, name := range names {
				plain, down := strings.CutPrefix(name, "-")
				x, _ := key(a, plain)
				y, _ := key(b, plain)
				if n := compare(x, y); n != 0 {
					if down {
						return -n
					}
					return n
				}
			}
			return 0
		})
	}
	if opts.Offset != nil {
		list = list[min(*opts.Offset, int64(len(list))):]
	}
	if opts.Limit != nil {
		list = list[:min(*opts.Limit, int64(len(list)))]
	}
	if !opts.AsList {
		return list, nil
	}
	all := make([]any, len(list))
	for i, item := range list {
		all[i] = row(item)
	}
	return all, nil
}

// compare orders two values of the same kind: texts or numbers.
func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	}
	return 0
}
