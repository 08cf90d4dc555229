package hubd

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"koji"
	"koji/internal/xmlrpc"
)

// Three methods run another one and give back less than it answers. They ask
// for nothing themselves: the other one's own access, arguments and kind of
// transaction hold.

func filterMethods() []method {
	return []method{
		reads(countName, anyone, "Runs another method and answers how much it answers: 0 for nil, the size of a list or struct, else 1.", count),
		reads(filterName, anyone, "Runs a method that answers a list, and answers the part that filterOpts (offset, limit, order, noneGreatest) leave.", filterResults),
		reads(countAndFilterName, anyone, "Runs a method that answers a list, and answers how long it is and the part that filterOpts leave.", countAndFilterResults),
	}
}

const (
	countName          = "count"
	filterName         = "filterResults"
	countAndFilterName = "countAndFilterResults"
	// deepestInner is how many of them may stand in one another.
	deepestInner = 4
)

// wrappedCall is the call that one of the three makes.
func wrappedCall(name string, params []any) (inner innerCall, ok bool) {
	switch name {
	case countName, filterName, countAndFilterName:
	default:
		return innerCall{}, false
	}
	positional, named := xmlrpc.Kwargs(params)
	if len(positional) > 0 {
		inner.name, ok = positional[0].(string)
		inner.params = params[1:]
		return inner, ok
	}
	inner.name, ok = named["methodName"].(string)
	return inner, ok
}

type innerArgs struct {
	Method string         `rpc:"methodName"`
	Args   []any          `rpc:"*args"`
	Named  map[string]any `rpc:"**kw"`
}

// inner runs another method as its caller could.
func (c *call) inner(a innerArgs, named map[string]any) (any, error) {
	if isMulticall(a.Method) {
		return nil, refuse("Invalid method: %s", a.Method)
	}
	in := *c
	in.method, in.nested, in.depth = a.Method, true, c.depth+1
	if in.depth > deepestInner {
		return nil, refuse("%s of %s: methods that run others stand too deep in one another", c.method, a.Method)
	}
	return in.perform(a.Args, named)
}

func count(c *call, a innerArgs) (any, error) {
	result, err := c.inner(a, a.Named)
	if err != nil {
		return nil, err
	}
	if elements, ok := xmlrpc.Elements(result); ok {
		n := int64(0)
		for _, err := range elements {
			if err != nil {
				return nil, err
			}
			n++
		}
		return n, nil
	}
	if n, ok := xmlrpc.Members(result); ok {
		return n, nil
	}
	if xmlrpc.IsNil(result) {
		return 0, nil
	}
	return 1, nil
}

func filterResults(c *call, a innerArgs) (any, error) {
	list, opts, err := c.innerList(a)
	if err != nil || list == nil {
		return nil, err
	}
	if opts.order == "" {
		return opts.cut(list), nil
	}
	_, page, err := opts.page(list)
	return page, err
}

func countAndFilterResults(c *call, a innerArgs) (any, error) {
	list, opts, err := c.innerList(a)
	if err != nil {
		return nil, err
	}
	if list == nil {
		return []any{0, nil}, nil
	}
	n, page, err := opts.page(list)
	return []any{n, page}, err
}

// innerList is the list that the inner method answers, nil if that is nil.
// Whatever the fault of the inner method, here it is a GenericError.
func (c *call) innerList(a innerArgs) (iter.Seq2[any, error], filterOpts, error) {
	opts, err := parseFilterOpts(a.Named["filterOpts"])
	if err != nil {
		return nil, opts, err
	}
	named := maps.Clone(a.Named)
	delete(named, "filterOpts")
	failed := func(err error) error {
		return refuse("method %s failed: %s", a.Method, c.hub.faultOf(c.request, a.Method, err).Text)
	}
	result, err := c.inner(a, named)
	if err != nil {
		return nil, opts, failed(err)
	}
	if xmlrpc.IsNil(result) {
		return nil, opts, nil
	}
	list, ok := xmlrpc.Elements(result)
	if !ok {
		return nil, opts, refuse("%s does not answer a list", a.Method)
	}
	return func(yield func(any, error) bool) {
		for v, err := range list {
			if err != nil {
				err = failed(err)
			}
			if !yield(v, err) {
				return
			}
		}
	}, opts, nil
}

// filterOpts is which part of a list is wanted. The zero filterOpts is all of it.
type filterOpts struct {
	order   string // a member of the list's structs
	down    bool
	nilLess bool // nil stands before all else, not after it
	offset  int64
	limit   *int64
}

