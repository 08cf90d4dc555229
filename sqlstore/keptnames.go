package sqlstore

import (
	"context"
	"strings"
)

// sizeOfName is what a package's name takes, about.
const sizeOfName = 70

// keptNames are all packages by id. Other than ASCII in a name the engines compare in ways of their own: then there are none.
type keptNames struct {
	list  []Name
	lower []string // of each
	used  int64
}

// keptPackageSearch is the packages whose names match a pattern regardless of case, by id; false if they can't be had from
// what is kept.
func (tx *Tx) keptPackageSearch(ctx context.Context, pattern string) (found []Name, served bool, err error) {
	if !ascii(pattern) {
		return nil, false, nil
	}
	p := newPattern(pattern)
	served, err = tx.withKept(ctx, func(k *kept) (bool, error) {
		names, err := k.packageNames(ctx, tx)
		if err != nil || names == nil {
			return false, err
		}
		found = nil
		for i, lower := range names.lower {
			if p.match(lower) {
				found = append(found, names.list[i])
			}
		}
		return true, nil
	})
	return found, served, err
}

// packageNames are all packages, nil if they can't be kept.
func (k *kept) packageNames(ctx context.Context, tx *Tx) (*keptNames, error) {
	if k.names == nil {
		list, err := tx.Names(ctx, PackageNames)
		if err != nil {
			return nil, err
		}
		n := &keptNames{list: list, lower: make([]string, len(list))}
		for i, name := range list {
			if !ascii(name.Name) {
				return nil, nil
			}
			n.lower[i] = strings.ToLower(name.Name)
		}
		if !k.room(len(list) * sizeOfName) {
			return nil, nil
		}
		k.names = n
		k.size += len(list) * sizeOfName
	}
	k.names.used = k.clock
	return k.names, nil
}

func (k *kept) dropNames() {
	if k.names != nil {
		k.size -= len(k.names.list) * sizeOfName
		k.names = nil
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// pattern is Koji's wildcards (`*` and `?`) split at the stars: what a text begins with, has in this order and ends with.
type pattern []string

func newPattern(glob string) pattern { return strings.Split(strings.ToLower(glob), "*") }

// match says whether a text in lower case is all of it what the pattern stands for.
func (p pattern) match(text string) bool {
	first, last := p[0], p[len(p)-1]
	if len(p) == 1 {
		return len(text) == len(first) && matchAt(first, text)
	}
	if len(text) < len(first)+len(last) || !matchAt(first, text) || !matchAt(last, text[len(text)-len(last):]) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range p[1 : len(p)-1] {
		at := indexPart(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

// matchAt says whether a text, which is long enough, begins with a part.
func matchAt(part, text string) bool {
	for i := range len(part) {
		if part[i] != text[i] && part[i] != '?' {
			return false
		}
	}
	return true
}

// indexPart is where a part is first in a text, -1 if it isn't.
func indexPart(text, part string) int {
	if !strings.Contains(part, "?") {
		return strings.Index(text, part)
	}
	for at := 0; at+len(part) <= len(text); at++ {
		if matchAt(part, text[at:]) {
			return at
		}
	}
	return -1
}
