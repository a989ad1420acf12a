package endpoint

import (
	"errors"
	"net/netip"
	"net/url"
	"syscall"

	"code.dny.dev/ssrf" // the special addresses of IANA's registries, kept up to date

	"github.com/boxoffice/boxoffice/domain"
)

// Addresses are those that deliveries may be sent to.
type Addresses struct {
	guard *ssrf.Guardian // nil: all
}

// NewAddresses allows public addresses over https only, or with allowPrivate all addresses, and http
// too.
func NewAddresses(allowPrivate bool) Addresses {
	if allowPrivate {
		return Addresses{}
	}
	return Addresses{ssrf.New(ssrf.WithAnyPort())}
}

// ErrPrivate means that an address is not a public one.
var ErrPrivate = errors.New("the address is not public")

// Control is that of a [net.Dialer]. It is called with the address that a connection is about to be
// made to, after names were looked up: a name that has another address a moment later is of no use.
func (a Addresses) Control(network, address string, c syscall.RawConn) error {
	if a.guard == nil || a.guard.Safe(network, address, c) == nil {
		return nil
	}
	return ErrPrivate
}

// maxURL is the length of the longest address, in bytes.
const maxURL = 2000

// check refuses what can't be an address of an endpoint. The error is a [*domain.InvalidError].
func (a Addresses) check(text string) error {
	invalid := func(message string) error {
		return &domain.InvalidError{Fields: []domain.FieldError{{Field: "url", Message: message}}}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || len(text) > maxURL:
		return invalid("Enter an address such as https://example.com/webhooks.")
	case u.Scheme != "https" && (u.Scheme != "http" || a.guard != nil):
		return invalid("The address must begin with https://.")
	case u.User != nil:
		return invalid("The address must not contain a user name or a password. Deliveries are signed instead.")
	case u.Fragment != "":
		return invalid("The address must not contain #.")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && a.guard != nil && a.guard.SafeAddr(ip) != nil {
		return invalid("The address must be a public one.")
	}
	return nil
}