// parseFilterOpts reads Koji's filterOpts (reference/wire.md §8); members it doesn't know are passed over.
func parseFilterOpts(v any) (o filterOpts, err error) {
	opts, ok := v.(map[string]any)
	if !ok && v != nil {
		return o, fault(koji.CodeParameter, "filterOpts: invalid type %s, want a struct", typeName(v))
	}
	number := func(key string) (*int64, error) {
		n, ok := opts[key].(int64)
		if opts[key] == nil {
			return nil, nil
		}
		if !ok || n < 0 {
			return nil, fault(koji.CodeParameter, "filterOpts: %s: invalid value %s, want a number of elements", key, refText(opts[key]))
		}
		n = min(n, math.MaxInt32)
		return &n, nil
	}
	switch order := opts["order"].(type) {
	case nil:
	case string:
		o.order, o.down = strings.CutPrefix(order, "-")
	default:
		return o, fault(koji.CodeParameter, "filterOpts: order: invalid type %s, want a string", typeName(order))
	}
	if greatest, ok := opts["noneGreatest"]; ok {
		o.nilLess = !truthy(greatest)
	}
	offset, err := number("offset")
	if err != nil {
		return o, err
	}
	if offset != nil {
		o.offset = *offset
	}
	o.limit, err = number("limit")
	return o, err
}

// cut is the part of a list in its own order, while the list is produced.
func (o filterOpts) cut(list iter.Seq2[any, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		if o.limit != nil && *o.limit == 0 {
			return
		}
		n := int64(0)
		for v, err := range list {
			if n++; err == nil && n <= o.offset {
				continue
			}
			if !yield(v, err) || err != nil || o.limit != nil && n-o.offset >= *o.limit {
				return
			}
		}
	}
}

// page is the length of a list, and the part of it that is wanted. No more of
// the list is held than it takes to know that part.
func (o filterOpts) page(list iter.Seq2[any, error]) (total int64, page []any, err error) {
	const slack = 1024 // how many more are held before they are sorted
	held := []ranked{}
	for v, err := range list {
		if err != nil {
			return 0, nil, err
		}
		total++
		r := ranked{value: v}
		switch {
		case o.order != "":
			if r.rank, err = o.rankOf(v); err != nil {
				return 0, nil, err
			}
		case total <= o.offset || o.limit != nil && total-o.offset > *o.limit:
			continue
		}
		held = append(held, r)
		if o.limit != nil && int64(len(held))-slack > (o.offset+*o.limit) {
			o.sort(held)
			clear(held[o.offset+*o.limit:])
			held = held[:o.offset+*o.limit]
		}
	}
	if o.order != "" {
		o.sort(held)
		held = held[min(o.offset, int64(len(held))):]
		if o.limit != nil {
			held = held[:min(*o.limit, int64(len(held)))]
		}
	}
	page = make([]any, len(held))
	for i, r := range held {
		page[i] = r.value
	}
	return total, page, nil
}

// ranked is an element of a list with what it is ordered by.
type ranked struct {
	value any
	rank  rank
}

// rank is a value that can be compared: of those of one list, either numbers or texts.
type rank struct {
	none   bool
	number float64
	text   string
}

// rankOf is the rank of an element. Like Koji, it fails for lists whose
// elements don't all have the member.
func (o filterOpts) rankOf(element any) (rank, error) {
	v, ok := xmlrpc.Member(element, o.order)
	if !ok {
		return rank{}, fault(koji.CodeOther, "Invalid order: %s", o.order)
	}
	switch v := v.(type) {
	case nil:
		return rank{none: true}, nil
	case bool:
		if v {
			return rank{number: 1}, nil
		}
		return rank{}, nil
	case int64:
		return rank{number: float64(v)}, nil
	case float64:
		return rank{number: v}, nil
	case string:
		return rank{text: v}, nil
	}
	return rank{}, fault(koji.CodeOther, "Invalid order: %s is a %s", o.order, typeName(v))
}

// sort puts the elements in order; those of the same rank stay as they are.
func (o filterOpts) sort(list []ranked) {
	slices.SortStableFunc(list, func(a, b ranked) int {
		n := 0
		switch {
		case a.rank.none != b.rank.none:
			if n = 1; b.rank.none != o.nilLess {
				n = -1
			}
		default:
			n = cmp.Or(cmp.Compare(a.rank.number, b.rank.number), strings.Compare(a.rank.text, b.rank.text))
		}
		if o.down {
			return -n
		}
		return n
	})
}
