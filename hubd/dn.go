package hubd

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// distinguishedName is the name of a certificate's holder, most specific part
// first as RFC 2253 writes it.
type distinguishedName []nameAttribute

type nameAttribute struct {
	kind   string // upper case: CN, O, EMAILADDRESS; a dotted number if it has no name
	value  string
	joined bool // with the one before, by a plus sign
}

// nameKinds are the attributes that have a name.
var nameKinds = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "TITLE", "2.5.4.13": "DESCRIPTION", "2.5.4.17": "POSTALCODE", "2.5.4.42": "GN", "2.5.4.43": "INITIALS",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC", "1.2.840.113549.1.9.1": "EMAILADDRESS",
}

// otherNames are further names of attributes, those of mod_ssl's variables among them.
var otherNames = map[string]string{"EMAIL": "EMAILADDRESS", "E": "EMAILADDRESS", "S": "SN", "G": "GN", "I": "INITIALS", "T": "TITLE", "D": "DESCRIPTION", "USERID": "UID"}

func nameKind(text string) string {
	kind := strings.ToUpper(strings.TrimSpace(text))
	if name := nameKinds[strings.TrimPrefix(kind, "OID.")]; name != "" {
		return name
	}
	if name := otherNames[kind]; name != "" {
		return name
	}
	return kind
}

// isKind says whether an attribute can be called so: a word, or numbers with dots.
func isKind(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	})
}

// subjectOf reads the name in a certificate.
func subjectOf(raw []byte) (distinguishedName, error) {
	var sequence pkix.RDNSequence
	switch rest, err := asn1.Unmarshal(raw, &sequence); {
	case err != nil:
		return nil, fmt.Errorf("the certificate's name can't be read: %w", err)
	case len(rest) > 0:
		return nil, errors.New("the certificate's name can't be read: more follows it")
	}
	var name distinguishedName
	for _, set := range slices.Backward(sequence) {
		for i, a := range set {
			name = append(name, nameAttribute{kind: nameKind(a.Type.String()), value: fmt.Sprint(a.Value), joined: i > 0})
		}
	}
	return name, nil
}

// parseName reads a name as it is written: CN=alice,O=Koji with the escapes of
// RFC 2253, or OpenSSL's older /O=Koji/CN=alice.
func parseName(text string) (distinguishedName, error) {
	text = strings.TrimLeft(text, " ")
	if strings.HasPrefix(text, "/") {
		return parseOldName(text[1:])
	}
	var name distinguishedName
	for joined := false; ; {
		kind, rest, found := strings.Cut(text, "=")
		if !found || !isKind(strings.TrimSpace(kind)) {
			return nil, fmt.Errorf("%q is no part of a distinguished name", text)
		}
		value, separator, rest, err := nameValue(rest)
		if err != nil {
			return nil, err
		}
		name = append(name, nameAttribute{kind: nameKind(kind), value: value, joined: joined})
		if separator == 0 {
			return name, nil
		}
		joined, text = separator == '+', rest
	}
}

// nameValue takes a value off a name: up to a comma, semicolon or plus sign, or
// in quotes. A backslash keeps what follows it, or stands before two hex digits.
func nameValue(s string) (value string, separator byte, rest string, err error) {
	s = strings.TrimLeft(s, " ")
	var b strings.Builder
	quoted := strings.HasPrefix(s, `"`)
	solid := 0 // the length up to which trailing blanks are none
	i := 0
	if quoted {
		i = 1
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			if i+1 == len(s) {
				return "", 0, "", fmt.Errorf("%q ends in a backslash", s)
			}
			if pair, err := hex.DecodeString(s[i+1 : min(i+3, len(s))]); err == nil && len(pair) == 1 {
				b.WriteByte(pair[0])
				i += 2
			} else {
				b.WriteByte(s[i+1])
				i++
			}
			solid = b.Len()
		case quoted && c == '"':
			after := strings.TrimLeft(s[i+1:], " ")
			if after == "" {
				return b.String(), 0, "", nil
			}
			if !strings.ContainsRune(",;+", rune(after[0])) {
				return "", 0, "", fmt.Errorf("%q goes on after its quotes", s)
			}
			return b.String(), after[0], after[1:], nil
		case !quoted && (c == ',' || c == ';' || c == '+'):
			return b.String()[:solid], c, s[i+1:], nil
		default:
			b.WriteByte(c)
			if quoted || c != ' ' {
				solid = b.Len()
			}
		}
	}
	if quoted {
		return "", 0, "", fmt.Errorf("%q has no closing quotes", s)
	}
	return b.String()[:solid], 0, "", nil
}

// parseOldName reads O=Koji/CN=alice. A slash without a kind after it belongs to
// the value before it.
func parseOldName(text string) (distinguishedName, error) {
	var name distinguishedName
	for part := range strings.SplitSeq(text, "/") {
		kind, value, found := strings.Cut(part, "=")
		switch {
		case found && isKind(kind):
			name = append(name, nameAttribute{kind: nameKind(kind), value: value})
		case len(name) > 0:
			name[len(name)-1].value += "/" + part
		default:
			return nil, fmt.Errorf("%q is no part of a distinguished name", part)
		}
	}
	slices.Reverse(name)
	return name, nil
}

// component is the value of the one attribute of a kind. Two of them are as bad
// as none: which one is meant would be a guess.
func (n distinguishedName) component(kind string) (string, error) {
	var found []string
	for _, a := range n {
		if a.kind == nameKind(kind) {
			found = append(found, a.value)
		}
	}
	switch {
	case len(found) == 0 || found[0] == "":
		return "", fmt.Errorf("the certificate's name has no %s: %s", kind, n)
	case len(found) > 1:
		return "", fmt.Errorf("the certificate's name has more than one %s: %s", kind, n)
	}
	return found[0], nil
}

// String is the name as RFC 2253 has it.
func (n distinguishedName) String() string {
	var b strings.Builder
	for i, a := range n {
		switch {
		case a.joined:
			b.WriteByte('+')
		case i > 0:
			b.WriteByte(',')
		}
		b.WriteString(a.kind + "=")
		for j := range len(a.value) {
			c := a.value[j]
			edge := j == 0 && (c == ' ' || c == '#') || j == len(a.value)-1 && c == ' '
			switch {
			case edge || strings.IndexByte(`,+;"\<>`, c) >= 0:
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ' || c == 0x7f:
				fmt.Fprintf(&b, `\%02X`, c)
			default:
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}
