package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// difference is one thing in which two moments of a tag differ.
type difference struct {
	kind     differenceKind
	name     string // what is compared: a package, a tag, a target
	old, new string
	by       string
	ts       float64
	build    int64 // the newer one's id, or of the one that is gone
}

type differenceKind uint8

const (
	isNewer differenceKind = iota
	isOlder
	isOther // changed, without an order
	isAdded
	isGone
	differenceKindCount
)

var (
	markNewer = mark{"~", "~", roleRun}
	markOlder = mark{"↓", "v", roleWarn}
	markAdded = mark{"+", "+", roleDone}
	markGone  = mark{"−", "-", roleFail}
)

var differenceWords = [differenceKindCount]string{"newer", "older", "changed", "added", "gone"}

var differenceMarks = [differenceKindCount]mark{markNewer, markOlder, markNewer, markAdded, markGone}

// compareLists tells how the second list differs from the first one, by kind
// and then by key; of several things with one key only the first counts.
func compareLists[T any](then, now []T, key func(T) string, differ func(old, new *T) (difference, bool)) []difference {
	then, now = inOrder(then, key), inOrder(now, key)
	var list []difference
	for len(then) > 0 || len(now) > 0 {
		var old, new *T
		switch {
		case len(then) == 0:
			new = &now[0]
		case len(now) == 0:
			old = &then[0]
		default:
			n := strings.Compare(key(then[0]), key(now[0]))
			if n <= 0 {
				old = &then[0]
			}
			if n >= 0 {
				new = &now[0]
			}
		}
		if d, ok := differ(old, new); ok {
			d.name = key(*cmp.Or(new, old))
			list = append(list, d)
		}
		then, now = pass(then, old, key), pass(now, new, key)
	}
	slices.SortStableFunc(list, func(a, b difference) int { return cmp.Compare(a.kind, b.kind) })
	return list
}

// inOrder is the list in the order of its keys; it is itself if it is so already.
func inOrder[T any](list []T, key func(T) string) []T {
	byKey := func(a, b T) int { return strings.Compare(key(a), key(b)) }
	if slices.IsSortedFunc(list, byKey) {
		return list
	}
	return slices.SortedStableFunc(slices.Values(list), byKey)
}

// pass is the list after all that have the key of the one that was looked at.
func pass[T any](list []T, seen *T, key func(T) string) []T {
	if seen == nil {
		return list
	}
	k := key(*seen)
	for len(list) > 0 && key(list[0]) == k {
		list = list[1:]
	}
	return list
}

// differText compares things by a text that stands for all of each.
func differText[T any](text func(T) string) func(old, new *T) (difference, bool) {
	return func(old, new *T) (d difference, ok bool) {
		switch {
		case old == nil:
			return difference{kind: isAdded, new: text(*new)}, true
		case new == nil:
			return difference{kind: isGone, old: text(*old)}, true
		}
		d = difference{kind: isOther, old: text(*old), new: text(*new)}
		return d, d.old != d.new
	}
}

// compareBuilds tells how the latest builds of a tag differ.
func compareBuilds(then, now []tagBuild) []difference {
	return compareLists(then, now, func(b tagBuild) string { return b.pkg }, func(old, new *tagBuild) (difference, bool) {
		switch {
		case old == nil:
			return difference{kind: isAdded, new: new.nvr, by: new.owner, ts: new.completed, build: new.id}, true
		case new == nil:
			return difference{kind: isGone, old: old.nvr, by: old.owner, build: old.id}, true
		case old.id == new.id:
			return difference{}, false
		}
		kind := isNewer
		if compareEVR(*old, *new) > 0 {
			kind = isOlder
		}
		return difference{kind: kind, old: old.nvr, new: new.nvr, by: new.owner, ts: new.completed, build: new.id}, true
	})
}

func compareEVR(a, b tagBuild) int {
	return cmp.Or(cmp.Compare(a.epoch, b.epoch), compareVersions(a.version, b.version), compareVersions(a.release, b.release))
}

func comparePackages(then, now []tagPackage) []difference {
	return compareLists(then, now, func(p tagPackage) string { return p.name }, differText(func(p tagPackage) string {
		text := "owner " + cmp.Or(p.owner, "-")
		if p.blocked {
			text += ", blocked"
		}
		if p.arches != "" {
			text += ", also " + p.arches
		}
		return text
	}))
}

func compareTargets(then, now []koji.Target) []difference {
	return compareLists(then, now, func(t koji.Target) string { return safetext.Clean(t.Name) }, differText(targetText))
}

func targetText(t koji.Target) string {
	return safetext.Clean(t.BuildTagName + " → " + t.DestTagName)
}

func compareGroups(then, now []koji.Group) []difference {
	return compareLists(then, now, func(g koji.Group) string { return safetext.Clean(g.Name) }, differText(groupText))
}

// groupText is what a group holds.
func groupText(g koji.Group) string {
	var names []string
	for _, r := range g.Groups {
		names = append(names, "@"+safetext.Clean(r.Name))
	}
	for _, p := range g.Packages {
		names = append(names, safetext.Clean(p.Package))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func compareExternals(then, now []koji.TagExternalRepo) []difference {
	return compareLists(then, now, func(r koji.TagExternalRepo) string { return safetext.Clean(r.ExternalRepoName) }, differText(externalText))
}

func externalText(r koji.TagExternalRepo) string {
	return safetext.Clean(fmt.Sprintf("priority %d  %s  %s", r.Priority, r.MergeMode, r.URL))
}

// compareAncestors tells how the inheritance differs, by the tags inherited from.
func compareAncestors(then, now []koji.Ancestor) []difference {
	return compareLists(then, now, func(a koji.Ancestor) string { return safetext.Clean(a.Name) }, differText(func(a koji.Ancestor) string {
		return strings.TrimSpace(fmt.Sprintf("priority %d, depth %d  %s", a.Priority, a.CurrDepth, linkNotes(a)))
	}))
}

// kindCounts is how many differences there are of each kind.
func kindCounts(list []difference) (n [differenceKindCount]int) {
	for _, d := range list {
		n[d.kind]++
	}
	return n
}
