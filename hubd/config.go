package hubd

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"koji"
	"koji/internal/ini"
)

// Config is a hub's configuration: Koji's hub.conf (reference/config.md) and,
// in the same [hub] section, hubd's own keys Database and Listen. Unknown keys
// are ignored, as Koji does. Durations stand in the files as Koji has them.
type Config struct {
	Database string // sqlite:PATH or postgres://…
	Listen   string // ADDR:PORT
	KojiDir  string // topdir

	KojiWebURL           string
	EmailDomain          string
	NotifyOnSuccess      bool
	DisableNotifications bool

	CheckClientIP         bool
	DisableURLSessions    bool
	LoginCreatesUser      bool
	SessionRenewalTimeout time.Duration // 0: never

	SSLCertificate      string // PEM files; with the first the hub serves https
	SSLKey              string
	SSLClientCA         string // whose certificates sslLogin takes
	DNUsernameComponent string
	ProxyDNs            []distinguishedName //nolint:staticcheck // who may log others in; the names of Koji's keys are kept
	AuthKeytab          string              // with it sslLogin takes Kerberos tickets
	AllowedKrbRealms    []string
	ProxyPrincipals     []string
	AllowProxyAuthType  bool
	HostPrincipalFormat string
	Front               frontConfig

	MetricsAllow []netip.Prefix // who may see /metrics
	SlowCall     time.Duration  // a request that takes longer is worth a warning; 0: none is
	LogFormat    string         // text or json

	MaxRequestLength      int64
	MaxNameLengthInternal int64
	RegexNameInternal     *regexp.Regexp
	RegexUserName         *regexp.Regexp
	LogLevel              string
	VerbosePolicy         bool
	MissingPolicyOk       bool
	LockOut               bool
	ServerOffline         bool
	OfflineMessage        string
	EnableMaven           bool
	EnableWin             bool
	Plugins               []string
	PluginFolder          string // holds the plugins' own files

	MaxJobs            int64
	CapacityOvercommit float64
	ReadyTimeout       time.Duration
	AssignTimeout      time.Duration
	SoftRefusalTimeout time.Duration
	HostTimeout        time.Duration
	RunInterval        time.Duration // of scheduler.doRun; the scheduler itself runs when something happens

	MaxRepoTasks       int64
	MaxRepoTasksMaven  int64
	RepoRetries        int64
	RequestCleanTime   time.Duration
	AllowNewRepo       bool
	RepoLag            time.Duration
	RepoAutoLag        time.Duration
	RepoLagWindow      time.Duration
	RepoQueueUser      string
	DebuginfoTags      []string
	SourceTags         []string
	SeparateSourceTags []string

	// RPMDefaultChecksums are the digests that are kept of signed copies.
	RPMDefaultChecksums []koji.ChecksumType

	Policies []PolicyText
}

// PolicyText is one policy as it stands in a file.
type PolicyText struct {
	Name  string
	Text  string
	File  string
	Lines []int // the line in the file of each line of Text
}

