package minidistro

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Groups are the package groups that Koji fills buildroots with: names of
// packages of the distribution by group.
func Groups() map[string][]string {
	return map[string][]string{
		"build": strings.Fields(`bash bzip2 coreutils cpio debianutils debugedit diffutils file filesystem findutils gcc grep gzip
			libc-bin libc6-dev make mawk passwd patch rpm sed tar unzip util-linux xz-utils zstd`),
		"srpm-build": strings.Fields(`bash coreutils filesystem findutils grep gzip libc-bin make passwd rpm sed tar xz-utils zstd`),
	}
}

// groups are the groups without what is not in this distribution.
func (d *distro) groups() map[string][]string {
	groups := Groups()
	for name, packages := range groups {
		groups[name] = slices.DeleteFunc(packages, func(p string) bool { return p != "filesystem" && !d.chosen[p] })
	}
	return groups
}

// comps writes groups in the format of createrepo_c -g.
func comps(groups map[string][]string) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString("<!DOCTYPE comps PUBLIC \"-//Red Hat, Inc.//DTD Comps info//EN\" \"comps.dtd\">\n<comps>\n")
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(&b, "  <group>\n    <id>%[1]s</id>\n    <name>%[1]s</name>\n    <description>%[1]s</description>\n", escape(name))
		b.WriteString("    <default>false</default>\n    <uservisible>true</uservisible>\n    <packagelist>\n")
		for _, p := range groups[name] {
			fmt.Fprintf(&b, "      <packagereq type=\"mandatory\">%s</packagereq>\n", escape(p))
		}
		b.WriteString("    </packagelist>\n  </group>\n")
	}
	b.WriteString("</comps>\n")
	return b.Bytes()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
