package minidistro

import (
	"bytes"
	"debug/elf"
	"path"
	"strings"
)

// scan finds what a file provides under the names that rpm's own generators give
// it, with versions: sonames with their symbol versions, and pkgconfig modules.
func scan(name string, body []byte) map[string]string {
	switch base := path.Base(name); {
	case strings.HasSuffix(base, ".pc"):
		module := strings.TrimSuffix(base, ".pc")
		return map[string]string{"pkgconfig(" + module + ")": pkgConfigVersion(body)}
	case strings.Contains(base, ".so") && bytes.HasPrefix(body, []byte(elf.ELFMAG)):
		return sonames(body)
	}
	return nil
}

func pkgConfigVersion(body []byte) string {
	for line := range strings.Lines(string(body)) {
		if v, ok := strings.CutPrefix(line, "Version:"); ok {
			if v = strings.TrimSpace(v); !strings.ContainsAny(v, " $-:") {
				return v
			}
		}
	}
	return ""
}

// sonames lists what a shared library provides. A file that only looks like one
// provides nothing: linker scripts and broken files have a place in packages.
func sonames(body []byte) map[string]string {
	f, err := elf.NewFile(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	names, err := f.DynString(elf.DT_SONAME)
	if err != nil || len(names) == 0 {
		return nil
	}
	mark := ""
	if f.Class == elf.ELFCLASS64 {
		mark = "(64bit)"
	}
	provides := map[string]string{names[0] + "()" + mark: ""}
	versions, err := f.DynamicVersions()
	if err != nil {
		return provides // libraries without symbol versions
	}
	for _, v := range versions {
		if v.Flags&elf.VER_FLG_BASE == 0 {
			provides[names[0]+"("+v.Name+")"+mark] = ""
		}
	}
	return provides
}
