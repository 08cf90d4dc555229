package koji

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"

	"koji/internal/lazyregexp"
)

// ErrNoTicket is a login by Kerberos that failed before the hub was asked.
var ErrNoTicket = errors.New("no Kerberos ticket")

// negotiateHeader is the value of an Authorization header that proves who we
// are to the hub at u, by Kerberos (RFC 4559). A hub takes each value once.
func (o Options) negotiateHeader(ctx context.Context, u *url.URL) (string, error) {
	type outcome struct {
		token string
		err   error
	}
	made := make(chan outcome, 1) // the library knows no context
	go func() {
		token, err := o.negotiateToken(u.Hostname())
		made <- outcome{token, err}
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrNoTicket, context.Cause(ctx))
	case m := <-made:
		if m.err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoTicket, m.err)
		}
		return "Negotiate " + m.token, nil
	}
}

func (o Options) negotiateToken(host string) (token string, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's readers trust their files
			err = fmt.Errorf("%v", p)
		}
	}()
	conf, cacheName, err := kerberosConfig(o.KerberosConfig)
	if err != nil {
		return "", err
	}
	who, err := o.kerberosClient(conf, cacheName)
	if err != nil {
		return "", err
	}
	defer who.Destroy()
	if err := who.AffirmLogin(); err != nil {
		return "", err
	}
	// MIT's libraries have it the same way round by now: the name as it was
	// given, and what DNS makes of it only if the KDC doesn't know that.
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	token, err = serviceToken(who, host)
	var unknown messages.KRBError
	if errors.As(err, &unknown) && unknown.ErrorCode == errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN && conf.LibDefaults.DNSCanonicalizeHostname {
		if name, cerr := net.LookupCNAME(host); cerr == nil {
			if name = strings.ToLower(strings.TrimSuffix(name, ".")); name != host {
				return serviceToken(who, name)
			}
		}
	}
	return token, err
}

func serviceToken(who *client.Client, host string) (string, error) {
	ticket, key, err := who.GetServiceTicket("HTTP/" + host)
	if err != nil {
		return "", fmt.Errorf("for HTTP/%s: %w", host, err)
	}
	first, err := spnego.NewNegTokenInitKRB5(who, ticket, key)
	if err != nil {
		return "", err
	}
	token := spnego.SPNEGOToken{Init: true, NegTokenInit: first}
	raw, err := token.Marshal()
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// kerberosClient has the keys of Options.Keytab, or else the tickets that kinit
// left in the cache.
func (o Options) kerberosClient(conf *config.Config, cacheName string) (*client.Client, error) {
	if o.Keytab != "" {
		keys, err := keytab.Load(o.Keytab)
		if err != nil {
			return nil, fmt.Errorf("read keytab %s: %w", o.Keytab, err)
		}
		name, realm := o.Principal, ""
		if name == "" {
			if len(keys.Entries) == 0 {
				return nil, fmt.Errorf("keytab %s is empty", o.Keytab)
			}
			first := keys.Entries[0].Principal
			name, realm = strings.Join(first.Components, "/"), first.Realm
		} else if at := strings.LastIndex(name, "@"); at >= 0 {
			name, realm = name[:at], name[at+1:]
		}
		if realm == "" {
			realm = conf.LibDefaults.DefaultRealm
		}
		return client.NewWithKeytab(name, realm, keys, conf), nil
	}
	cache, path, err := o.tickets(cacheName)
	if err != nil {
		return nil, err
	}
	have := ticketOwner(cache)
	if want := o.Principal; want != "" && want != have && want+"@"+conf.LibDefaults.DefaultRealm != have {
		return nil, fmt.Errorf("the tickets in %s are for %s, not for %s", path, have, want)
	}
	return client.NewFromCCache(cache, conf)
}

// tickets reads the ticket cache.
func (o Options) tickets(cacheName string) (cache *credentials.CCache, path string, err error) {
	if path, err = ticketFile(o.TicketCache, cacheName); err != nil {
		return nil, "", err
	}
	cache, err = credentials.LoadCCache(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("there are no tickets in %s: run kinit", path)
	}
	if err != nil {
		return nil, "", fmt.Errorf("read tickets from %s: %w", path, err)
	}
	return cache, path, nil
}

func ticketOwner(cache *credentials.CCache) string {
	return cache.GetClientPrincipalName().PrincipalNameString() + "@" + cache.GetClientRealm()
}

// TicketPrincipal tells for whom the tickets are that a login without a keytab
// would use. That there are none is ErrNoTicket.
func (o Options) TicketPrincipal() (who string, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's reader trusts its file
			err = fmt.Errorf("%w: %v", ErrNoTicket, p)
		}
	}()
	_, cacheName, err := kerberosConfig(o.KerberosConfig)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoTicket, err)
	}
	cache, _, err := o.tickets(cacheName)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoTicket, err)
	}
	return ticketOwner(cache), nil
}

