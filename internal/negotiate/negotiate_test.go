package negotiate

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gofork "github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"
)

const realm = "KOJI.TEST"

// token is what a client could send; the zero one is alice's for HTTP/hub.
type token struct {
	client, clientRealm string
	claimedRealm        string // what the client says of itself, if that is another one
	service             string
	begins, lasts       time.Duration
	options             []int
	bare                bool // without SPNEGO
	key                 types.EncryptionKey
	ticket              messages.Ticket
}

func serviceKeys(tb testing.TB, password string, services ...string) *keytab.Keytab {
	tb.Helper()
	keys := keytab.New()
	for _, s := range services {
		if err := keys.AddEntry(s, realm, password, time.Now(), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
			tb.Fatal(err)
		}
	}
	return keys
}

func writeKeys(tb testing.TB, path string, keys *keytab.Keytab) {
	tb.Helper()
	data, err := keys.Marshal()
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// make plays the KDC and the client.
func (k *token) make(tb testing.TB, keys *keytab.Keytab) []byte {
	tb.Helper()
	name := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, or(k.client, "alice"))
	service := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, or(k.service, "HTTP/hub"))
	from := time.Now().UTC().Add(k.begins)
	until := from.Add(time.Hour)
	if k.lasts != 0 {
		until = from.Add(k.lasts)
	}
	var err error
	k.ticket, k.key, err = messages.NewTicket(name, or(k.clientRealm, realm), service, realm, types.NewKrbFlags(), keys,
		etypeID.AES256_CTS_HMAC_SHA1_96, 1, from, from, until, until)
	if err != nil {
		tb.Fatal(err)
	}
	who := client.NewWithPassword(or(k.client, "alice"), or(k.claimedRealm, or(k.clientRealm, realm)), "", config.New())
	krb, err := spnego.NewKRB5TokenAPREQ(who, k.ticket, k.key, []int{gssapi.ContextFlagInteg}, k.options)
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := krb.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	if k.bare {
		return raw
	}
	outer := spnego.SPNEGOToken{Init: true, NegTokenInit: spnego.NegTokenInit{
		MechTypes: []gofork.ObjectIdentifier{gssapi.OIDKRB5.OID()}, MechTokenBytes: raw,
	}}
	if raw, err = outer.Marshal(); err != nil {
		tb.Fatal(err)
	}
	return raw
}

func acceptor(tb testing.TB, keys *keytab.Keytab) *Acceptor {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "keytab")
	writeKeys(tb, path, keys)
	a, err := New(path)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

var home = net.IPv4(192, 0, 2, 1)

func TestAccept(t *testing.T) {
	t.Parallel()
	keys := serviceKeys(t, "secret", "HTTP/hub", "HTTP/hub.example")
	a := acceptor(t, keys)
	for name, c := range map[string]struct {
		token
		want string
	}{
		"SPNEGO":        {want: "alice@KOJI.TEST"},
		"Kerberos":      {token: token{bare: true}, want: "alice@KOJI.TEST"},
		"two parts":     {token: token{client: "compile/b1.example"}, want: "compile/b1.example@KOJI.TEST"},
		"another realm": {token: token{clientRealm: "OTHER.TEST"}, want: "alice@OTHER.TEST"},
		"another name":  {token: token{service: "HTTP/hub.example"}, want: "alice@KOJI.TEST"},
	} {
		raw := c.make(t, keys)
		who, err := a.Accept(raw, home)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if who.Principal != c.want || !strings.HasSuffix(c.want, "@"+who.Realm) {
			t.Errorf("%s: %s of %s, want %s", name, who.Principal, who.Realm, c.want)
		}
		if left := time.Until(who.Until); left < Skew-time.Minute || left > Skew+time.Minute {
			t.Errorf("%s: a copy is good for %v", name, left)
		}
		again, err := a.Accept(raw, home)
		if err != nil || again.Token != who.Token {
			t.Errorf("%s: a copy has another name (%v)", name, err)
		}
		if other, err := a.Accept(c.make(t, keys), home); err != nil || other.Token == who.Token {
			t.Errorf("%s: another token has the same name (%v)", name, err)
		}
	}
}

