// Package lazyregexp compiles patterns when they are first needed. Compiled at
// start, as package variables, they would be a good part of what a client costs
// that makes one call and ends.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New gives the pattern, compiled in the first call. It panics then if it is
// none.
func New(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
