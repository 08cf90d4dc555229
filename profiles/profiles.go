// Package profiles tells which hub is meant and how to talk to it: it picks a
// profile by the program's name or -p, and reads it from the koji.conf files
// (Koji: reference/cli.md, Profile and configuration).
package profiles

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"koji/internal/ini"
)

// DefaultName is the profile when neither the program's name nor an option
// gives one.
const DefaultName = "koji"

// Options say whose configuration to read. The zero value reads the current
// user's, for the profile koji.
type Options struct {
	Argv0      string // the program as it was called; its base name is the profile
	Profile    string // -p: instead of Argv0
	ConfigFile string // -c: a file or directory, instead of the user's files
	Home       string // the user's home; found out when empty
	SystemDir  string // /etc when empty
}

func (o Options) name() string {
	if o.Profile != "" {
		return o.Profile
	}
	switch base := filepath.Base(o.Argv0); base {
	case ".", "/":
		return DefaultName
	default:
		return base
	}
}

// Profile is the section of one hub: Koji's keys, with Koji's defaults, and
// three of our own. user and password are no keys: a login by password is
// asked for on the command line, or takes its password from PasswordFile.
type Profile struct {
	Name string

	Server string // the hub's URL
	WebURL string
	TopURL string // where the file tree is served; empty if nowhere
	TopDir string // where it is mounted

	MaxRetries           int
	RetryInterval        time.Duration
	AnonRetry            bool // also without a session
	OfflineRetry         bool // also when the hub says it is offline
	OfflineRetryInterval time.Duration
	Timeout              time.Duration // of a request
	AuthTimeout          time.Duration // of a login
	UseFastUpload        bool
	UploadBlocksize      int // bytes
	PollInterval         time.Duration

	Principal   string
	Keytab      string
	Cert        string // ~/.koji/client.crt if unset and present
	ServerCA    string // ~/.koji/serverca.crt if unset and present
	NoSSLVerify bool
	AuthType    string // noauth, ssl, password, kerberos, or empty: by what is there

	Debug       bool
	DebugXMLRPC bool
	ForceAuth   bool // log in also for anonymous commands
	PluginPaths []string

	KeepSession  bool   // ours: keep the session for the next command
	UI           string // ours: tui has the program without a command show the terminal UI
	TUITheme     string // ours: its colours: dark, light, 16 or none
	TUIMarks     string // ours: its signs: unicode or ascii
	TUIMouse     string // ours: off has it leave the mouse to the terminal
	PasswordFile string // ours: a file with the password

	// Source lists the files that were read, in order, later ones win.
	Source []string
	// Skipped lists system files that this user may not read.
	Skipped []string
}

// Default is a profile without a setting. Cert and ServerCA are empty.
func Default(name string) *Profile {
	return &Profile{
		Name:                 name,
		Server:               "http://localhost/kojihub",
		WebURL:               "http://localhost/koji",
		TopDir:               "/mnt/koji",
		MaxRetries:           30,
		RetryInterval:        20 * time.Second,
		OfflineRetryInterval: 20 * time.Second,
		Timeout:              43200 * time.Second,
		AuthTimeout:          60 * time.Second,
		UseFastUpload:        true,
		UploadBlocksize:      1 << 20,
		PollInterval:         6 * time.Second,
	}
}

// NoProfileError says that no file has a section for a profile.
type NoProfileError struct {
	Name  string
	Known []string // the profiles there are, sorted
	Files []string // that were read
}

// Error is Koji's message.
func (e *NoProfileError) Error() string {
	return fmt.Sprintf("no configuration for profile name: %s", e.Name)
}

// Load reads the profile that the options name. Errors: *NoProfileError, those
// of *ini.Error with file and line for what is wrong in a file, and those of
// the file system.
func Load(o Options) (*Profile, error) {
	r, err := read(o)
	if err != nil {
		return nil, err
	}
	name := o.name()
	section := r.config.Section(name)
	if section == nil || name == ini.DefaultSection {
		known := r.config.Sections()
		slices.Sort(known)
		return nil, &NoProfileError{Name: name, Known: known, Files: r.files}
	}
	p := Default(name)
	p.Source, p.Skipped = r.files, r.skipped
	for _, s := range p.settings() {
		if err := s.take(section, r.home); err != nil {
			return nil, err
		}
	}
	p.Cert = r.orOwn(p.Cert, "client.crt")
	p.ServerCA = r.orOwn(p.ServerCA, "serverca.crt")
	return p, nil
}

// Entry is a profile in a list.
type Entry struct {
	Name   string
	Server string
	File   string // that decides on the server
}

// List gives all profiles the options can reach, sorted by name. Profile and
// Argv0 don't matter.
func List(o Options) ([]Entry, error) {
	r, err := read(o)
	if err != nil {
		return nil, err
	}
	names := r.config.Sections()
	slices.Sort(names)
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		section := r.config.Section(name)
		e := Entry{Name: name, Server: Default(name).Server, File: section.File}
		if key, ok := section.Lookup("server"); ok {
			e.File = key.File
			if e.Server, _, err = section.Get("server"); err != nil {
				return nil, err
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}
