package hubd

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"koji"
)

// comps writes a tag's package groups as comps.xml, the form that createrepo
// takes and dnf reads. The packages of the groups that a group requires are in
// the group too, since builders install groups by name. Blocked entries are
// left out.
func comps(groups []*tagGroup) []byte {
	byID := map[int64]*tagGroup{}
	for _, g := range groups {
		if !g.Blocked {
			byID[g.GroupID] = g
		}
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	out.WriteString(`<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">` + "\n<comps>\n")
	for _, g := range groups {
		if !g.Blocked {
			writeGroup(&out, g, byID)
		}
	}
	out.WriteString("</comps>\n")
	return out.Bytes()
}

func writeGroup(out *bytes.Buffer, g *tagGroup, byID map[int64]*tagGroup) {
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
	out.WriteString("    <packagelist>\n")
	for _, p := range groupPackages(g, byID) {
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

// groupPackages are the packages of a group and of all that it requires, by
// name. Where a group requires itself round some corners, it is looked at once.
func groupPackages(g *tagGroup, byID map[int64]*tagGroup) []koji.GroupPackage {
	var all []koji.GroupPackage
	seen, visited := map[string]bool{}, map[int64]bool{}
	var visit func(*tagGroup)
	visit = func(g *tagGroup) {
		if g == nil || visited[g.GroupID] {
			return
		}
		visited[g.GroupID] = true
		for _, p := range g.packages {
			if !p.Blocked && !seen[p.Package] {
				seen[p.Package] = true
				all = append(all, p)
			}
		}
		for _, r := range g.reqs {
			if !r.Blocked {
				visit(byID[r.ReqID])
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