// LoadConfig reads hub.conf and, before it, hub.conf.d beside it (files named
// *.conf, in order; the main file wins). With path "" it is Koji's defaults.
func LoadConfig(path string) (*Config, error) {
	f := ini.New(ini.Options{})
	if path != "" {
		more, err := filepath.Glob(filepath.Join(path+".d", "*.conf"))
		if err != nil {
			return nil, err
		}
		sort.Strings(more)
		for _, p := range append(more, path) {
			data, err := os.ReadFile(p)
			if err != nil {
				return nil, fmt.Errorf("read configuration: %w", err)
			}
			if err := f.Read(bytes.NewReader(data), p); err != nil {
				return nil, err
			}
		}
	}
	r := configReader{section: f.Section("hub")}
	c := &Config{
		Listen:                r.text("Listen", "127.0.0.1:8080"),
		KojiDir:               r.text("KojiDir", ""),
		KojiWebURL:            r.text("KojiWebURL", "http://localhost.localdomain/koji"),
		EmailDomain:           r.text("EmailDomain", ""),
		NotifyOnSuccess:       r.flag("NotifyOnSuccess", true),
		DisableNotifications:  r.flag("DisableNotifications", false),
		CheckClientIP:         r.flag("CheckClientIP", true),
		DisableURLSessions:    r.flag("DisableURLSessions", false),
		LoginCreatesUser:      r.flag("LoginCreatesUser", true),
		SessionRenewalTimeout: r.span("SessionRenewalTimeout", 1440, time.Minute),
		SSLCertificate:        r.text("SSLCertificate", ""),
		SSLKey:                r.text("SSLKey", ""),
		SSLClientCA:           r.text("SSLClientCA", ""),
		DNUsernameComponent:   r.text("DNUsernameComponent", "CN"),
		ProxyDNs:              r.names("ProxyDNs"),
		AuthKeytab:            r.text("AuthKeytab", ""),
		AllowedKrbRealms:      r.parts("AllowedKrbRealms", "*"),
		ProxyPrincipals:       r.parts("ProxyPrincipals", ""),
		AllowProxyAuthType:    r.flag("AllowProxyAuthType", false),
		HostPrincipalFormat:   r.text("HostPrincipalFormat", ""),
		Front:                 r.front(),
		MetricsAllow:          r.networks("MetricsAllow", "127.0.0.0/8 ::1"),
		SlowCall:              r.span("SlowCall", 5, time.Second),
		LogFormat:             r.word("LogFormat", "text", "json"),
		MaxRequestLength:      r.number("MaxRequestLength", 4194304),
		MaxNameLengthInternal: r.number("MaxNameLengthInternal", 256),
		RegexNameInternal:     r.pattern("RegexNameInternal", `^[A-Za-z0-9/_.+-]+$`),
		RegexUserName:         r.pattern("RegexUserName", `^[A-Za-z0-9/_.@-]+$`),
		LogLevel:              r.text("LogLevel", "WARNING"),
		VerbosePolicy:         r.flag("VerbosePolicy", false) || r.flag("KojiDebug", false),
		MissingPolicyOk:       r.flag("MissingPolicyOk", true),
		LockOut:               r.flag("LockOut", false),
		ServerOffline:         r.flag("ServerOffline", false),
		OfflineMessage:        r.text("OfflineMessage", ""),
		EnableMaven:           r.flag("EnableMaven", false),
		EnableWin:             r.flag("EnableWin", false),
		Plugins:               r.words("Plugins"),
		MaxJobs:               r.number("MaxJobs", 15),
		CapacityOvercommit:    float64(r.number("CapacityOvercommit", 5)),
		ReadyTimeout:          r.span("ReadyTimeout", 180, time.Second),
		AssignTimeout:         r.span("AssignTimeout", 300, time.Second),
		SoftRefusalTimeout:    r.span("SoftRefusalTimeout", 900, time.Second),
		HostTimeout:           r.span("HostTimeout", 900, time.Second),
		RunInterval:           r.span("RunInterval", 60, time.Second),
		MaxRepoTasks:          r.number("MaxRepoTasks", 10),
		MaxRepoTasksMaven:     r.number("MaxRepoTasksMaven", 2),
		RepoRetries:           r.number("RepoRetries", 3),
		RequestCleanTime:      r.span("RequestCleanTime", 1440, time.Minute),
		AllowNewRepo:          r.flag("AllowNewRepo", true),
		RepoLag:               r.span("RepoLag", 3600, time.Second),
		RepoAutoLag:           r.span("RepoAutoLag", 7200, time.Second),
		RepoLagWindow:         r.span("RepoLagWindow", 600, time.Second),
		RepoQueueUser:         r.text("RepoQueueUser", "kojira"),
		DebuginfoTags:         r.words("DebuginfoTags"),
		SourceTags:            r.words("SourceTags"),
		SeparateSourceTags:    r.words("SeparateSourceTags"),
	}
	for _, name := range strings.Fields(r.text("RPMDefaultChecksums", "md5 sha256")) {
		t, err := koji.ParseChecksumType(name)
		if err != nil {
			r.fail(fmt.Errorf("RPMDefaultChecksums: %w", err))
		}
		c.RPMDefaultChecksums = append(c.RPMDefaultChecksums, t)
	}
	c.Database = r.database()
	if path != "" {
		c.PluginFolder = filepath.Join(filepath.Dir(path), "plugins")
	}
	if r.err != nil {
		return nil, r.err
	}
	if s := f.Section("policy"); s != nil {
		for k := range s.Keys() {
			c.Policies = append(c.Policies, PolicyText{Name: k.Name, Text: k.Value(), File: k.File, Lines: k.LineNumbers()})
		}
	}
	return c, nil
}

func (c *Config) offlineMessage() string {
	if c.OfflineMessage != "" {
		return c.OfflineMessage
	}
	return "server is offline"
}

// configReader reads keys of a section and keeps the first error.
type configReader struct {
	section *ini.Section
	err     error
}

func (r *configReader) fail(err error) {
	if err != nil && r.err == nil {
		r.err = err
	}
}

func (r *configReader) text(key, fallback string) string {
	v, ok, err := r.section.Get(key)
	r.fail(err)
	if !ok {
		return fallback
	}
	return strings.TrimSpace(v)
}

func (r *configReader) words(key string) []string { return strings.Fields(r.text(key, "")) }

