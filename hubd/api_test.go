package hubd

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"koji/sqlstore/sqlstoretest"
)

var update = flag.Bool("update", false, "write docs/api.md anew")

// everything is a configuration under which all methods are there.
func everything(c *Config) {
	c.Plugins = []string{"echo", "sidetag_hub", "runroot_hub", "save_failed_tree", "kiwi", "dud"}
}

// kojiAPI reads testdata/api.txt: by area, how each method of Koji is called.
func kojiAPI(t *testing.T) (areas []string, methods map[string][]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	methods = map[string][]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if area, ok := strings.CutPrefix(line, "["); ok {
			areas = append(areas, strings.TrimSuffix(area, "]"))
		} else if line != "" && line[0] != '#' {
			area := areas[len(areas)-1]
			methods[area] = append(methods[area], line)
		}
	}
	return areas, methods
}

func nameOf(signature string) string {
	name, _, _ := strings.Cut(signature, "(")
	return name
}

// TestAPI asks the hub how its methods are called: names, arguments, their
// order and defaults are Koji's. Methods of our own may be there besides.
func TestAPI(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), everything)
	got := map[string]string{}
	list, _ := h.call("", "_listapi").([]any)
	for _, entry := range list {
		e, _ := entry.(map[string]any)
		name, _ := e["name"].(string)
		got[name] = name + fromArgs(e)
		if spec := name + fromSpec(e); spec != got[name] {
			t.Errorf("_listapi: the argspec says %s, args %s", spec, got[name])
		}
		if desc := fmt.Sprint(name, e["argdesc"]); desc != got[name] {
			t.Errorf("_listapi: argdesc says %s, args %s", desc, got[name])
		}
		if help := h.call("", "system.methodHelp", name); help != fmt.Sprintf("%s\ndescription: %v", got[name], e["doc"]) {
			t.Errorf("system.methodHelp(%s) = %q", name, help)
		}
	}
	want := map[string]string{}
	_, byArea := kojiAPI(t)
	for _, methods := range byArea {
		for _, m := range methods {
			want[nameOf(m)] = m
		}
	}
	if len(want) != 330 {
		t.Fatalf("testdata/api.txt has %d methods", len(want))
	}
	names, _ := h.call("", "system.listMethods").([]any)
	for _, name := range []any{"multiCall", "system.multicall"} { // in Koji they stand outside the registry
		if slices.Contains(names, name) {
			t.Errorf("system.listMethods shows %s", name)
		}
	}
	maps.DeleteFunc(got, func(name, _ string) bool { return want[name] == "" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("how methods are called (-Koji +hub):\n%s", diff)
	}
}

// fromArgs writes a signature from an entry's args, which leave out what
// gathers the rest; that comes from the argspec.
func fromArgs(e map[string]any) string {
	var parts []string
	args, _ := e["args"].([]any)
	for _, a := range args {
		if pair, ok := a.([]any); ok {
			parts = append(parts, fmt.Sprint(pair[0], "=", pythonLiteral(pair[1])))
		} else {
			parts = append(parts, fmt.Sprint(a))
		}
	}
	spec, _ := e["argspec"].([]any)
	return signatureOf(parts, spec)
}

// fromSpec writes it from the argspec alone: names, and defaults of the last of them.
func fromSpec(e map[string]any) string {
	spec, _ := e["argspec"].([]any)
	names, _ := spec[0].([]any)
	defaults, _ := spec[3].([]any)
	var parts []string
	for i, n := range names {
		part := fmt.Sprint(n)
		if d := i - (len(names) - len(defaults)); d >= 0 {
			part += "=" + pythonLiteral(defaults[d])
		}
		parts = append(parts, part)
	}
	return signatureOf(parts, spec)
}

func signatureOf(parts []string, spec []any) string {
	if spec[1] != nil {
		parts = append(parts, fmt.Sprint("*", spec[1]))
	}
	if spec[2] != nil {
		parts = append(parts, fmt.Sprint("**", spec[2]))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// TestAPIDocument holds docs/api.md against the registry; -update writes it.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	h := setup(t, sqlstoretest.SQLite(t), everything)
	var b bytes.Buffer
	b.WriteString("# The API\n\nAll methods of the hub, by area. Written by `go test ./hubd -run APIDocument -update` from the methods themselves.\n\n" +
		"**Who** may call at all: anyone, users with a session, hosts (with an exclusive session), or who has one of the permissions\n" +
		"named or is an admin. A method may ask for more once it knows what it is about: the owner of a task, a policy.\n" +
		"**W** stands where a method may change something.\n")
	table := func(title string, methods []*method) {
		if len(methods) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n| method | who | | |\n|---|---|---|---|\n", title)
		for _, m := range methods {
			fmt.Fprintf(&b, "| `%s%s` | %s | %s | %s |\n", m.name, m.signature(), m.access.who, map[bool]string{true: "W"}[m.writes],
				strings.ReplaceAll(m.help, "|", `\|`))
		}
	}
	left := maps.Clone(h.hub.methods)
	areas, byArea := kojiAPI(t)
	for _, area := range areas {
		var methods []*method
		for _, signature := range byArea[area] {
			if m := left[nameOf(signature)]; m != nil {
				methods = append(methods, m)
				delete(left, m.name)
			}
		}
		table(area, methods)
	}
	table("not in Koji", slices.SortedFunc(maps.Values(left), func(a, b *method) int { return strings.Compare(a.name, b.name) }))
	if *update {
		if err := os.WriteFile("../docs/api.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(b.String(), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("docs/api.md is stale; run go test ./hubd -run APIDocument -update (-methods +document):\n%s", diff)
	}
}
