package rpmfile

import (
	"slices"
)

// DepType says what a dependency does; the numbers are Koji's on the wire
// (reference/enums.md, DEP types).
type DepType int

// The types of dependencies.
const (
	Require DepType = iota
	Provide
	Obsolete
	Conflict
	Suggest
	Enhance
	Supplement
	Recommend
)

// Flags of a dependency that compare versions (RPMSENSE).
const (
	SenseLess    = 2
	SenseGreater = 4
	SenseEqual   = 8
)

// Dep is one dependency: a name and, when Flags compare, a version.
type Dep struct {
	Type    DepType
	Name    string
	Flags   int64
	Version string
}

// depTags are the header tags of a type of dependency.
type depTags struct {
	kind                 DepType
	name, flags, version int
}

// allDepTags lists the types in the order in which Koji's getRPMDeps gives them.
func allDepTags() []depTags {
	return []depTags{
		{Require, 1049, 1048, 1050},
		{Provide, 1047, 1112, 1113},
		{Conflict, 1054, 1053, 1055},
		{Obsolete, 1090, 1114, 1115},
		{Suggest, 5049, 5051, 5050},
		{Enhance, 5055, 5057, 5056},
		{Supplement, 5052, 5054, 5053},
		{Recommend, 5046, 5048, 5047},
	}
}

func readDeps(f *fields) []Dep {
	var deps []Dep
	for _, t := range allDepTags() {
		names, flags, versions := f.texts(t.name), f.numbers(t.flags), f.texts(t.version)
		// Very old packages have names only.
		if (flags != nil && len(flags) != len(names)) || (versions != nil && len(versions) != len(names)) {
			f.fail(t.name, errUneven)
			return nil
		}
		deps = slices.Grow(deps, len(names))
		for i, name := range names {
			d := Dep{Type: t.kind, Name: name}
			if flags != nil {
				d.Flags = flags[i]
			}
			if versions != nil {
				d.Version = versions[i]
			}
			deps = append(deps, d)
		}
	}
	return deps
}

// DepsOf lists the dependencies of one type, in the order of the header.
func (h *Header) DepsOf(kind DepType) []Dep {
	var deps []Dep
	for _, d := range h.Deps {
		if d.Type == kind {
			deps = append(deps, d)
		}
	}
	return deps
}

// Requires lists what the package needs; of a source package, its BuildRequires.
func (h *Header) Requires() []Dep { return h.DepsOf(Require) }

// Provides lists what the package offers.
func (h *Header) Provides() []Dep { return h.DepsOf(Provide) }

// String is the dependency as it stands in a spec file: "bash >= 4.2".
func (d Dep) String() string {
	var sense string
	for _, s := range []struct {
		flag int64
		sign string
	}{{SenseLess, "<"}, {SenseGreater, ">"}, {SenseEqual, "="}} {
		if d.Flags&s.flag != 0 {
			sense += s.sign
		}
	}
	if sense == "" || d.Version == "" {
		return d.Name
	}
	return d.Name + " " + sense + " " + d.Version
}
