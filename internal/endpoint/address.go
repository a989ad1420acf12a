package endpoint

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"

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
	case err != nil || u.Opaque != "" || len(text) > maxURL || !isHost(u.Hostname()) || !isPort(u.Port()) ||
		strings.ContainsFunc(text, isInvisible):
		return invalid("Enter an address such as https://example.com/webhooks.")
	case u.Scheme != "https" && (u.Scheme != "http" || a.guard != nil):
		return invalid("The address must begin with https://.")
	case u.User != nil:
		return invalid("The address must not contain a user name or a password. Deliveries are signed instead.")
	case u.Fragment != "":
		return invalid("The address must not contain #.")
	}
	if a.guard != nil && !a.mayBePublic(u.Hostname()) {
		return invalid("The address must be a public one.")
	}
	return nil
}

// isHost reports whether a name has no empty part.
func isHost(name string) bool {
	return !slices.Contains(strings.Split(strings.TrimSuffix(name, "."), "."), "")
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// isInvisible reports characters that would make an address look like another one.
func isInvisible(r rune) bool { return unicode.In(r, unicode.C, unicode.Z) }

// mayBePublic refuses early what [Addresses.Control] would refuse in any case.
func (a Addresses) mayBePublic(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return a.guard.SafeAddr(ip) == nil
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(host), "."), ".")
	last := labels[len(labels)-1]
	return last != "localhost" && !numberLabel.MatchString(last)
}

// numberLabel is the last part of an IPv4 address in another form, such as 127.1, 2130706433 and 0x7f.1. No
// name ends like that.
var numberLabel = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)
