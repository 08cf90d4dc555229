package pylit

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// pageWidth is where Python's pprint wraps when it is told nothing else.
const pageWidth = 80

// Format lays a value out as Python's pprint.pformat does: on one line if that
// fits in 80 characters, else an item a line, keys sorted, and long strings
// and bytes split into several literals at spaces and line ends.
func Format(v any) string {
	var p printer
	p.value(v, 0, 0, 0)
	return p.out.String()
}

// printer writes values. Everywhere indent is the column a value begins at,
// reserve the number of characters (brackets, commas) that must still fit
// behind its last line, and depth how many values it is nested in.
type printer struct{ out strings.Builder }

func (p *printer) value(v any, indent, reserve, depth int) {
	if text, ok := reprWithin(v, pageWidth-indent-reserve); ok {
		p.out.WriteString(text)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		p.dict(v, indent, reserve, depth)
	case []any:
		p.list(v, indent, reserve, depth)
	case string:
		if v == "" {
			p.out.WriteString(reprString(v))
			return
		}
		p.literals(indent, reserve, depth, func(width, reserve int) []string { return splitString(v, width, reserve) })
	case []byte:
		if len(v) <= 4 {
			p.out.WriteString(reprBytes(v))
			return
		}
		p.literals(indent, reserve, depth, func(width, reserve int) []string { return splitBytes(v, width, reserve) })
	default:
		p.out.WriteString(reprScalar(v))
	}
}

func (p *printer) newline(indent int) {
	p.out.WriteByte('\n')
	for range indent {
		p.out.WriteByte(' ')
	}
}

func (p *printer) list(items []any, indent, reserve, depth int) {
	p.out.WriteByte('[')
	for i, item := range items {
		after := 1 // the comma
		if i == len(items)-1 {
			after = reserve + 1
		}
		p.value(item, indent+1, after, depth+1)
		if i < len(items)-1 {
			p.out.WriteByte(',')
			p.newline(indent + 1)
		}
	}
	p.out.WriteByte(']')
}

func (p *printer) dict(dict map[string]any, indent, reserve, depth int) {
	p.out.WriteByte('{')
	keys := slices.Sorted(maps.Keys(dict))
	for i, key := range keys {
		text := reprString(key)
		p.out.WriteString(text)
		p.out.WriteString(": ")
		after := 1
		if i == len(keys)-1 {
			after = reserve + 1
		}
		p.value(dict[key], indent+1+utf8.RuneCountInString(text)+2, after, depth+1)
		if i < len(keys)-1 {
			p.out.WriteByte(',')
			p.newline(indent + 1)
		}
	}
	p.out.WriteByte('}')
}

// literals writes a text as adjacent literals, one a line. A text on its own
// needs parentheses to be one expression, unless it is a single string; bytes
// get them always.
func (p *printer) literals(indent, reserve, depth int, split func(width, reserve int) []string) {
	alone := depth == 0
	if alone {
		indent++
		reserve++
	}
	parts := split(pageWidth-indent, reserve)
	parens := alone && (len(parts) > 1 || strings.HasPrefix(parts[0], "b"))
	if parens {
		p.out.WriteByte('(')
	}
	for i, part := range parts {
		if i > 0 {
			p.newline(indent)
		}
		p.out.WriteString(part)
	}
	if parens {
		p.out.WriteByte(')')
	}
}

// splitString cuts a string after each line end, and a line that is too wide
// into as many words as fit. A word wider than the page is left whole.
func splitString(s string, width, reserve int) []string {
	var parts []string
	lines := cutLines(s)
	for i, line := range lines {
		lastLine := i == len(lines)-1
		room := width
		if lastLine {
			room -= reserve
		}
		if text, ok := reprWithin(line, room); ok {
			parts = append(parts, text)
			continue
		}
		current := ""
		words := cutWords(line)
		for j, word := range words {
			room := width
			if lastLine && j == len(words)-1 {
				room -= reserve
			}
			if _, ok := reprWithin(current+word, room); ok {
				current += word
				continue
			}
			if current != "" {
				parts = append(parts, reprString(current))
			}
			current = word
		}
		if current != "" {
			parts = append(parts, reprString(current))
		}
	}
	return parts
}

// cutLines cuts behind everything that Python counts as a line end.
func cutLines(s string) []string {
	var lines []string
	start := 0
	for i, r := range s {
		switch r {
		case '\r':
			if strings.HasPrefix(s[i+1:], "\n") {
				continue
			}
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		default:
			continue
		}
		end := i + utf8.RuneLen(r)
		lines = append(lines, s[start:end])
		start = end
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

// cutWords cuts a line into words, each with the space that follows it.
func cutWords(line string) []string {
	var words []string
	start, inSpace := 0, false
	for i, r := range line {
		space := isSpace(r)
		if inSpace && !space {
			words = append(words, line[start:i])
			start = i
		}
		inSpace = space
	}
	return append(words, line[start:])
}

// splitBytes cuts bytes into literals of as many groups of four as fit.
func splitBytes(s []byte, width, reserve int) []string {
	var parts []string
	start, end := 0, 0
	for end < len(s) {
		next := min(end+4, len(s))
		if end == len(s)/4*4 {
			// Python keeps room for what follows only here: with a whole
			// number of groups the last one may stick out.
			width -= reserve
		}
		if len(reprBytes(s[start:next])) > width && start < end {
			parts = append(parts, reprBytes(s[start:end]))
			start = end
		}
		end = next
	}
	return append(parts, reprBytes(s[start:]))
}
