package pylit

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// Int reads a whole number as Python's int(text) does: decimal, with space
// around it, a sign, single underscores between digits, and digits of any
// script. Hexadecimal and the like are no numbers here.
func Int(text string) (*big.Int, bool) {
	text = asciiDigits(strings.TrimSpace(text))
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || !isDigits(digits) {
		return nil, false
	}
	return new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), 10)
}

// Float reads a number as Python's float(text) does, infinities and nan in any
// case included. What is too large becomes an infinity.
func Float(text string) (float64, bool) {
	text = asciiDigits(strings.TrimSpace(text))
	unsigned := strings.TrimLeft(text, "+-")
	if len(text)-len(unsigned) > 1 {
		return 0, false
	}
	switch strings.ToLower(unsigned) {
	case "nan":
		return math.NaN(), true
	case "inf", "infinity":
	default:
		if !isDecimal(unsigned) {
			return 0, false
		}
	}
	// The only error left is that of range, which comes with ±Inf.
	f, _ := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(text, "_", ""), "+"), 64)
	return f, true
}

// isDecimal accepts digits with an optional point and exponent.
func isDecimal(text string) bool {
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
		if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
			exponent = exponent[1:]
		}
		if !isDigits(exponent) {
			return false
		}
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !point {
		return isDigits(whole)
	}
	return (whole != "" || fraction != "") && (whole == "" || isDigits(whole)) && (fraction == "" || isDigits(fraction))
}

// isDigits accepts decimal digits with single underscores between them.
func isDigits(text string) bool {
	digit := false
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			digit = true
		case c == '_' && digit:
			digit = false
		default:
			return false
		}
	}
	return digit
}

// asciiDigits turns the decimal digits of other scripts into 0 to 9.
func asciiDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.IsDigit(r) {
			return r
		}
		// Unicode keeps the ten digits of a script together and in order.
		for _, t := range unicode.Nd.R16 {
			if uint32(t.Lo) <= uint32(r) && uint32(r) <= uint32(t.Hi) {
				return '0' + (r-rune(t.Lo))%10
			}
		}
		for _, t := range unicode.Nd.R32 {
			if t.Lo <= uint32(r) && uint32(r) <= t.Hi {
				return '0' + (r-rune(t.Lo))%10
			}
		}
		return r
	}, text)
}

// isSpace is Python's str.isspace, which knows four separators more than Go.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// formatFloat writes a float as Python's repr: the shortest digits that read
// back the same, with an exponent only outside 1e-4 to 1e16.
func formatFloat(f float64) string {
	text := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, ok := strings.Cut(text, "e")
	if !ok { // NaN, +Inf, -Inf
		return strings.ToLower(strings.TrimPrefix(text, "+"))
	}
	if e, err := strconv.Atoi(exponent); err == nil && -4 <= e && e < 16 {
		text = strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	return mantissa + "e" + exponent
}
