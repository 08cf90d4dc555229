package main

import (
	"koji"
	"koji/internal/xmlrpc"
)

// caller is whose session a row's calls have.
type caller int

const (
	nobody caller = iota
	person
	builder
)

// row is a call that is measured. The figures of Koji 1.35.3 are CPU of hub and database in milliseconds a call with 8
// clients, and calls a second with 1 and with 8 clients; the aim is CPU likewise.
type row struct {
	name   string
	who    caller
	method string
	args   []any
	koji   figures
	aim    float64
}

type figures struct{ cpu, rate1, rate8 float64 }

func (r row) document() ([]byte, error) { return xmlrpc.MarshalCall(r.method, r.args...) }

// named are named arguments, as Koji's clients send them.
func named(n koji.Named) map[string]any {
	m := map[string]any{"__starstar": true}
	for k, v := range n {
		m[k] = v
	}
	return m
}

// rows are the rows of Koji's table in its order, which has the calls that write at its end: what they leave weighs on
// nothing that is measured before.
func rows() []row {
	var hundred []any
	for i := range 100 {
		hundred = append(hundred, map[string]any{"methodName": "getTag", "params": []any{familyTag(i/levels, i%levels)}})
	}
	leaf := familyTag(3, levels-1)
	newest := named(koji.Named{"inherit": true, "latest": true})
	waiting := map[string]any{"state": []any{int(koji.TaskFree), int(koji.TaskOpen), int(koji.TaskAssigned)}, "decode": true}
	return []row{
		{"echo, anonymous", nobody, "echo", []any{"hello"}, figures{0.70, 1186, 2197}, 0.06},
		{"echo, with a session", person, "echo", []any{"hello"}, figures{2.12, 413, 815}, 0.20},
		{"getTag(name)", nobody, "getTag", []any{leaf}, figures{1.32, 686, 1243}, 0.12},
		{"getTag(name), with a session", person, "getTag", []any{leaf}, figures{2.59, 342, 673}, 0.25},
		{"getBuild(NVR)", nobody, "getBuild", []any{packageName(1234) + "-1.4-1.el9"}, figures{1.94, 443, 878}, 0.18},
		{"getTaskInfo(request)", nobody, "getTaskInfo", []any{treeRoot(777), named(koji.Named{"request": true})}, figures{1.25, 785, 1313}, 0.12},
		{"getTaskDescendents", nobody, "getTaskDescendents", []any{treeRoot(777)}, figures{2.29, 498, 755}, 0.22},
		{
			"listTasks, one owner's, limit 50", nobody, "listTasks", []any{map[string]any{"owner": firstUser + 17}, map[string]any{"limit": 50, "order": "-id"}},
			figures{5.97, 150, 279}, 0.6,
		},
		{"listTasks, all free, open, assigned, decoded", nobody, "listTasks", []any{waiting}, figures{17.5, 55, 95}, 1.7},
		{"getInheritanceData", nobody, "getInheritanceData", []any{leaf}, figures{1.22, 753, 1360}, 0.12},
		{"getFullInheritance, depth 7", nobody, "getFullInheritance", []any{leaf}, figures{2.95, 393, 600}, 0.3},
		{"listBuilds(packageID)", nobody, "listBuilds", []any{named(koji.Named{"packageID": 1234})}, figures{2.68, 338, 630}, 0.27},
		{"listRPMs(buildID)", nobody, "listRPMs", []any{12345}, figures{1.18, 729, 1374}, 0.12},
		{"multiCall of 100 getTag", nobody, "multiCall", []any{hundred}, figures{52, 31, 37}, 4},
		{"listPackages(tag, inherited)", nobody, "listPackages", []any{named(koji.Named{"tagID": leaf, "inherited": true})}, figures{21.4, 47, 79}, 2.2},
		{"listPackages(big tag, inherited)", nobody, "listPackages", []any{named(koji.Named{"tagID": bigTag, "inherited": true})}, figures{50, 18, 32}, 5},
		{"getLatestBuilds(big tag, one package)", nobody, "getLatestBuilds", []any{bigTag, named(koji.Named{"package": packageName(1234)})}, figures{16.6, 64, 116}, 0.5},
		{"getLatestBuilds(tag)", nobody, "getLatestBuilds", []any{leaf}, figures{61, 15, 28}, 6},
		{"listTagged(tag, inherit, latest)", nobody, "listTagged", []any{leaf, newest}, figures{69, 14, 25}, 7},
		{"listTagged(big tag, inherit, latest)", nobody, "listTagged", []any{bigTag, newest}, figures{331, 3.1, 5.3}, 30},
		{"listTagged(big tag), 20,000 builds", nobody, "listTagged", []any{bigTag}, figures{659, 1.4, 2.5}, 65},
		{"listTaggedRPMS(tag, inherit, latest)", nobody, "listTaggedRPMS", []any{leaf, newest}, figures{162, 5.8, 10}, 16},
		{"listTaggedRPMS(big tag, inherit, latest)", nobody, "listTaggedRPMS", []any{bigTag, newest}, figures{826, 1.2, 2.0}, 80},
		{"search package, glob", nobody, "search", []any{"package*77*", "package", "glob"}, figures{3.15, 297, 545}, 0.4},
		{"search build, glob", nobody, "search", []any{packageName(4321) + "-1.[3]*", "build", "glob"}, figures{33, 30, 60}, 2},
		{"search rpm, glob", nobody, "search", []any{"*-nowhere-to-be-found-*", "rpm", "glob"}, figures{126, 7.5, 15.5}, 3},
		{"host.getHost", builder, "host.getHost", nil, figures{2.21, 420, 727}, 0.25},
		{"host.updateHost", builder, "host.updateHost", []any{0.5, false}, figures{2.63, 350, 594}, 0.4},
		{"host.getTasks", builder, "host.getTasks", nil, figures{2.50, 368, 639}, 0.3},
		{"makeTask", person, "makeTask", []any{"sleep", []any{1}}, figures{3.87, 264, 471}, 0.45},
	}
}