// parts are separated by commas.
func (r *configReader) parts(key, fallback string) []string {
	var all []string
	for part := range strings.SplitSeq(r.text(key, fallback), ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// wrong is an error in the value of a key.
func (r *configReader) wrong(key string, err error) {
	if k, ok := r.section.Lookup(key); ok && err != nil {
		err = k.Errorf("%v", err)
	}
	r.fail(err)
}

// names are distinguished names, separated by bars.
func (r *configReader) names(key string) []distinguishedName {
	var all []distinguishedName
	for part := range strings.SplitSeq(r.text(key, ""), "|") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, err := parseName(part)
		r.wrong(key, err)
		all = append(all, name)
	}
	return all
}

// front reads what is believed of proxies.
func (r *configReader) front() frontConfig {
	var f frontConfig
	var err error
	f.Trusted, err = parseNetworks(r.text("TrustedProxies", ""))
	r.wrong("TrustedProxies", err)
	for key, to := range map[string]*string{
		"ForwardedAddressHeader": &f.AddressHeader, "ForwardedSchemeHeader": &f.SchemeHeader, "ForwardedVerifyHeader": &f.VerifyHeader,
		"ForwardedDNHeader": &f.DNHeader, "ForwardedUserHeader": &f.UserHeader,
	} {
		if *to = r.text(key, ""); *to != "" && len(f.Trusted) == 0 {
			r.wrong(key, errors.New("no proxy is trusted: set TrustedProxies"))
		}
	}
	if (f.DNHeader == "") != (f.VerifyHeader == "") {
		r.fail(errors.New("ForwardedDNHeader and ForwardedVerifyHeader go together: a name counts only if the certificate was verified"))
	}
	return f
}

func (r *configReader) flag(key string, fallback bool) bool {
	v, err := r.section.GetBool(key, fallback)
	r.fail(err)
	return v
}

func (r *configReader) number(key string, fallback int64) int64 {
	v, err := r.section.GetInt(key, fallback)
	r.fail(err)
	return v
}

func (r *configReader) span(key string, fallback int64, unit time.Duration) time.Duration {
	return time.Duration(r.number(key, fallback)) * unit
}

func (r *configReader) pattern(key, fallback string) *regexp.Regexp {
	text := r.text(key, fallback)
	if text == "" {
		return nil // no check
	}
	re, err := regexp.Compile(text)
	if err != nil {
		r.wrong(key, fmt.Errorf("no regular expression: %w", err))
	}
	return re
}

// networks are addresses and networks, separated by space.
func (r *configReader) networks(key, fallback string) []netip.Prefix {
	list, err := parseNetworks(r.text(key, fallback))
	r.wrong(key, err)
	return list
}

// word is one of those given, the first if the key isn't there.
func (r *configReader) word(key string, allowed ...string) string {
	v := r.text(key, allowed[0])
	if !slices.Contains(allowed, v) {
		r.wrong(key, fmt.Errorf("want %s, not %q", strings.Join(allowed, " or "), v))
	}
	return v
}

// database is our own key Database or, from Koji's, a PostgreSQL URL.
func (r *configReader) database() string {
	if d := r.text("Database", ""); d != "" {
		return d
	}
	if d := r.text("DBConnectionString", ""); d != "" {
		return postgresURL(d)
	}
	name := r.text("DBName", "")
	if name == "" {
		return ""
	}
	u := url.URL{Scheme: "postgres", Path: "/" + name}
	q := url.Values{}
	if user := r.text("DBUser", ""); user != "" {
		u.User = url.User(user)
		if pass := r.text("DBPass", ""); pass != "" {
			u.User = url.UserPassword(user, pass)
		}
	}
	host := r.text("DBHost", "")
	port := r.number("DBPort", 0)
	switch {
	case host == "" || strings.HasPrefix(host, "/"):
		if host == "" {
			host = "/var/run/postgresql"
		}
		q.Set("host", host)
		if port != 0 {
			q.Set("port", strconv.FormatInt(port, 10))
		}
	case port != 0:
		u.Host = host + ":" + strconv.FormatInt(port, 10)
	default:
		u.Host = host
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// postgresURL turns libpq's "dbname=koji host=db" into a URL; a URL stays.
func postgresURL(dsn string) string {
	if strings.Contains(dsn, "://") {
		return dsn
	}
	u := url.URL{Scheme: "postgres", Path: "/"}
	q := url.Values{}
	for rest := dsn; ; {
		key, after, found := strings.Cut(rest, "=")
		if !found {
			break
		}
		var value string
		value, rest = connectionWord(strings.TrimLeft(after, " \t\r\n"))
		q.Set(strings.TrimSpace(key), value)
	}
	if name := q.Get("dbname"); name != "" {
		u.Path += name
		q.Del("dbname")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// connectionWord takes the first word off a connection string: up to a space,
// or in single quotes; a backslash keeps what follows it as it is.
func connectionWord(s string) (word, rest string) {
	quoted := strings.HasPrefix(s, "'")
	s = strings.TrimPrefix(s, "'")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '\'', !quoted && strings.IndexByte(" \t\r\n", c) >= 0:
			return b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
