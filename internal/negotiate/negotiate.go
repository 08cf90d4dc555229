// Package negotiate is the server's half of HTTP Negotiate (RFC 4559) with
// Kerberos: it takes the token of a request and tells who sent it.
package negotiate

import (
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/spnego"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Skew is how far the clocks of client and server may be apart.
const Skew = 5 * time.Minute

// Acceptor accepts tokens for the services HTTP/… whose keys are in a keytab. It
// is safe for concurrent use.
type Acceptor struct {
	path string

	mu     sync.Mutex
	loaded os.FileInfo
	keys   *keytab.Keytab
}

// New is an acceptor with the keys of a keytab file. The file is read again
// when it changes.
func New(path string) (*Acceptor, error) {
	a := &Acceptor{path: path}
	if _, err := a.keytab(); err != nil {
		return nil, err
	}
	return a, nil
}

// Client is who sent a token.
type Client struct {
	Principal string // alice@EXAMPLE.COM
	Realm     string
	// Token names the token, and until Until a copy of it would be accepted as
	// well: whoever accepts one must remember its name until then.
	Token [sha256.Size]byte
	Until time.Time
	// Reply is for the header WWW-Authenticate: it proves the server to a client
	// that asked for that, and else only says that all is well.
	Reply []byte
}

// Error says why a token was not accepted, in words fit for its sender.
type Error struct {
	Reason string
	Err    error // more, for the log; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

func refused(reason string, err error) error { return &Error{reason, err} }

// Accept finds out who sent a token: SPNEGO's around Kerberos', or Kerberos'
// alone. address is the sender's, for tickets that are bound to some. The error
// is an *Error. That a token comes a second time is for the caller to know.
func (a *Acceptor) Accept(token []byte, address net.IP) (who *Client, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's parsers trust their input
			who, err = nil, refused("the token is broken", fmt.Errorf("panic: %v", p))
		}
	}()
	keys, err := a.keytab()
	if err != nil {
		return nil, refused("the server's keytab can't be read", err)
	}
	inner, mech, err := unwrap(token)
	if err != nil {
		return nil, err
	}
	var krb spnego.KRB5Token
	if err := krb.Unmarshal(inner); err != nil || !krb.IsAPReq() {
		return nil, refused("the token is not Kerberos'", err)
	}
	req := &krb.APReq
	if names := req.Ticket.SName.NameString; len(names) != 2 || names[0] != "HTTP" {
		return nil, refused(fmt.Sprintf("the ticket is for %s, not for HTTP/HOST", req.Ticket.SName.PrincipalNameString()), nil)
	}
	if types.IsFlagSet(&req.APOptions, flags.APOptionUseSessionKey) {
		return nil, refused("tickets from user to user are not accepted", nil)
	}
	if ok, err := req.Verify(keys, Skew, types.HostAddressFromNetIP(address), nil); err != nil || !ok {
		return nil, refused(reason(err), err)
	}
	who = &Client{Token: sha256.Sum256(req.EncryptedAuthenticator.Cipher), Until: req.Authenticator.CTime.Add(Skew + time.Second)}
	if who.Principal, who.Realm, err = principal(req); err != nil {
		return nil, err
	}
	if who.Reply, err = reply(req, mech); err != nil {
		return nil, refused("no answer could be made", err)
	}
	return who, nil
}

// unwrap takes Kerberos' token out of SPNEGO's. mech is the mechanism that the
// client put first, nil if it came without SPNEGO.
func unwrap(token []byte) (inner []byte, mech asn1.ObjectIdentifier, err error) {
	var outer spnego.SPNEGOToken
	if err := outer.Unmarshal(token); err != nil {
		var bare spnego.KRB5Token
		if bare.Unmarshal(token) == nil {
			return token, nil, nil
		}
		return nil, nil, refused("the token is not SPNEGO's", err)
	}
	if !outer.Init || len(outer.NegTokenInit.MechTypes) == 0 {
		return nil, nil, refused("the token does not begin a negotiation", nil)
	}
	first := outer.NegTokenInit.MechTypes[0]
	if !first.Equal(gssapi.OIDKRB5.OID()) && !first.Equal(gssapi.OIDMSLegacyKRB5.OID()) {
		return nil, nil, refused("the client wants another mechanism than Kerberos: "+first.String(), nil)
	}
	return outer.NegTokenInit.MechTokenBytes, asn1.ObjectIdentifier(first), nil
}

