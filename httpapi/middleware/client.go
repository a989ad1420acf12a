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
	HTTPS   bool       // as the client sees it, wherever TLS ends
	// UserAgent is the header of that name.
	UserAgent string
}

// ClientOf gives the client of the request that ctx belongs to.
func ClientOf(ctx context.Context) Client { return requestOf(ctx).client }

// Network is the unit of limits: an IPv4 address or an IPv6 /64, because a subscriber of an IPv6
// provider has a whole /64.
func (c Client) Network() string {
	if c.Address.Is6() {
		return netip.PrefixFrom(c.Address, 64).Masked().String()
	}
	return c.Address.String()
}

// Site is a wider network that may belong to one client: an IPv6 /48 or an IPv4 address.
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
	// Each proxy appends to the header; the first value is that of the client's connection.
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	found.HTTPS = found.HTTPS || strings.EqualFold(strings.TrimSpace(proto), "https")
	return found
}

// forwardedFor reads X-Forwarded-For from its end: the first address that is not a trusted proxy is
// the client's, because the client can write whatever stands before it. If all are trusted, the client
// is in the proxies' network, and the first one is its address.
func (c *ClientResolver) forwardedFor(r *http.Request, peer netip.Addr) netip.Addr {
	lines := r.Header["X-Forwarded-For"]
	if len(lines) == 0 {
		return peer
	}
	found := peer
	for _, entry := range slices.Backward(strings.Split(strings.Join(lines, ","), ",")) {
		address, ok := parseAddress(strings.TrimSpace(entry))
		if !ok {
			// A client behind the proxy must not get a limit of its own by an invalid header.
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

// isPageOverHTTPS reports whether a browser sends the request from a page of this host that it has
// loaded over https. It reveals TLS in front of a proxy that sets no header. A client can forge it, but
// only for its own requests.
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
