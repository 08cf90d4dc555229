// Package comps writes a tag's package groups in the forms that package managers
// read: comps.xml, which createrepo takes, and a spec file of a package that
// requires them all.
package comps

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"koji"
)

// XML is the groups as comps.xml; blocked groups and entries are left out. With
// expand the packages of the groups that a group requires are in it too: builders
// install groups by name. Without, it names those groups.
func XML(groups []koji.Group, expand bool) []byte {
	known := byID(groups)
	var out bytes.Buffer
	out.WriteString(xml.Header)
	out.WriteString(`<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">` + "\n<comps>\n")
	for i := range groups {
		if !groups[i].Blocked {
			writeGroup(&out, &groups[i], known, expand)
		}
	}
	out.WriteString("</comps>\n")
	return out.Bytes()
}

func byID(groups []koji.Group) map[int64]*koji.Group {
	known := map[int64]*koji.Group{}
	for i := range groups {
		if !groups[i].Blocked {
			known[groups[i].GroupID] = &groups[i]
		}
	}
	return known
}

func writeGroup(out *bytes.Buffer, g *koji.Group, known map[int64]*koji.Group, expand bool) {
	element := func(indent, name, text string) {
		out.WriteString(indent + "<" + name + ">")
		escape(out, text)
		out.WriteString("</" + name + ">\n")
	}
	out.WriteString("  <group>\n")
	element("    ", "id", g.Name)
	element("    ", "name", g.DisplayName)
	if g.Description != nil {
		element("    ", "description", *g.Description)
	}
	element("    ", "default", strconv.FormatBool(g.IsDefault != nil && *g.IsDefault))
	element("    ", "uservisible", strconv.FormatBool(g.UserVisible == nil || *g.UserVisible))
	if g.LangOnly != nil && *g.LangOnly != "" {
		element("    ", "langonly", *g.LangOnly)
	}
	var reqs []koji.GroupReq
	for _, r := range g.Groups {
		if !expand && !r.Blocked && known[r.ReqID] != nil {
			reqs = append(reqs, r)
		}
	}
	if len(reqs) > 0 {
		slices.SortFunc(reqs, func(a, b koji.GroupReq) int { return strings.Compare(a.Name, b.Name) })
		out.WriteString("    <grouplist>\n")
		for _, r := range reqs {
			out.WriteString("      <groupreq>")
			escape(out, r.Name)
			out.WriteString("</groupreq>\n")
		}
		out.WriteString("    </grouplist>\n")
	}
	out.WriteString("    <packagelist>\n")
	for _, p := range packages(g, known, expand) {
		out.WriteString(`      <packagereq type="`)
		escape(out, p.Type)
		if p.Requires != nil && *p.Requires != "" {
			out.WriteString(`" requires="`)
			escape(out, *p.Requires)
		}
		if p.BaseArchOnly != nil && *p.BaseArchOnly {
			out.WriteString(`" basearchonly="true`)
		}
		out.WriteString(`">`)
		escape(out, p.Package)
		out.WriteString("</packagereq>\n")
	}
	out.WriteString("    </packagelist>\n  </group>\n")
}

// packages are those of a group and, with expand, of all that it requires, by
// name. Where a group requires itself round some corners, it is looked at once.
func packages(g *koji.Group, known map[int64]*koji.Group, expand bool) []koji.GroupPackage {
	var all []koji.GroupPackage
	seen, visited := map[string]bool{}, map[int64]bool{}
	var visit func(*koji.Group)
	visit = func(g *koji.Group) {
		if g == nil || visited[g.GroupID] {
			return
		}
		visited[g.GroupID] = true
		for _, p := range g.Packages {
			if !p.Blocked && !seen[p.Package] {
				seen[p.Package] = true
				all = append(all, p)
			}
		}
		for _, r := range g.Groups {
			if expand && !r.Blocked {
				visit(known[r.ReqID])
			}
		}
	}
	visit(g)
	slices.SortFunc(all, func(a, b koji.GroupPackage) int { return strings.Compare(a.Package, b.Package) })
	return all
}

// escape writes text for XML; what XML can't hold is replaced.
func escape(out *bytes.Buffer, text string) {
	_ = xml.EscapeText(out, []byte(text)) // a Buffer takes all
}

// Spec is a spec file of a package of that name that requires what is in a group,
// and in those that it requires.
func Spec(groups []koji.Group, name, group string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by Koji\nSummary: The packages of the group %s\nName: %s\nVersion: 1\nRelease: 1\nLicense: Public Domain\n"+
		"Group: Development/Build Tools\nBuildArch: noarch\n", group, name)
	known := byID(groups)
	for _, g := range known {
		if g.Name != group {
			continue
		}
		for _, p := range packages(g, known, true) {
			// A name holds no line break, or it would add lines of its own.
			fmt.Fprintf(&b, "Requires: %s\n", strings.Join(strings.Fields(p.Package), " "))
		}
	}
	b.WriteString("\n%description\nIt is empty and requires the packages of a group.\n\n%prep\n%build\n%install\n%files\n")
	return b.String()
}
