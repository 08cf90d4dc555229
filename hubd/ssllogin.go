package hubd

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"koji"
	"koji/internal/negotiate"
	"koji/sqlstore"
)

// identity is who a request comes from, as somebody else than the hub vouches
// for: an authority of certificates, a KDC, or a proxy in front.
type identity struct {
	auth koji.AuthType     // AuthSSL or AuthGSSAPI
	name string            // of the user; a principal if it has an @
	dn   distinguishedName // of the certificate
}

// String is the identity for those who read a refusal.
func (i *identity) String() string {
	if i.auth == koji.AuthSSL {
		return i.dn.String()
	}
	return i.name
}

// loginPath is where the hub asks who is there. Koji's hub leaves it to the web
// server in front to do so at this path.
const loginPath = "/kojihub/ssllogin"

// identify finds out who a request to loginPath comes from, for sslLogin.
// Koji: reference/wire.md §4, "Login methods". It is false if the request is
// answered already: the client shall come again with a ticket.
func (h *Hub) identify(w http.ResponseWriter, r *http.Request, req *request) bool {
	who, err := h.vouched(r)
	if who == nil && err == nil {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		switch {
		case !h.cfg.Front.secure(r):
			err = errors.New("it needs https: neither certificates nor tickets are taken in the open")
		case h.kerberos != nil && strings.EqualFold(scheme, "Negotiate"):
			var reply string
			if who, reply, err = h.ticket(r, req, token); err == nil && reply != "" {
				w.Header().Set("WWW-Authenticate", "Negotiate "+reply)
			}
		case r.TLS != nil && len(r.TLS.PeerCertificates) > 0 && h.certificates != nil:
			who, err = h.certificate(r)
		case h.kerberos != nil:
			w.Header().Set("WWW-Authenticate", "Negotiate")
			plain(w, http.StatusUnauthorized, "Unauthorized\n")
			return false
		default:
			err = errors.New("no client certificate, of an authority that the hub knows, came with the request")
		}
	}
	if err != nil {
		h.log.Info("login without an identity", "request", req.id, "address", req.address, "err", err)
	}
	req.identity, req.nobody = who, err
	return true
}

// vouched is who a trusted proxy says it is; nil if it says nothing.
func (h *Hub) vouched(r *http.Request) (*identity, error) {
	f := &h.cfg.Front
	if !f.fromProxy(r) || f.SchemeHeader != "" && !f.secure(r) {
		return nil, nil
	}
	name, err := f.header(r, f.UserHeader)
	if err != nil {
		return nil, err
	}
	if name != "" {
		return &identity{auth: koji.AuthGSSAPI, name: name}, nil
	}
	verified, err := f.header(r, f.VerifyHeader)
	if err != nil || verified == "" || verified == "NONE" {
		return nil, err
	}
	if verified != "SUCCESS" {
		return nil, fmt.Errorf("could not verify client certificate: %s", verified)
	}
	text, err := f.header(r, f.DNHeader)
	if err != nil {
		return nil, err
	}
	dn, err := parseName(text)
	if err != nil {
		return nil, err
	}
	return h.holder(dn)
}

// certificate is who the client's certificate is for.
func (h *Hub) certificate(r *http.Request) (*identity, error) {
	if err := h.certificates.verify(r.TLS.PeerCertificates); err != nil {
		return nil, fmt.Errorf("could not verify client certificate: %w", err)
	}
	dn, err := subjectOf(r.TLS.PeerCertificates[0].RawSubject)
	if err != nil {
		return nil, err
	}
	return h.holder(dn)
}

func (h *Hub) holder(dn distinguishedName) (*identity, error) {
	name, err := dn.component(h.cfg.DNUsernameComponent)
	if err != nil {
		return nil, err
	}
	return &identity{auth: koji.AuthSSL, name: name, dn: dn}, nil
}

