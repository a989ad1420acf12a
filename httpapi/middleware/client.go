package middleware

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Client is where a request comes from. Limits, cookies and logs depend on it.
type Client struct {
	Address netip.Addr // without a zone, IPv4 as IPv4; the zero value when it is not known
	HTTPS   bool       // on the way that the client sees, wherever TLS ends
	// UserAgent is the header of that name.
	UserAgent string
}

// ClientOf gives the client of the request that ctx belongs to.
func ClientOf(ctx context.Context) Client { return requestOf(ctx).client }

// Network is what limits count by. A subscriber of an IPv6 provider has a whole /64, so addresses
// of one are one client.
func (c Client) Network() string {
	if c.Address.Is6() {
		return netip.PrefixFrom(c.Address, 64).Masked().String()
	}
	return c.Address.String()
}

// Site is a wider network, which may be one client's too: of IPv6 the /48, of IPv4 the address.
func (c Client) Site() string {
	if c.Address.Is6() {
		return netip.PrefixFrom(c.Address, 48).Masked().String()
	}
	return c.Address.String()
}

// IsNear tells whether the client is on this machine or in a private network.
func (c Client) IsNear() bool {
	return c.Address.IsLoopback() || c.Address.IsPrivate() || c.Address.IsLinkLocalUnicast()
}

// ClientResolver finds the client of each request. It believes headers from the trusted proxies
// only.
type ClientResolver struct {
	trusted []netip.Prefix
	logger  *slog.Logger
	warn    sync.Once
}

// NewClientResolver trusts proxies in these networks (CIDR); it panics when one is not of that
// form.
func NewClientResolver(trusted []string, logger *slog.Logger) *ClientResolver {
	r := &ClientResolver{logger: logger}
	for _, network := range trusted {
		r.trusted = append(r.trusted, netip.MustParsePrefix(network)) // the configuration has checked them
	}
	return r
}

func (c *ClientResolver) isTrusted(address netip.Addr) bool {
	return slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(address) })
}

func (c *ClientResolver) resolve(r *http.Request) Client {
	peer, _ := parseAddress(r.RemoteAddr)
	found := Client{Address: peer, HTTPS: r.TLS != nil || isPageOverHTTPS(r), UserAgent: r.UserAgent()}
	if !c.isTrusted(peer) {
		return found
	}
	found.Address = c.forwardedFor(r, peer)
	// A proxy that adds to the header puts its own way last; the first is the client's.
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	found.HTTPS = found.HTTPS || strings.EqualFold(strings.TrimSpace(proto), "https")
	return found
}

// forwardedFor reads X-Forwarded-For from its end: the first address that is not a trusted proxy is
// the client's, because what stands before it is the client's own claim. Where all are trusted, the
// client is in the proxies' network, and the first one is its address.
func (c *ClientResolver) forwardedFor(r *http.Request, peer netip.Addr) netip.Addr {
	lines := r.Header["X-Forwarded-For"]
	if len(lines) == 0 {
		return peer
	}
	found := peer
	for _, entry := range slices.Backward(strings.Split(strings.Join(lines, ","), ",")) {
		address, ok := parseAddress(strings.TrimSpace(entry))
		if !ok {
			// One client behind the proxy must not get a limit of its own by writing nonsense.
			c.warn.Do(func() {
				c.logger.Warn("a trusted proxy sends an X-Forwarded-For that is not an address; "+
					"its requests are counted by the proxy's own address", "proxy", peer)
			})
			return peer
		}
		if found = address; !c.isTrusted(address) {
			break
		}
	}
	return found
}

// isPageOverHTTPS tells whether a browser sends the request from a page of this host that it has
// loaded over https. It is a sign of TLS in front where a proxy says nothing of it. A program can
// claim it too, about nobody but itself.
func isPageOverHTTPS(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Scheme == "https" && strings.EqualFold(origin.Host, r.Host)
}

// parseAddress reads an address with or without a port, as proxies write both.
func parseAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(text)
		address = withPort.Addr()
	}
	if err != nil && strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		address, err = netip.ParseAddr(text[1 : len(text)-1])
	}
	return address.Unmap().WithZone(""), err == nil
}
