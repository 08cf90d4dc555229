package hubd

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"koji"
	"koji/sqlstore/sqlstoretest"
)

// frontHub is a hub behind a proxy at 10.0.0.1.
func frontHub(t *testing.T, more string) *testHub {
	t.Helper()
	loaded, err := LoadConfig(configFile(t, "[hub]\nTrustedProxies = 10.0.0.1, 10.1.0.0/16 fd00::/8\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return setup(t, sqlstoretest.SQLite(t), func(c *Config) { c.Front, c.CheckClientIP = loaded.Front, true })
}

const (
	allHeaders = `ForwardedAddressHeader = X-Forwarded-For
ForwardedVerifyHeader = X-SSL-Verify
ForwardedDNHeader = X-SSL-DN
ForwardedUserHeader = X-Remote-User
`
	proxyAddress = "10.0.0.1:4000"
)

// through is a request that claims what the headers say.
func (h *testHub) through(address string, headers http.Header) *caller {
	c := h.raw().from(h.hub.Handler(), address)
	c.url += "/ssllogin"
	c.header = headers
	return c
}

func TestProxyVouches(t *testing.T) {
	t.Parallel()
	h := frontHub(t, allHeaders)
	for name, c := range map[string]struct {
		headers http.Header
		who     string
		auth    koji.AuthType
	}{
		"certificate":          {http.Header{"X-Ssl-Verify": {"SUCCESS"}, "X-Ssl-Dn": {"CN=alice,O=Koji"}}, "alice", koji.AuthSSL},
		"old form":             {http.Header{"X-Ssl-Verify": {"SUCCESS"}, "X-Ssl-Dn": {"/O=Koji/CN=alice"}, "X-Remote-User": {"(null)"}}, "alice", koji.AuthSSL},
		"user":                 {http.Header{"X-Remote-User": {"bob"}}, "bob", koji.AuthGSSAPI},
		"principal":            {http.Header{"X-Remote-User": {"carol@KOJI.TEST"}}, "carol", koji.AuthGSSAPI},
		"user and certificate": {http.Header{"X-Remote-User": {"bob"}, "X-Ssl-Verify": {"SUCCESS"}, "X-Ssl-Dn": {"CN=alice"}}, "bob", koji.AuthGSSAPI},
	} {
		caller := h.through(proxyAddress, c.headers)
		answer, f := caller.ask("sslLogin")
		if f != nil {
			t.Errorf("%s: %v", name, f)
			continue
		}
		me, _ := caller.with(sessionInfo(t, answer), 0).ask("getLoggedInUser")
		want(t, name, []any{c.who, int64(c.auth)}, pick(me, "name", "authtype"))
	}
}

// What only the proxy may say must not be believed from anybody else, nor what
// a client smuggles past it.
func TestForgedProxyHeaders(t *testing.T) {
	t.Parallel()
	admin := http.Header{"X-Remote-User": {"kojiadmin"}}
	cert := http.Header{"X-Ssl-Verify": {"SUCCESS"}, "X-Ssl-Dn": {"CN=kojiadmin"}}
	h := frontHub(t, allHeaders)
	for name, c := range map[string]*caller{
		"user from a stranger":            h.through("192.0.2.1:4000", admin),
		"certificate from a stranger":     h.through("192.0.2.1:4000", cert),
		"from the proxy's neighbour":      h.through("10.0.0.2:4000", admin),
		"stranger claims to be the proxy": h.through("192.0.2.1:4000", http.Header{"X-Remote-User": {"kojiadmin"}, "X-Forwarded-For": {"10.0.0.1"}}),
		"user said twice":                 h.through(proxyAddress, http.Header{"X-Remote-User": {"kojiadmin", "alice"}}),
		"certificate said twice":          h.through(proxyAddress, http.Header{"X-Ssl-Verify": {"SUCCESS"}, "X-Ssl-Dn": {"CN=kojiadmin", "CN=alice"}}),
		"verified said twice":             h.through(proxyAddress, http.Header{"X-Ssl-Verify": {"NONE", "SUCCESS"}, "X-Ssl-Dn": {"CN=kojiadmin"}}),
		"certificate not verified":        h.through(proxyAddress, http.Header{"X-Ssl-Verify": {"FAILED:self signed"}, "X-Ssl-Dn": {"CN=kojiadmin"}}),
		"no certificate":                  h.through(proxyAddress, http.Header{"X-Ssl-Verify": {"NONE"}, "X-Ssl-Dn": {"CN=kojiadmin"}}),
		"name without verification":       h.through(proxyAddress, http.Header{"X-Ssl-Dn": {"CN=kojiadmin"}}),
		"name within a name":              h.through(proxyAddress, http.Header{"X-Ssl-Verify": {"SUCCESS"}, "X-Ssl-Dn": {"/O=x/CN=kojiadmin/CN=alice"}}),
		"a header that isn't named":       h.through(proxyAddress, http.Header{"Remote-User": {"kojiadmin"}, "X_remote_user": {"kojiadmin"}}),
		"nothing":                         h.through(proxyAddress, http.Header{}),
	} {
		if _, f := c.ask("sslLogin"); codeOf(f) != koji.CodeAuth {
			t.Errorf("%s: %v", name, f)
		}
	}
	elsewhere := h.through(proxyAddress, admin)
	elsewhere.url = h.url
	elsewhere.wantCode(koji.CodeAuth, "sslLogin")

	unnamed := frontHub(t, "")
	unnamed.through(proxyAddress, admin).wantCode(koji.CodeAuth, "sslLogin")
	unnamed.through(proxyAddress, cert).wantCode(koji.CodeAuth, "sslLogin")
	alone := setup(t, sqlstoretest.SQLite(t), nil)
	alone.through(proxyAddress, admin).wantCode(koji.CodeAuth, "sslLogin")

	scheme := frontHub(t, allHeaders+"ForwardedSchemeHeader = X-Forwarded-Proto\n")
	scheme.through(proxyAddress, admin).wantCode(koji.CodeAuth, "sslLogin")
	open := admin.Clone()
	open.Set("X-Forwarded-Proto", "http")
	scheme.through(proxyAddress, open).wantCode(koji.CodeAuth, "sslLogin")
	open.Set("X-Forwarded-Proto", "https")
	scheme.through(proxyAddress, open).wantCode(0, "sslLogin")
}

// The address that sessions are bound to and guesses are counted by is not the
// client's to choose.
func TestForgedForwardedFor(t *testing.T) {
	t.Parallel()
	h := frontHub(t, allHeaders)
	for name, c := range map[string]struct {
		peer string
		hops []string
		want string
	}{
		"no proxy":                      {"192.0.2.1:1", nil, "192.0.2.1"},
		"no proxy, but a header":        {"192.0.2.1:1", []string{"203.0.113.9"}, "192.0.2.1"},
		"the proxy":                     {proxyAddress, []string{"192.0.2.1"}, "192.0.2.1"},
		"the proxy, without a header":   {proxyAddress, nil, "10.0.0.1"},
		"what the client said before":   {proxyAddress, []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		"in a header of its own":        {proxyAddress, []string{"203.0.113.9", "192.0.2.1"}, "192.0.2.1"},
		"claims to be a proxy's client": {proxyAddress, []string{"203.0.113.9, 10.1.2.3, 192.0.2.1"}, "192.0.2.1"},
		"two proxies":                   {proxyAddress, []string{"203.0.113.9, 192.0.2.1, 10.1.2.3"}, "192.0.2.1"},
		"from a proxy itself":           {proxyAddress, []string{"10.1.2.3"}, "10.1.2.3"},
		"junk at the end":               {proxyAddress, []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		"with a port":                   {proxyAddress, []string{"192.0.2.1:555"}, "192.0.2.1"},
		"IPv6":                          {"[fd00::1]:1", []string{"[2001:db8::1]:555"}, "2001:db8::1"},
		"IPv4 in IPv6":                  {"[::ffff:10.0.0.1]:1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = c.peer
		for _, hop := range c.hops {
			r.Header.Add("X-Forwarded-For", hop)
		}
		if got := h.hub.cfg.Front.address(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}

	home := h.raw().from(h.hub.Handler(), "192.0.2.1:4000")
	info := home.login("alice")
	thief := h.raw().from(h.hub.Handler(), "203.0.113.9:4000").with(info, 0)
	thief.header.Set("X-Forwarded-For", "192.0.2.1")
	thief.wantCode(koji.CodeAuth, "getLoggedInUser")
	guesser := h.raw().from(h.hub.Handler(), "203.0.113.9:4000")
	for i := range triesOfUserAtAddress {
		guesser.header.Set("X-Forwarded-For", "192.0.2."+strings.Repeat("1", 1+i%3))
		guesser.wantCode(koji.CodeAuth, "login", "bob", "guess")
	}
	if _, f := guesser.ask("login", "bob", "guess"); f == nil || !strings.Contains(f.Text, "too many") {
		t.Errorf("guesses with ever new addresses: %v", f)
	}
}

func TestFrontConfiguration(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"TrustedProxies = proxy.example",
		"TrustedProxies = 10.0.0.0/33",
		"ForwardedUserHeader = X-Remote-User",
		"TrustedProxies = 10.0.0.1\nForwardedDNHeader = X-SSL-DN",
		"TrustedProxies = 10.0.0.1\nForwardedVerifyHeader = X-SSL-Verify",
		"ProxyDNs = alice",
	} {
		if _, err := LoadConfig(configFile(t, "[hub]\n"+text+"\n")); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	c, err := LoadConfig(configFile(t, "[hub]\nProxyPrincipals = web@A, gc/x@B\nAllowedKrbRealms = A,B\nProxyDNs = CN=a | /O=x/CN=b\n"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "lists", []any{"[web@A gc/x@B]", "[A B]", 2}, []any{fmt.Sprint(c.ProxyPrincipals), fmt.Sprint(c.AllowedKrbRealms), len(c.ProxyDNs)})
}
