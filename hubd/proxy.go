package hubd

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// frontConfig says which reverse proxies stand before the hub and which of
// their headers are believed. From any other address, and without a name,
// such a header means nothing.
type frontConfig struct {
	Trusted       []netip.Prefix
	AddressHeader string // the client's address, after those of the proxies that it came by
	SchemeHeader  string // https, if the client came by it
	VerifyHeader  string // SUCCESS, if the client's certificate was verified
	DNHeader      string // the name in that certificate
	UserHeader    string // the user or principal that the proxy knows the client for
}

// parseNetworks reads addresses and networks, separated by blanks or commas.
func parseNetworks(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' }) {
		net, err := netip.ParsePrefix(word)
		if err != nil {
			ip, ipErr := netip.ParseAddr(word)
			if ipErr != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network", word)
			}
			net = netip.PrefixFrom(ip, ip.BitLen())
		}
		all = append(all, net.Masked())
	}
	return all, nil
}

func (f *frontConfig) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(f.Trusted, func(net netip.Prefix) bool { return net.Contains(ip.WithZone("")) })
}

// peerOf is the address that a request comes from in truth.
func peerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// readAddress reads an address as proxies write it: alone, or with a port.
func readAddress(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap(), true
	}
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return ip.Unmap(), err == nil
}

// fromProxy says whether a request comes from a proxy that is believed.
func (f *frontConfig) fromProxy(r *http.Request) bool {
	if len(f.Trusted) == 0 {
		return false
	}
	peer, ok := readAddress(peerOf(r))
	return ok && f.trusts(peer)
}

// address is the client's address. Each proxy appends whom it heard: from the
// end, those of our own proxies are passed over; the first other one is the
// client, and what stands before it is only its word.
func (f *frontConfig) address(r *http.Request) string {
	peer := peerOf(r)
	if f.AddressHeader == "" || !f.fromProxy(r) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values(f.AddressHeader), ","), ",")
	for _, hop := range slices.Backward(hops) {
		ip, ok := readAddress(hop)
		if !ok {
			break
		}
		peer = ip.String()
		if !f.trusts(ip) {
			break
		}
	}
	return peer
}

// header is what a proxy says under a name. Said twice it is an error: the
// client may have said one of them, and the proxy added the other.
func (f *frontConfig) header(r *http.Request, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	switch values := r.Header.Values(name); len(values) {
	case 0:
		return "", nil
	case 1:
		if v := strings.TrimSpace(values[0]); v != "(null)" { // mod_headers' word for nothing
			return v, nil
		}
		return "", nil
	}
	return "", fmt.Errorf("the header %s came more than once", name)
}

// secure says whether the client's way to here was encrypted, as far as known.
func (f *frontConfig) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if f.SchemeHeader == "" || !f.fromProxy(r) {
		return false
	}
	scheme, err := f.header(r, f.SchemeHeader)
	return err == nil && strings.EqualFold(scheme, "https")
}
