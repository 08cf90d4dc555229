package ini

import (
	"strings"

	"koji/internal/pylit"
)

// What interpolation may take: how many %(key)s may stand inside one another,
// and how many replacements one value may need, so that a few lines cannot
// unfold into gigabytes.
const (
	maxDepth        = 10
	maxReplacements = 10000
)

// Get returns a value, interpolated if the file is so read. ok tells whether
// the section or DEFAULT has the key. An error is an *Error: a percent sign
// that is not %% or %(key)s, an unknown key, or keys that refer to each other.
func (s *Section) Get(name string) (value string, ok bool, err error) {
	k, ok := s.Lookup(name)
	if !ok {
		return "", false, nil
	}
	if !s.file.opts.Interpolate {
		return k.Value(), true, nil
	}
	in := interpolation{section: s, key: k}
	if err := in.expand(k.Value(), 1); err != nil {
		return "", true, err
	}
	return in.out.String(), true, nil
}

// interpolation is the making of one key's value.
type interpolation struct {
	section  *Section
	key      *Key
	out      strings.Builder
	replaced int
}

func (in *interpolation) expand(text string, depth int) error {
	if depth > maxDepth && strings.Contains(text, "%") {
		return in.key.Errorf("%%(key)s nested more than %d deep", maxDepth)
	}
	for {
		before, rest, found := strings.Cut(text, "%")
		in.out.WriteString(before)
		if !found {
			return nil
		}
		switch {
		case strings.HasPrefix(rest, "%"):
			in.out.WriteByte('%')
			text = rest[1:]
		case strings.HasPrefix(rest, "("):
			name, after, closed := strings.Cut(rest[1:], ")")
			if !closed || name == "" || !strings.HasPrefix(after, "s") {
				return in.key.Errorf("%q is not of the form %%(key)s", "%"+rest)
			}
			other, ok := in.section.Lookup(name)
			if !ok {
				return in.key.Errorf("%%(%s)s refers to a key that [%s] does not have", name, in.section.Name)
			}
			if in.replaced++; in.replaced > maxReplacements {
				return in.key.Errorf("more than %d replacements of %%(key)s", maxReplacements)
			}
			if err := in.expand(other.Value(), depth+1); err != nil {
				return err
			}
			text = after[1:]
		default:
			return in.key.Errorf("%% must be followed by %% or (, found %q; write %%%% for a percent sign", "%"+rest)
		}
	}
}

// GetBool returns a truth value: yes, on, true, 1 or no, off, false, 0, in any
// case. Without the key it returns fallback.
func (s *Section) GetBool(name string, fallback bool) (bool, error) {
	text, ok, err := s.Get(name)
	if !ok || err != nil {
		return fallback, err
	}
	b, ok := Bool(text)
	if !ok {
		k, _ := s.Lookup(name)
		return fallback, k.Errorf("%q is not a truth value (yes or no)", text)
	}
	return b, nil
}

// GetInt returns a whole number, read as Python's int() does. Without the key
// it returns fallback.
func (s *Section) GetInt(name string, fallback int64) (int64, error) {
	text, ok, err := s.Get(name)
	if !ok || err != nil {
		return fallback, err
	}
	n, ok := pylit.Int(text)
	if !ok || !n.IsInt64() {
		k, _ := s.Lookup(name)
		return fallback, k.Errorf("%q is not a whole number", text)
	}
	return n.Int64(), nil
}

// Bool reads one of the words for true and false; ok tells whether it was one.
func Bool(word string) (value, ok bool) {
	switch strings.ToLower(word) {
	case "1", "yes", "true", "on":
		return true, true
	case "0", "no", "false", "off":
		return false, true
	}
	return false, false
}
