package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Lines tells where a policy's text stands, for errors and results.
type Lines struct {
	File string
	// Numbers holds the line of the file for each line of the text. Without
	// them the text is the whole file.
	Numbers []int
}

func (l Lines) number(i int) int {
	if i < len(l.Numbers) {
		return l.Numbers[i]
	}
	return i + 1
}

// Error is what is wrong with a rule, and where.
type Error struct {
	File   string
	Line   int
	Policy string
	Msg    string
}

// Error gives file:line: policy name: message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d: policy %s: %s", e.File, e.Line, e.Policy, e.Msg)
}

// Parse reads the rules of a policy. tests are the tests the rules may use
// besides the general ones (see generic.go); one of the same name takes the
// place of a general one. All errors are reported, joined, each an *Error: a
// line without separator, tests or action, an unknown test, a test with wrong
// arguments, braces that don't match.
func Parse(name, text string, lines Lines, tests map[string]Test) (*Ruleset, error) {
	p := parser{set: &Ruleset{name: name, file: lines.File}, tests: tests, general: general()}
	p.open = []*block{{rules: &p.set.rules}}
	for i, line := range strings.Split(text, "\n") {
		p.number = lines.number(i)
		p.line(line)
	}
	for _, b := range p.open[1:] {
		p.number = b.line
		p.fail("this block is never closed")
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.set, nil
}

// block is a list of rules that is being read, and the line that opened it.
type block struct {
	rules *[]*rule
	line  int
}

type parser struct {
	set     *Ruleset
	tests   map[string]Test
	general map[string]Test
	open    []*block // the innermost last
	number  int      // of the line at hand
	errs    []error
}

func (p *parser) fail(format string, args ...any) {
	p.errs = append(p.errs, &Error{File: p.set.file, Line: p.number, Policy: p.set.name, Msg: fmt.Sprintf(format, args...)})
}

func (p *parser) line(line string) {
	line, _, _ = strings.Cut(line, "#")
	line = strings.TrimSpace(line)
	switch line {
	case "":
		return
	case "}":
		if len(p.open) == 1 {
			p.fail("} closes a block that was never opened")
			return
		}
		p.open = p.open[:len(p.open)-1]
		return
	}
	r := &rule{line: p.number}
	conditions, ok := "", false
	if conditions, r.action, ok = cutLast(line, "::"); !ok {
		conditions, r.action, ok = cutLast(line, "!!")
		r.negated = true
	}
	if !ok {
		p.fail("%q has neither :: nor !! before an action", line)
		return
	}
	r.action = strings.TrimSpace(r.action)
	if r.action == "" {
		p.fail("%q has no action", line)
	}
	for _, condition := range strings.Split(conditions, "&&") {
		if t, ok := p.test(condition); ok {
			r.tests = append(r.tests, t)
		}
	}
	inner := p.open[len(p.open)-1]
	*inner.rules = append(*inner.rules, r)
	if r.action == "{" {
		p.open = append(p.open, &block{&r.block, p.number})
	}
}

// cutLast splits at the last separator.
func cutLast(line, separator string) (before, after string, found bool) {
	i := strings.LastIndex(line, separator)
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+len(separator):], true
}

func (p *parser) test(condition string) (test, bool) {
	words := strings.Fields(condition)
	if len(words) == 0 {
		p.fail("a test is missing")
		return test{}, false
	}
	t := test{name: words[0], args: words[1:]}
	found, ok := p.tests[t.name]
	if !ok {
		found, ok = p.general[t.name]
	}
	if !ok {
		p.fail("there is no test %s (known: %s)", t.name, strings.Join(p.known(), ", "))
		return test{}, false
	}
	if found.Check != nil {
		if err := found.Check(t.args); err != nil {
			p.fail("test %s: %v", t.name, err)
			return test{}, false
		}
	}
	t.run = found.Run
	return t, true
}

// known lists the names of all tests.
func (p *parser) known() []string {
	names := slices.Collect(maps.Keys(p.general))
	for name := range p.tests {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
