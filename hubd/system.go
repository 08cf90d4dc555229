package hubd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func systemMethods() []method {
	return []method{
		reads("echo", anyone, "Returns its positional arguments as a list.", echo),
		reads("hello", anyone, "Returns the text Hello World.", hello),
		reads("error", anyone, "Debug helper raising GenericError.", raiseGeneric),
		reads("fault", anyone, "Debug helper raising a plain exception (fault code 1).", raiseOther),
		reads("getAPIVersion", anyone, "API version number (1).", getAPIVersion),
		reads("getKojiVersion", anyone, "Hub version text.", getKojiVersion),
		reads("_listapi", anyone, "Returns the catalogue of registered methods.", listAPI),
		reads("system.listMethods", anyone, "Flat list of registered method names.", listMethods),
		reads("system.methodHelp", anyone, "Text with the call signature and documentation of one method.", methodHelp),
		reads("system.methodSignature", anyone, "Always returns a fixed text saying signatures are unsupported.", methodSignature),
		reads("showOpts", perm("admin"), "Hub options, as text or as a struct.", showOpts),
		reads("mavenEnabled", anyone, "Whether Maven support is on.", mavenEnabled),
		reads("winEnabled", anyone, "Whether Windows support is on.", winEnabled),
	}
}

type anyArgs struct {
	Args []any `rpc:"*args"`
}

func echo(_ *call, a anyArgs) (any, error) { return a.Args, nil }

func hello(_ *call, _ anyArgs) (any, error) { return "Hello World", nil }

func raiseGeneric(_ *call, _ none) (any, error) { return nil, refuse("test error") }

func raiseOther(_ *call, _ none) (any, error) { return nil, errors.New("test exception") }

func getAPIVersion(_ *call, _ none) (any, error) { return int64(1), nil }

func getKojiVersion(_ *call, _ none) (any, error) { return Version, nil }

func mavenEnabled(c *call, _ none) (any, error) { return c.hub.cfg.EnableMaven, nil }

func winEnabled(c *call, _ none) (any, error) { return c.hub.cfg.EnableWin, nil }

// catalogue is all methods in the order of their names.
func (h *Hub) catalogue() []*method {
	all := slices.Collect(maps.Values(h.methods))
	slices.SortFunc(all, func(a, b *method) int { return strings.Compare(a.name, b.name) })
	return all
}

// listMethods leaves out multiCall, which in Koji's hub stands outside the registry.
func listMethods(c *call, _ none) (any, error) {
	var names []string
	for _, m := range c.hub.catalogue() {
		if !isMulticall(m.name) {
			names = append(names, m.name)
		}
	}
	return names, nil
}

// apiEntry is one method of the catalogue. ArgSpec is Python's: names, the
// name of *args, of **kwargs, the defaults, and three parts that stay empty.
type apiEntry struct {
	Name    string `xmlrpc:"name"`
	Doc     any    `xmlrpc:"doc"`
	ArgSpec []any  `xmlrpc:"argspec"`
	ArgDesc string `xmlrpc:"argdesc"`
	Args    []any  `xmlrpc:"args"`
}

func listAPI(c *call, _ none) (any, error) {
	var all []apiEntry
	for _, m := range c.hub.catalogue() {
		names, args, defaults := []any{}, []any{}, []any{}
		var rest, keywords, values any
		for _, p := range m.params {
			switch {
			case p.rest:
				rest = p.name
			case p.keywords:
				keywords = p.name
			case p.required:
				names, args = append(names, p.name), append(args, p.name)
			default:
				names, args = append(names, p.name), append(args, []any{p.name, p.value})
				defaults = append(defaults, p.value)
			}
		}
		if len(defaults) > 0 {
			values = defaults
		}
		all = append(all, apiEntry{
			Name: m.name, Doc: m.help, Args: args, ArgDesc: m.signature(),
			ArgSpec: []any{names, rest, keywords, values, []any{}, nil, map[string]any{}},
		})
	}
	return all, nil
}

// signature is how a method is called: (name, strict=False).
func (m *method) signature() string {
	var parts []string
	for _, p := range m.params {
		switch {
		case p.rest:
			parts = append(parts, "*"+p.name)
		case p.keywords:
			parts = append(parts, "**"+p.name)
		case p.required:
			parts = append(parts, p.name)
		default:
			parts = append(parts, p.name+"="+pythonLiteral(p.value))
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func pythonLiteral(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return strings.Title(fmt.Sprint(v)) //nolint:staticcheck // True and False are ASCII
	case string:
		return "'" + v + "'"
	}
	return fmt.Sprint(v)
}

type methodNameArgs struct {
	Method string `rpc:"method"`
}

func methodHelp(c *call, a methodNameArgs) (any, error) {
	m, ok := c.hub.methods[a.Method]
	if !ok {
		return "", nil
	}
	return m.name + m.signature() + "\ndescription: " + m.help, nil
}

func methodSignature(_ *call, _ methodNameArgs) (any, error) {
	return "signatures not supported", nil
}
