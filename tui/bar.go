package tui

import "strings"

// eighths of a cell, from the left.
var eighths = []rune{'▏', '▎', '▍', '▌', '▋', '▊', '▉'}

// bar is n cells, filled from the left by a part of 1, with eighths of a cell
// where the terminal has them.
func bar(part float64, n int, ascii bool) (full, left string) {
	if n <= 0 {
		return "", ""
	}
	part = max(0, min(part, 1))
	if ascii {
		whole := int(part*float64(n) + 0.5)
		return strings.Repeat("#", whole), strings.Repeat(".", n-whole)
	}
	steps := int(part*float64(n)*8 + 0.5)
	full = strings.Repeat("█", steps/8)
	if rest := steps % 8; rest > 0 {
		full += string(eighths[rest-1])
	}
	return full, strings.Repeat("░", n-(steps+7)/8)
}

// bar draws a bar of n cells.
func (p *pen) bar(ro role, part float64, n int) *pen {
	full, left := bar(part, n, p.c.ascii)
	return p.put(ro, full).put(roleFrame, left)
}
