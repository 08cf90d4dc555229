// Package daemon has what the long-running clients of a hub share: their
// configuration files, their login as the one session of their user, and the
// step into the background.
package daemon

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"koji/internal/ini"
)

// Settings are the keys that a section may have, in lower case, and what takes
// their values. A taker's error says what is wrong with the value.
type Settings map[string]func(value string) error

// ReadSettings reads a configuration file without interpolation. A section
// other than the named one and a key that isn't in known are errors. All errors
// are reported, joined, each with file and line.
func ReadSettings(path, section string, known Settings) error {
	file, err := ini.ParseFiles(ini.Options{}, path)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range file.Sections() {
		if name != section {
			s := file.Section(name)
			errs = append(errs, &ini.Error{File: s.File, Line: s.Line, Msg: fmt.Sprintf("unknown section [%s]: only [%s] is known", name, section)})
		}
	}
	if s := file.Section(section); s != nil {
		for key := range s.Keys() {
			take, ok := known[key.Name]
			if !ok {
				errs = append(errs, key.Errorf("unknown key"))
				continue
			}
			if err := take(key.Value()); err != nil {
				errs = append(errs, key.Errorf("%v", err))
			}
		}
	}
	return errors.Join(errs...)
}

// Text takes any value.
func Text(p *string) func(string) error {
	return func(v string) error {
		*p = v
		return nil
	}
}

// Number takes a whole number that isn't negative. An empty value leaves the default.
func Number(p *int) func(string) error {
	return func(v string) error {
		if v == "" {
			return nil
		}
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a whole number", v)
		}
		*p = n
		return nil
	}
}

// Decimal takes a number that isn't negative. An empty value leaves the default.
func Decimal(p *float64) func(string) error {
	return func(v string) error {
		if v == "" {
			return nil
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil || !(n >= 0) || math.IsInf(n, 0) {
			return fmt.Errorf("%q is not a number", v)
		}
		*p = n
		return nil
	}
}

// Seconds takes a duration in seconds, which may have a fraction. An empty
// value leaves the default.
func Seconds(p *time.Duration) func(string) error {
	return func(v string) error {
		n := p.Seconds()
		if err := Decimal(&n)(v); err != nil {
			return fmt.Errorf("%q is not a number of seconds", v)
		}
		if n > math.MaxInt64/2e9 {
			return fmt.Errorf("%q seconds are too many", v)
		}
		*p = time.Duration(n * float64(time.Second))
		return nil
	}
}

// Truth takes the usual words for yes and no.
func Truth(p *bool) func(string) error {
	return func(v string) error {
		b, ok := ini.Bool(v)
		if !ok {
			return fmt.Errorf("%q is neither yes nor no", v)
		}
		*p = b
		return nil
	}
}

// Words takes words separated by white space.
func Words(p *[]string) func(string) error {
	return func(v string) error {
		*p = strings.Fields(v)
		return nil
	}
}
