package webhook_test

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/reactors/webhook"
)

// resolver answers every question for an IPv4 address with the next of some addresses, and from then on
// with the last one.
func resolver(t *testing.T, addresses ...string) (r *net.Resolver, asked *atomic.Int64) {
	t.Helper()
	server, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	dbtest.Must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	asked = new(atomic.Int64)
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				i := min(int(asked.Add(1)), len(addresses)) - 1
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[i]).As4()},
				}}
			}
			if answer, err := m.Pack(); err == nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}, asked
}

// named is the address of a receiver with a name instead of the number.
func named(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	dbtest.Must(t, err)
	u.Host = "receiver.test:" + u.Port()
	return u.String()
}

// The name is a public one for everybody who looks it up first, and leads to this machine after that.
func TestANameThatChangesItsAddressIsOfNoUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	e, _ := b.webhook(named(t, r.url))
	names, asked := resolver(t, "93.184.215.14", "127.0.0.1")
	first, err := names.LookupHost(context.Background(), "receiver.test")
	if err != nil || first[0] != "93.184.215.14" {
		t.Fatalf("%v, %v", first, err)
	}
	b.run(func(o *webhook.Options) { o.Resolver, o.Addresses = names, endpoint.NewAddresses(false) })
	b.book(1)
	b.eventually("it was tried", func() bool {
		all := b.deliveries(e)
		return len(all) == 1 && all[0].Attempts == 1
	})
	d := b.deliveries(e)[0]
	if d.Error != "The name of the endpoint leads to an address that is not public." || d.StatusCode != nil {
		t.Errorf("%+v", d)
	}
	if len(r.all()) != 0 || asked.Load() != 2 {
		t.Errorf("%d requests after %d look-ups", len(r.all()), asked.Load())
	}
	if strings.Contains(b.log.String(), "127.0.0.1") {
		t.Errorf("the log tells the address:\n%s", b.log)
	}
}

// HTTP_PROXY is set to nowhere: see TestMain.
func TestNoProxyIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	b.webhook(named(t, r.url))
	names, _ := resolver(t, "127.0.0.1")
	b.run(func(o *webhook.Options) { o.Resolver = names })
	b.book(1)
	b.gets(r, 1)
}
