package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	dayName   = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)`
	monthName = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
)

// times are the ways in which a point in time is printed; each kind is told from the others.
var times = []struct {
	name string
	re   *regexp.Regexp
}{
	{"{time:asc}", regexp.MustCompile(`\b` + dayName + ` ` + monthName + ` [ \d]\d \d\d:\d\d:\d\d \d{4}\b`)},
	{"{time:day}", regexp.MustCompile(`\b` + dayName + `, \d\d ` + monthName + ` \d{4} \d\d:\d\d:\d\d (?:UTC|GMT)\b`)},
	{"{time:iso}", regexp.MustCompile(`\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)?`)},
	{"{time:hm}", regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d\b`)},
	{"{time:date}", regexp.MustCompile(`\b` + dayName + ` ` + monthName + ` \d\d \d{4}\b`)},
}

// lineMatcher compares what commands print; labels stay bound from step to step.
type lineMatcher struct {
	ids  map[string]string
	json matcher
}

// printed says what is wrong with what a command left, with a small diff; "" if nothing is.
func (m *lineMatcher) printed(step *CommandStep, got printed) string {
	want := step.Expect
	if got.rc != want.RC {
		said := strings.Join(firstLines(got.stderr+got.stdout, 6), "\n     ! ")
		return fmt.Sprintf("want exit code %d, got %d\n     ! %s", want.RC, got.rc, said)
	}
	if want.Stderr && strings.TrimSpace(got.stderr) == "" {
		return "nothing was said on stderr"
	}
	if want.JSON.v != nil {
		var value tree
		if err := json.Unmarshal([]byte(got.stdout), &value); err != nil {
			return "stdout is not JSON: " + err.Error()
		}
		if err := m.json.match(want.JSON.v, plainTree(value.v), "$", true); err != nil {
			return "the JSON differs at " + err.Error()
		}
	}
	for _, c := range []struct {
		what string
		want *[]string
		got  string
	}{{"stdout", want.Stdout, got.stdout}, {"file", want.File, got.file}, {"tree", want.Tree, got.tree}} {
		if c.want == nil {
			continue
		}
		lines, err := comparedLines(c.got, step)
		if err != nil {
			return err.Error()
		}
		if diff := m.lines(*c.want, lines, step); diff != nil {
			return fmt.Sprintf("%s differs (- recorded, + printed)\n     %s", c.what, strings.Join(diff[:min(len(diff), 24)], "\n     "))
		}
	}
	return ""
}

// plainTree makes the maps of objects, which a matcher takes as answers.
func plainTree(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plainTree(v[i])
		}
		return list
	case object:
		members := make(map[string]any, len(v))
		for _, f := range v {
			members[f.key] = plainTree(f.value)
		}
		return members
	}
	return v
}

// comparedLines are the lines of an output that count, points in time masked.
func comparedLines(text string, step *CommandStep) ([]string, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\v\f")
	}
	for _, s := range step.Sub {
		re, err := regexp.Compile(s[0])
		if err != nil {
			return nil, err
		}
		// \1 is how the recorder writes a group.
		with := regexp.MustCompile(`\\(\d)`).ReplaceAllString(strings.ReplaceAll(s[1], "$", "$$"), "$${$1}")
		for i, line := range lines {
			lines[i] = re.ReplaceAllString(line, with)
		}
	}
	for _, f := range []struct {
		pattern string
		keep    bool
	}{{step.Grep, true}, {step.Omit, false}} {
		if f.pattern == "" {
			continue
		}
		re, err := regexp.Compile(f.pattern)
		if err != nil {
			return nil, err
		}
		lines = slices.DeleteFunc(lines, func(l string) bool { return re.MatchString(l) != f.keep })
	}
	if !step.Exact {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for _, t := range times {
		for i, line := range lines {
			lines[i] = t.re.ReplaceAllString(line, t.name)
		}
	}
	return lines, nil
}

// lines compares two outputs; the diff is nil if they agree.
func (m *lineMatcher) lines(want, got []string, step *CommandStep) []string {
	if step.Unordered {
		return m.unordered(want, got, step)
	}
	var diff []string
	bad := false
	for i := range max(len(want), len(got)) {
		if i < len(want) && i < len(got) && m.line(want[i], got[i], step) {
			diff = append(diff, "  "+got[i])
			continue
		}
		bad = true
		if i < len(want) {
			diff = append(diff, "- "+m.show(want[i]))
		}
		if i < len(got) {
			diff = append(diff, "+ "+got[i])
		}
	}
	if !bad {
		return nil
	}
	return diff
}

func (m *lineMatcher) unordered(want, got []string, step *CommandStep) []string {
	left := slices.Clone(got)
	var diff []string
	for _, w := range want {
		at := slices.Index(left, w)
		if at < 0 {
			at = slices.IndexFunc(left, func(l string) bool { return m.line(w, l, step) })
		}
		if at < 0 {
			diff = append(diff, "- "+m.show(w))
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, l := range left {
		diff = append(diff, "+ "+l)
	}
	return diff
}

// line says whether a line is as recorded, and binds the labels in it if so.
func (m *lineMatcher) line(want, got string, step *CommandStep) bool {
	a, b := []string{want}, []string{got}
	if !step.Exact {
		a, b = strings.Fields(want), strings.Fields(got)
	}
	if len(a) != len(b) {
		return false
	}
	bound := maps.Clone(m.ids)
	for i := range a {
		re, labels := pieceRe(a[i])
		found := re.FindStringSubmatch(b[i])
		if found == nil {
			return false
		}
		for n, label := range labels {
			value := strings.TrimLeft(found[n+1], "0")
			if known, ok := bound[label]; ok && known != value {
				return false
			}
			bound[label] = value
		}
	}
	m.ids = bound
	return true
}

var holes = regexp.MustCompile(`\{id:\w+\}|\{num\}|\{\*\}`)

// pieceRe makes an expression of a recorded piece; its groups have the labels.
func pieceRe(piece string) (*regexp.Regexp, []string) {
	var b strings.Builder
	var labels []string
	at := 0
	b.WriteString(`^(?s:`)
	for _, h := range holes.FindAllStringIndex(piece, -1) {
		b.WriteString(regexp.QuoteMeta(piece[at:h[0]]))
		at = h[1]
		switch hole := piece[h[0]:h[1]]; {
		case hole == "{num}":
			b.WriteString(`-?\d+(?:\.\d+)?`)
		case hole == "{*}":
			b.WriteString(`.*?`)
		default:
			b.WriteString(`(\d+)`)
			labels = append(labels, hole[len("{id:"):len(hole)-1])
		}
	}
	b.WriteString(regexp.QuoteMeta(piece[at:]) + `)$`)
	return regexp.MustCompile(b.String()), labels
}

// show is a recorded line with the bound labels filled in.
func (m *lineMatcher) show(line string) string {
	for label, value := range m.ids {
		line = strings.ReplaceAll(line, "{id:"+label+"}", value)
	}
	return line
}

func firstLines(text string, most int) []string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" })
	return lines[:min(len(lines), most)]
}