// principal is the client's name as its ticket has it; what the client says of
// itself beside it must be the same.
func principal(req *messages.APReq) (name, realm string, err error) {
	ticket := req.Ticket.DecryptedEncPart
	if req.Authenticator.CRealm != ticket.CRealm {
		return "", "", refused("the realms of client and ticket differ", nil)
	}
	parts := ticket.CName.NameString
	if len(parts) == 0 || ticket.CRealm == "" || slices.ContainsFunc(append(parts[:len(parts):len(parts)], ticket.CRealm), odd) {
		return "", "", refused("the principal is not one that has a plain name", nil)
	}
	if parts[0] == "WELLKNOWN" || strings.HasPrefix(ticket.CRealm, "WELLKNOWN:") {
		return "", "", refused("anonymous tickets are not accepted", nil)
	}
	if ticket.CRealm != req.Ticket.Realm && len(ticket.Transited.Contents) > 0 && !types.IsFlagSet(&ticket.Flags, flags.TransitedPolicyChecked) {
		return "", "", refused("no KDC checked the realms between "+ticket.CRealm+" and "+req.Ticket.Realm, nil)
	}
	return strings.Join(parts, "/") + "@" + ticket.CRealm, ticket.CRealm, nil
}

// odd says that a part of a name would read as something else once it is joined
// with the others.
func odd(part string) bool {
	return part == "" || strings.ContainsAny(part, "/@\\") || strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// reason puts what the library says into words that tell no secrets.
func reason(err error) string {
	if err == nil {
		return "the ticket is not valid"
	}
	for text, words := range map[string]string{
		"KRB_AP_ERR_NOKEY":         "the server has no key for the service that the ticket is for",
		"KRB_AP_ERR_TKT_EXPIRED":   "the ticket has expired",
		"KRB_AP_ERR_TKT_NYV":       "the ticket is not yet valid",
		"KRB_AP_ERR_SKEW":          "the clocks of client and server differ too much",
		"KRB_AP_ERR_BADADDR":       "the ticket is for another address",
		"KRB_AP_ERR_BAD_INTEGRITY": "the ticket and its proof don't belong together",
		"KRB_AP_ERR_BADMATCH":      "the ticket is somebody else's",
	} {
		if strings.Contains(err.Error(), text) {
			return words
		}
	}
	return "the ticket is not valid"
}

// keytab gives the keys, read again if the file is another one by now. A file
// that can't be read leaves the keys as they were.
func (a *Acceptor) keytab() (*keytab.Keytab, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	info, err := os.Stat(a.path)
	if err == nil && a.loaded != nil && os.SameFile(info, a.loaded) && info.ModTime().Equal(a.loaded.ModTime()) && info.Size() == a.loaded.Size() {
		return a.keys, nil
	}
	var fresh *keytab.Keytab
	if err == nil {
		fresh, err = load(a.path)
	}
	switch {
	case err == nil:
		a.keys, a.loaded = fresh, info
	case a.keys == nil:
		return nil, err
	}
	return a.keys, nil
}

func load(path string) (k *keytab.Keytab, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read keytab %s: it is broken", path)
		}
	}()
	if k, err = keytab.Load(path); err != nil {
		return nil, fmt.Errorf("read keytab %s: %w", path, err)
	}
	for _, e := range k.Entries {
		if c := e.Principal.Components; len(c) == 2 && c[0] == "HTTP" {
			return k, nil
		}
	}
	return nil, fmt.Errorf("read keytab %s: %w", path, errNoService)
}

var errNoService = errors.New("it holds no key of a service HTTP/HOST")
