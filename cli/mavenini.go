package cli

import (
	"fmt"
	"slices"
	"strings"

	"koji/internal/ini"
)

// mavenParams reads files with a section for each Maven package, and gives the
// parameters of each. Koji: reference/cli.md, Special inputs.
func mavenParams(files []string, chain bool) (map[string]map[string]any, error) {
	f, err := ini.ParseFiles(ini.Options{}, files...)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]any{}
	for _, name := range f.Sections() {
		params, err := mavenSection(f.Section(name), chain)
		if err != nil {
			return nil, fmt.Errorf("[%s]: %w", name, err)
		}
		all[name] = params
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no package in %s", strings.Join(files, ", "))
	}
	if chain {
		return all, checkOrder(all)
	}
	return all, nil
}

// oneMaven is the parameters of one section: the one named, or the only one.
func oneMaven(files []string, section, kind string) (map[string]any, error) {
	all, err := mavenParams(files, false)
	if err != nil {
		return nil, err
	}
	if section == "" {
		if len(all) != 1 {
			return nil, fmt.Errorf("%d sections: choose one with --section", len(all))
		}
		section = sortedKeys(all)[0]
	}
	params := all[section]
	switch {
	case params == nil:
		return nil, fmt.Errorf("section %s does not exist", section)
	case mavenType(params) != kind:
		return nil, fmt.Errorf("section %s has the type %s, want %s", section, mavenType(params), kind)
	}
	delete(params, "type")
	return params, nil
}

// mavenType is what a section is for: maven if it doesn't say.
func mavenType(params map[string]any) string {
	if kind, ok := params["type"].(string); ok {
		return kind
	}
	return "maven"
}

func mavenSection(s *ini.Section, chain bool) (map[string]any, error) {
	params := map[string]any{}
	for k := range s.Keys() {
		switch value := strings.TrimSpace(k.Value()); k.Name {
		case "type":
			if value != "maven" && value != "wrapper" {
				return nil, k.Errorf("unsupported build type: %s", value)
			}
			if value == "wrapper" {
				params["type"] = value
			}
		case "scmurl", "patches", "specfile":
			if value != "" {
				params[k.Name] = value
			}
		case "goals", "profiles", "packages", "jvm_options", "maven_options", "buildrequires":
			if words := strings.Fields(value); len(words) > 0 {
				params[k.Name] = words
			}
		case "properties", "envs":
			if pairs := assignments(strings.Split(value, "\n")); len(pairs) > 0 {
				params[k.Name] = pairs
			}
		}
	}
	before, _ := params["buildrequires"].([]string)
	switch {
	case params["scmurl"] == nil:
		return nil, fmt.Errorf("it is missing the scmurl parameter")
	case mavenType(params) == "wrapper" && len(before) != 1:
		return nil, fmt.Errorf("a wrapper rpm must name exactly one package in buildrequires")
	case mavenType(params) == "maven" && !chain:
		delete(params, "buildrequires")
	}
	return params, nil
}

// assignments reads NAME=VALUE texts. A name alone has no value.
func assignments(texts []string) map[string]any {
	pairs := map[string]any{}
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		pairs[strings.TrimSpace(name)] = nil
		if ok {
			pairs[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return pairs
}

// checkOrder finds packages that wait for each other.
func checkOrder(all map[string]map[string]any) error {
	done := map[string]bool{}
	for len(done) < len(all) {
		var ready []string
		for name, params := range all {
			before, _ := params["buildrequires"].([]string)
			// What isn't built here is there already, or will be missed by the task.
			waits := slices.ContainsFunc(before, func(b string) bool { return all[b] != nil && !done[b] })
			if !done[name] && !waits {
				ready = append(ready, name)
			}
		}
		if len(ready) == 0 {
			var left []string
			for _, name := range sortedKeys(all) {
				if !done[name] {
					left = append(left, name)
				}
			}
			return fmt.Errorf("these packages wait for each other: %s", strings.Join(left, ", "))
		}
		for _, name := range ready {
			done[name] = true
		}
	}
	return nil
}
