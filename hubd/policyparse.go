package hubd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"koji/internal/policy"
)

// parsePolicies reads the policies of the configuration, and Koji's for those
// that it leaves out. What is wrong with any of them is told at once, with file
// and line: a hub doesn't start with a rule that nobody can follow.
func (h *Hub) parsePolicies(texts []PolicyText) (policies, error) {
	all := policies{}
	var errs []error
	read := func(name, text string, lines policy.Lines) {
		rules, err := policy.Parse(name, text, lines, h.tests)
		errs = append(errs, err)
		all[name] = rules
	}
	for name, text := range defaultPolicies {
		if !slices.ContainsFunc(texts, func(t PolicyText) bool { return t.Name == name }) {
			read(name, text, policy.Lines{File: "Koji's default"})
		}
	}
	for _, t := range texts {
		read(t.Name, t.Text, policy.Lines{File: t.File, Numbers: t.Lines})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, checkNesting(all)
}

// oneName checks the words behind the test policy.
func oneName(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("it takes the name of one policy, not %d", len(args))
	}
	return nil
}

// checkNesting refuses policies that come round to themselves through the test
// policy: they would never end.
func checkNesting(all policies) error {
	done := map[string]bool{}
	var walk func(path []string) error
	walk = func(path []string) error {
		name := path[len(path)-1]
		if done[name] || all[name] == nil {
			return nil
		}
		for _, use := range all[name].Uses("policy") {
			next := append(slices.Clone(path), use.Args[0])
			if slices.Contains(path, use.Args[0]) {
				return &policy.Error{File: use.File, Line: use.Line, Policy: name, Msg: "it comes round to itself: " + strings.Join(next, " → ")}
			}
			if err := walk(next); err != nil {
				return err
			}
		}
		done[name] = true
		return nil
	}
	for _, name := range sortedKeys(all) {
		if err := walk([]string{name}); err != nil {
			return err
		}
	}
	return nil
}
