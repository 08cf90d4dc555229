package rpmfile

import (
	"strings"
)

const (
	tagFileClass    = 1141
	tagClassDict    = 1142
	tagFileDependsX = 1143
	tagFileDependsN = 1144
	tagDependsDict  = 1145
	modeLink        = 0o120000
	modeRegular     = 0o100000
)

// fileClass says what kind of content each file has; the header stores each text once.
func (h *Header) fileClass(f *fields) []any {
	dict, index := f.texts(tagClassDict), f.numbers(tagFileClass)
	list, total := make([]any, len(h.Files)), 0
	for i, e := range h.Files {
		n := at(index, i)
		switch {
		case e.Mode&modeType == modeLink && e.LinkTo != "":
			list[i] = "symbolic link to `" + e.LinkTo + "'"
		case n < int64(len(dict)):
			if total += len(dict[n]); total > maxTexts {
				f.fail(tagFileClass, errTexts)
				return nil
			}
			list[i] = dict[n]
		default:
			list[i] = ""
		}
	}
	return list
}

// fileLinks counts the hard links of each file within the package.
func (h *Header) fileLinks(f *fields) []any {
	inodes, devices := f.numbers(tagFileInodes), f.numbers(tagFileDevices)
	type inode struct{ device, number int64 }
	links := map[inode]int64{}
	hard := func(i int) bool { return h.Files[i].Mode&modeType == modeRegular && i < len(inodes) }
	for i := range h.Files {
		if hard(i) {
			links[inode{at(devices, i), inodes[i]}]++
		}
	}
	list := make([]any, len(h.Files))
	for i := range list {
		list[i] = int64(1)
		if hard(i) {
			list[i] = links[inode{at(devices, i), inodes[i]}]
		}
	}
	return list
}

// fileDeps says which dependencies each file brought into the package. The
// header holds, for each file, a run of a dictionary whose numbers have the type
// in their upper byte and the place among the package's dependencies below it.
func (h *Header) fileDeps(f *fields, mark int64, kind DepType) []any {
	deps, dict := h.DepsOf(kind), f.numbers(tagDependsDict)
	starts, counts := f.numbers(tagFileDependsX), f.numbers(tagFileDependsN)
	list, left, total := make([]any, len(h.Files)), int64(maxList), 0
	for i := range list {
		start, count := at(starts, i), at(counts, i)
		if left -= count; left < 0 || start+count > int64(len(dict)) {
			f.fail(tagFileDependsX, errDependsDict)
			return nil
		}
		var texts []string
		for _, n := range dict[start : start+count] {
			if n>>24 == mark && n&0xffffff < int64(len(deps)) {
				text := deps[n&0xffffff].String()
				if total += len(text); total > maxTexts {
					f.fail(tagFileDependsX, errTexts)
					return nil
				}
				texts = append(texts, text)
			}
		}
		list[i] = strings.Join(texts, " ")
	}
	return list
}