// ticket is who a Kerberos ticket is for. Each can be used once, at one hub.
func (h *Hub) ticket(r *http.Request, req *request, text string) (who *identity, reply string, err error) {
	token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, "", errors.New("the header Authorization is not base64")
	}
	client, err := h.kerberos.Accept(token, net.ParseIP(req.address))
	if err != nil {
		h.log.Info("ticket refused", "request", req.id, "address", req.address, "err", err)
		var refused *negotiate.Error
		if errors.As(err, &refused) {
			err = fmt.Errorf("the ticket is refused: %s", refused.Reason)
		}
		return nil, "", err
	}
	err = h.store.Write(r.Context(), func(tx *sqlstore.Tx) error {
		fresh, err := tx.UseToken(r.Context(), client.Token[:], client.Until)
		if err == nil && !fresh {
			err = errors.New("the ticket is refused: this proof of it was used before")
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return &identity{auth: koji.AuthGSSAPI, name: client.Principal}, base64.StdEncoding.EncodeToString(client.Reply), nil
}

// sslLogin takes (proxyuser=nil, proxyauthtype=nil), renew and exclusive.
func sslLogin(c *call, a loginArgs) (any, error) {
	if c.session.loggedIn {
		return nil, fault(koji.CodeAuth, "Already logged in")
	}
	who := c.request.identity
	switch {
	case c.request.nobody != nil:
		return nil, fault(koji.CodeAuth, "sslLogin: %v", c.request.nobody)
	case who == nil:
		return nil, fault(koji.CodeAuth, "sslLogin: could not verify client: it is asked for at %s alone", loginPath)
	}
	words := a.words("proxyuser", "proxyauthtype", "renew", "exclusive")
	name, auth, err := c.hub.actingFor(who, words["proxyuser"], words["proxyauthtype"])
	if err != nil {
		return nil, err
	}
	user, err := c.userNamed(name, auth)
	if err != nil {
		return nil, err
	}
	switch {
	case user.UserType == koji.UserGroup:
		return nil, fault(koji.CodeAuth, "logins by the group %s are not allowed", user.Name)
	case user.Status != koji.StatusNormal:
		return nil, fault(koji.CodeAuth, "logins by %s are not allowed", user.Name)
	}
	return c.openSession(user.ID, auth, c.hub.hostIP(c.request.address), truthy(words["renew"]), truthy(words["exclusive"]))
}

// actingFor is as whom a client logs in: itself, or another user if it is one
// that may.
func (h *Hub) actingFor(who *identity, proxyUser, proxyAuth any) (name string, auth koji.AuthType, err error) {
	if proxyUser == nil || proxyUser == "" {
		return who.name, who.auth, nil
	}
	name, ok := proxyUser.(string)
	if !ok {
		return "", 0, fault(koji.CodeAuth, "proxyuser: invalid type %s, want a string", typeName(proxyUser))
	}
	trusted := who.auth == koji.AuthGSSAPI && slices.Contains(h.cfg.ProxyPrincipals, who.name) ||
		who.auth == koji.AuthSSL && slices.ContainsFunc(h.cfg.ProxyDNs, func(dn distinguishedName) bool { return slices.Equal(dn, who.dn) })
	if !trusted {
		return "", 0, fault(koji.CodeAuth, "%s is not authorized to login other users", who)
	}
	if proxyAuth == nil {
		return name, who.auth, nil
	}
	n, ok := proxyAuth.(int64)
	auth = koji.AuthType(n)
	switch {
	case !ok || auth != koji.AuthSSL && auth != koji.AuthGSSAPI:
		return "", 0, fault(koji.CodeAuth, "proxyauthtype: invalid value %s, want %d (ssl) or %d (gssapi)", refText(proxyAuth), koji.AuthSSL, koji.AuthGSSAPI)
	case auth != who.auth && !h.cfg.AllowProxyAuthType:
		return "", 0, fault(koji.CodeAuth, "proxyauthtype: a proxy logs others in as it did itself; AllowProxyAuthType of the hub allows another way")
	}
	return name, auth, nil
}

// userNamed finds who logs in, and makes the user where that is allowed.
func (c *call) userNamed(name string, auth koji.AuthType) (*koji.User, error) {
	at := strings.LastIndex(name, "@")
	if auth != koji.AuthGSSAPI || at < 0 {
		user, err := c.tx.UserByName(c, name)
		if err != nil || user != nil {
			return user, err
		}
		return c.newcomer(name)
	}
	realm := name[at+1:]
	if allowed := c.hub.cfg.AllowedKrbRealms; !slices.Contains(allowed, "*") && !slices.Contains(allowed, realm) {
		return nil, fault(koji.CodeAuth, "Kerberos realm %s is not allowed", realm)
	}
	user, err := c.tx.UserByPrincipal(c, name)
	if err != nil || user != nil {
		return user, err
	}
	// A principal that nobody has belongs to the user of that name. If that one
	// has other principals, this is somebody from another realm.
	user, err = c.tx.UserByName(c, name[:at])
	switch {
	case err != nil:
		return nil, err
	case user == nil:
		if user, err = c.newcomer(name[:at]); err != nil {
			return nil, err
		}
	case !c.hub.cfg.LoginCreatesUser:
		return nil, fault(koji.CodeAuth, "Unknown user: %s", name)
	case len(user.KrbPrincipals) > 0:
		return nil, fault(koji.CodeAuth, "Unknown user: %s; user %s has another principal, only an admin can add this one", name, user.Name)
	}
	return user, c.addPrincipal(user.ID, name)
}

// newcomer makes a user at its first login.
func (c *call) newcomer(name string) (*koji.User, error) {
	if !c.hub.cfg.LoginCreatesUser {
		return nil, fault(koji.CodeAuth, "Unknown user: %s", name)
	}
	name, err := c.shortName("user", name, 255)
	if err != nil {
		return nil, err
	}
	if err := c.userIsNew(name); err != nil {
		return nil, err
	}
	id, err := c.tx.CreateUser(c, name, koji.UserNormal, koji.StatusNormal)
	if err != nil {
		return nil, err
	}
	return c.tx.User(c, id)
}