// ticketFile is the file of a ticket cache: the one that is asked for, that of
// KRB5CCNAME, that of krb5.conf, or where kinit puts tickets otherwise.
func ticketFile(asked, configured string) (string, error) {
	name := "FILE:/tmp/krb5cc_" + strconv.Itoa(os.Getuid())
	for _, n := range []string{asked, os.Getenv("KRB5CCNAME"), strings.NewReplacer("%{uid}", strconv.Itoa(os.Getuid()), "%{euid}", strconv.Itoa(os.Geteuid())).Replace(configured)} {
		if n != "" {
			name = n
			break
		}
	}
	kind, path, found := strings.Cut(name, ":")
	switch {
	case !found || filepath.IsAbs(name):
		return name, nil
	case kind == "FILE":
		return path, nil
	case kind == "DIR":
		primary, err := os.ReadFile(filepath.Join(path, "primary"))
		if err != nil {
			return "", fmt.Errorf("find tickets in %s: %w", name, err)
		}
		return filepath.Join(path, filepath.Base(strings.TrimSpace(string(primary)))), nil
	}
	return "", fmt.Errorf("the ticket cache %s can't be read: only files can; run kinit -c FILE:PATH and set KRB5CCNAME=FILE:PATH, or use a keytab", name)
}

var cacheNameLine = lazyregexp.New(`(?m)^\s*default_ccache_name\s*=\s*(\S+)`)

// kerberosConfig reads the file that is asked for, or what KRB5_CONFIG names, or
// /etc/krb5.conf, with the files that it includes, and gives the name of the
// ticket cache in it beside the rest.
func kerberosConfig(asked string) (conf *config.Config, cacheName string, err error) {
	paths := []string{asked}
	if asked == "" {
		paths = filepath.SplitList(os.Getenv("KRB5_CONFIG"))
	}
	if len(paths) == 0 {
		paths = []string{"/etc/krb5.conf"}
	}
	var text strings.Builder
	for _, path := range paths {
		if err := readKerberosConfig(&text, path, 0); err != nil {
			return nil, "", fmt.Errorf("read Kerberos' configuration: %w", err)
		}
	}
	if m := cacheNameLine().FindStringSubmatch(text.String()); m != nil {
		cacheName = m[1]
	}
	conf, err = config.NewFromString(text.String())
	var older config.UnsupportedDirective // what it doesn't know it passes over
	if err != nil && !errors.As(err, &older) {
		return nil, "", fmt.Errorf("read Kerberos' configuration: %w", err)
	}
	return conf, cacheName, nil
}

// includedName is what a file of an includedir may be called.
var includedName = lazyregexp.New(`^([A-Za-z0-9_-]+|[^.].*\.conf)$`)

func readKerberosConfig(text *strings.Builder, path string, depth int) error {
	if depth > 10 {
		return fmt.Errorf("%s: files include each other", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 2 && words[0] == "include":
			err = readKerberosConfig(text, words[1], depth+1)
		case len(words) == 2 && words[0] == "includedir":
			entries, _ := os.ReadDir(words[1]) // that it isn't there is no error for MIT either
			for _, e := range entries {
				if err == nil && includedName().MatchString(e.Name()) {
					err = readKerberosConfig(text, filepath.Join(words[1], e.Name()), depth+1)
				}
			}
		default:
			text.WriteString(lines.Text() + "\n")
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}