// The client that asks for it is shown that the server could read the ticket.
func TestServerProvesItself(t *testing.T) {
	t.Parallel()
	keys := serviceKeys(t, "secret", "HTTP/hub")
	a := acceptor(t, keys)
	for _, bare := range []bool{false, true} {
		k := token{options: []int{flags.APOptionMutualRequired}, bare: bare}
		who, err := a.Accept(k.make(t, keys), home)
		if err != nil {
			t.Fatal(err)
		}
		raw := who.Reply
		if !bare {
			_, choice, err := spnego.UnmarshalNegToken(who.Reply)
			resp, ok := choice.(spnego.NegTokenResp)
			if err != nil || !ok || resp.NegState != gofork.Enumerated(spnego.NegStateAcceptCompleted) || !resp.SupportedMech.Equal(gssapi.OIDKRB5.OID()) {
				t.Fatalf("reply %v, %v", choice, err)
			}
			raw = resp.ResponseToken
		}
		var inner spnego.KRB5Token
		if err := inner.Unmarshal(raw); err != nil || !inner.IsAPRep() {
			t.Fatalf("reply is no AP-REP: %v", err)
		}
		plain, err := crypto.DecryptEncPart(inner.APRep.EncPart, k.key, keyusage.AP_REP_ENCPART)
		if err != nil {
			t.Fatal(err)
		}
		var part messages.EncAPRepPart
		if err := part.Unmarshal(plain); err != nil || time.Since(part.CTime).Abs() > time.Minute {
			t.Errorf("reply gives the time %v (%v)", part.CTime, err)
		}
	}
	if who, err := a.Accept((&token{}).make(t, keys), home); err != nil || string(who.Reply) != "\xa1\x14\x30\x12\xa0\x03\x0a\x01\x00\xa1\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" {
		t.Errorf("without being asked: %x, %v", who.Reply, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	keys := serviceKeys(t, "secret", "HTTP/hub", "host/hub", "krbtgt/KOJI.TEST")
	a := acceptor(t, keys)
	other := serviceKeys(t, "guessed", "HTTP/hub", "HTTP/other")
	for name, c := range map[string]struct {
		token
		keys *keytab.Keytab
		want string
	}{
		"another service's ticket":                 {token: token{service: "host/hub"}, want: "not for HTTP"},
		"a ticket-granting ticket":                 {token: token{service: "krbtgt/KOJI.TEST"}, want: "not for HTTP"},
		"a ticket under a guessed key":             {keys: other, want: "not valid"},
		"a service that has no key here":           {token: token{service: "HTTP/other"}, keys: other, want: "no key"},
		"a realm that the ticket doesn't have":     {token: token{clientRealm: "EVIL.TEST", claimedRealm: realm}, want: "realms"},
		"an expired ticket":                        {token: token{begins: -2 * time.Hour, lasts: time.Hour}, want: "expired"},
		"a ticket for tomorrow":                    {token: token{begins: 24 * time.Hour}, want: "not yet valid"},
		"a ticket from user to user":               {token: token{options: []int{flags.APOptionUseSessionKey}}, want: "user to user"},
		"nobody":                                   {token: token{client: "WELLKNOWN/ANONYMOUS"}, want: "anonymous"},
		"nobody's realm":                           {token: token{clientRealm: "WELLKNOWN:ANONYMOUS"}, want: "anonymous"},
		"a name that reads as one of a good realm": {token: token{client: "admin@KOJI.TEST", clientRealm: "EVIL.TEST"}, want: "plain name"},
		"a name with a line feed":                  {token: token{client: "alice\nadmin"}, want: "plain name"},
	} {
		from := keys
		if c.keys != nil {
			from = c.keys
		}
		who, err := a.Accept(c.make(t, from), home)
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, c.want) {
			t.Errorf("%s: %v, %v, want %q", name, who, err, c.want)
		}
	}
	good := (&token{}).make(t, keys)
	first, err := a.Accept(good, home)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, err := a.Accept(good[:i], home); err == nil {
			t.Errorf("the first %d bytes were enough", i)
		}
		flipped := append([]byte(nil), good...)
		flipped[i] ^= 0x40
		if who, err := a.Accept(flipped, home); err == nil && (who.Principal != first.Principal || who.Token != first.Token) {
			t.Errorf("with byte %d changed, a copy is another token, of %s", i, who.Principal)
		}
	}
	ntlm, err := asn1.Marshal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{nil, []byte("NTLMSSP\x00"), ntlm, []byte("\x60\x06\x06\x04junk")} {
		if _, err := a.Accept(raw, home); err == nil {
			t.Errorf("%x was taken", raw)
		}
	}
}

func TestKeytabIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keytab")
	if _, err := New(path); err == nil {
		t.Error("no keytab is one")
	}
	for name, data := range map[string]string{"empty": "", "junk": "junk", "cut": "\x05\x02\x00\x00\x00\x40\x00"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	writeKeys(t, path, serviceKeys(t, "secret", "host/hub"))
	if _, err := New(path); !errors.Is(err, errNoService) {
		t.Errorf("a keytab without the service: %v", err)
	}
	keys := serviceKeys(t, "secret", "HTTP/hub")
	writeKeys(t, path, keys)
	a, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, keys *keytab.Keytab, good bool) {
		t.Helper()
		if _, err := a.Accept((&token{}).make(t, keys), home); (err == nil) != good {
			t.Errorf("%s: %v", what, err)
		}
	}
	try("first", keys, true)
	later := serviceKeys(t, "changed", "HTTP/hub", "HTTP/more")
	writeKeys(t, path, later)
	try("after a change, the old key", keys, false)
	try("after a change", later, true)
	if err := os.WriteFile(path, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	try("while it is broken", later, true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	try("while it is gone", later, true)
}

func FuzzAccept(f *testing.F) {
	keys := serviceKeys(f, "secret", "HTTP/hub")
	a := acceptor(f, keys)
	for _, k := range []token{{}, {bare: true}, {options: []int{flags.APOptionMutualRequired}}, {service: "host/x"}} {
		if k.service == "host/x" {
			f.Add(k.make(f, serviceKeys(f, "secret", "host/x")))
			continue
		}
		f.Add(k.make(f, keys))
	}
	f.Add([]byte("\x60\x06\x06\x04junk"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		who, err := a.Accept(raw, home)
		var refused *Error
		switch {
		case err != nil && !errors.As(err, &refused):
			t.Fatal(fmt.Errorf("not an Error: %w", err))
		case err == nil && who.Principal != "alice@KOJI.TEST":
			t.Fatalf("somebody became %s", who.Principal)
		}
	})
}
