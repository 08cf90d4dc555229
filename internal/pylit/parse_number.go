package pylit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// number reads the number at pos, without its sign. Unlike Int and Float this
// is the notation of source code: other bases, but no leading zeros.
func (p *parser) number(negative bool) (any, error) {
	start := p.pos
	end := p.numberEnd()
	text := p.text[start:end]
	v, err := parseNumber(text, negative)
	if err != nil {
		return nil, err
	}
	p.pos = end
	p.space()
	return v, nil
}

// numberEnd takes everything that could belong to a number, so that 12x is one
// wrong number and not 12 with something behind it.
func (p *parser) numberEnd() int {
	i := p.pos
	for i < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[i:])
		sign := (r == '+' || r == '-') && i > p.pos && p.text[i-1]|0x20 == 'e' && !isBased(p.text[p.pos:i])
		if r != '.' && !sign && !isNameRune(r) {
			break
		}
		i += size
	}
	return i
}

// isBased recognizes 0x, 0o and 0b.
func isBased(text string) bool {
	return len(text) > 1 && text[0] == '0' && strings.IndexByte("xXoObB", text[1]) >= 0
}

func parseNumber(text string, negative bool) (any, error) {
	sign := ""
	if negative {
		sign = "-"
	}
	switch {
	case isBased(text):
		base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[text[1]|0x20]
		// An underscore may stand between digits, and here before the first.
		if !underscoresBetween(text[2:]) {
			return nil, fmt.Errorf("%s is no number", text)
		}
		n, err := strconv.ParseInt(sign+strings.ReplaceAll(text[2:], "_", ""), base, 64)
		return n, numberError(text, err)
	case isDigits(text):
		digits := strings.ReplaceAll(text, "_", "")
		if digits[0] == '0' && strings.Trim(digits, "0") != "" {
			return nil, fmt.Errorf("%s begins with a zero; octal numbers are written 0o", text)
		}
		n, err := strconv.ParseInt(sign+digits, 10, 64)
		return n, numberError(text, err)
	case isDecimal(text):
		f, _ := Float(sign + text)
		return f, nil
	case strings.HasSuffix(strings.ToLower(text), "j"):
		return nil, fmt.Errorf("%s is a complex number, which the wire cannot carry", text)
	}
	return nil, fmt.Errorf("%s is no number", text)
}

// underscoresBetween refuses two underscores in a row, and one at the end.
func underscoresBetween(digits string) bool {
	return !strings.Contains(digits, "__") && !strings.HasSuffix(digits, "_") && digits != ""
}

func numberError(text string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s does not fit in 64 bits", text)
	}
	return fmt.Errorf("%s is no number", text)
}
