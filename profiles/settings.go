package profiles

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"koji/internal/ini"
)

// setting is a key of a profile and the field it fills.
type setting struct {
	key string
	// field points to a string, bool, int (at least min), time.Duration (in
	// the file: seconds, not negative) or []string (colons between).
	field any
	kind  kind
	min   int
}

// kind is what the type of the field does not tell.
type kind int

const (
	exact kind = iota
	path       // a leading ~ is a home directory
	loose      // a bool that any text turns on
)

// settings names the keys. Koji's pkgurl is obsolete and its pyver without
// meaning here; like unknown keys they are passed over.
func (p *Profile) settings() []setting {
	return []setting{
		{key: "server", field: &p.Server},
		{key: "weburl", field: &p.WebURL},
		{key: "topurl", field: &p.TopURL},
		{key: "topdir", field: &p.TopDir, kind: path},
		{key: "max_retries", field: &p.MaxRetries},
		{key: "retry_interval", field: &p.RetryInterval},
		{key: "anon_retry", field: &p.AnonRetry},
		{key: "offline_retry", field: &p.OfflineRetry},
		{key: "offline_retry_interval", field: &p.OfflineRetryInterval},
		{key: "timeout", field: &p.Timeout},
		{key: "auth_timeout", field: &p.AuthTimeout},
		{key: "use_fast_upload", field: &p.UseFastUpload},
		{key: "upload_blocksize", field: &p.UploadBlocksize, min: 1},
		{key: "poll_interval", field: &p.PollInterval},
		{key: "principal", field: &p.Principal},
		{key: "keytab", field: &p.Keytab, kind: path},
		{key: "cert", field: &p.Cert, kind: path},
		{key: "serverca", field: &p.ServerCA, kind: path},
		{key: "no_ssl_verify", field: &p.NoSSLVerify, kind: loose},
		{key: "authtype", field: &p.AuthType},
		{key: "debug", field: &p.Debug},
		{key: "debug_xmlrpc", field: &p.DebugXMLRPC},
		{key: "force_auth", field: &p.ForceAuth},
		{key: "plugin_paths", field: &p.PluginPaths, kind: path},
		{key: "keep_session", field: &p.KeepSession},
		{key: "ui", field: &p.UI},
		{key: "tui_theme", field: &p.TUITheme},
		{key: "tui_marks", field: &p.TUIMarks},
		{key: "tui_mouse", field: &p.TUIMouse},
		{key: "password_file", field: &p.PasswordFile, kind: path},
	}
}

// Setting is a key of a profile with its value as a file has it.
type Setting struct {
	Key, Value string
	Given      bool // the value isn't the default
}

// Settings are all keys of the profile, in the order of the documentation.
func (p *Profile) Settings() []Setting {
	defaults := Default(p.Name).settings()
	all := make([]Setting, len(defaults))
	for i, s := range p.settings() {
		all[i] = Setting{Key: s.key, Value: s.text(), Given: s.text() != defaults[i].text()}
	}
	return all
}

// take fills the field from the section, and leaves it when the key is not
// there.
func (s setting) take(section *ini.Section, home string) error {
	text, ok, err := section.Get(s.key)
	if !ok || err != nil {
		return err
	}
	key, _ := section.Lookup(s.key)
	switch field := s.field.(type) {
	case *string:
		*field = text
		if s.kind == path {
			*field = expand(text, home)
		}
	case *[]string:
		*field = nil
		for _, part := range strings.Split(text, ":") {
			if part != "" {
				*field = append(*field, expand(part, home))
			}
		}
	case *bool:
		if s.kind == loose {
			*field = looseBool(text)
			return nil
		}
		*field, err = section.GetBool(s.key, false)
	case *int:
		n, err := section.GetInt(s.key, 0)
		if err != nil {
			return err
		}
		if n < int64(s.min) || n > math.MaxInt32 {
			return key.Errorf("%d is not between %d and %d", n, s.min, math.MaxInt32)
		}
		*field = int(n)
	case *time.Duration:
		n, err := section.GetInt(s.key, 0)
		if err != nil {
			return err
		}
		if n < 0 || n > math.MaxInt32 {
			return key.Errorf("%d is not between 0 and %d seconds", n, math.MaxInt32)
		}
		*field = time.Duration(n) * time.Second
	}
	return err
}

// looseBool reads a switch that is on for Koji as soon as there is any text.
// The words for false are taken at their meaning here: who writes
// no_ssl_verify = no wants the certificate verified.
func looseBool(text string) bool {
	if on, ok := ini.Bool(text); ok {
		return on
	}
	return text != ""
}

// text is the field as it is written in a file, without escapes.
func (s setting) text() string {
	switch field := s.field.(type) {
	case *string:
		return *field
	case *[]string:
		return strings.Join(*field, ":")
	case *bool:
		return strconv.FormatBool(*field)
	case *int:
		return strconv.Itoa(*field)
	case *time.Duration:
		return strconv.FormatInt(int64(*field/time.Second), 10)
	}
	panic(fmt.Sprintf("setting %s has a field of type %T", s.key, s.field))
}
