package bus_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/ThreeDotsLabs/watermill"
	wmnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// Whatever is restarted meanwhile, and however many publish at the same time, the stream is the
// log.
func TestTheStreamIsTheLog(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home := newSite(t, server)
	h := newHistory(home, 1)
	h.live(300) // there before anything is published
	stop := home.publish()
	home.published()
	for round, disturb := range []func(){
		func() { stop(); h.live(100); stop = home.publish() },
		func() { server.Stop(); h.live(100); server.Run() },
		func() { home.publish(); h.live(100); stop(); h.live(100) }, // another one takes over
	} {
		disturb()
		h.live(100)
		home.published()
		if t.Failed() {
			t.Fatalf("after disturbance %d", round)
		}
	}
	if strings.Contains(home.said.String(), natstest.Password) {
		t.Errorf("the password of the bus was logged:\n%s", home.said)
	}
}

// Publishers don't need the lock to be right, only to be cheap: here each has a database of its
// own, with the same log.
func TestPublishersAtOnceDoNotPublishTwice(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	newHistory(home, 2).live(200)
	home.copyTo(away, home.head())
	home.publish()
	away.publish()
	home.published()
}

// A password that is wrong, or was changed, is for operators to mend, and meanwhile nothing else
// suffers.
func TestAWrongPasswordIsNotTheEnd(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	server := natstest.Start(t)
	home := newSite(t, server)
	h := newHistory(home, 10)
	server.Stop()
	server.SetPassword("another password")
	server.Run()
	home.publish()
	home.says("Authorization Violation")
	for range 2 {
		server.Stop()
		server.SetPassword(natstest.Password)
		server.Run()
		h.live(20)
		js := stream(t, server)
		waittest.For(t, "all is published", func() bool { return last(t, js) == home.head() })
		server.Stop()
		server.SetPassword("another password")
		before := strings.Count(home.said.String(), "uthorization")
		server.Run()
		waittest.For(t, "it is refused again and again", func() bool {
			return strings.Count(home.said.String(), "uthorization") > before+2
		})
	}
	if strings.Contains(home.said.String(), natstest.Password) {
		t.Errorf("the password was logged: %s", home.said)
	}
}

// A process that is cut off from the database without a word gives up, and another one takes over.
func TestAProcessThatIsCutOffLosesTheLock(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	server := natstest.Start(t)
	home := newSite(t, server)
	address, err := url.Parse(home.url)
	dbtest.Must(t, err)
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(proxies, "database", "127.0.0.1:0", address.Host)
	dbtest.Must(t, proxy.Start())
	address.Host = proxy.Listen
	cutOff := home.options()
	cutOff.Pool = dbtest.Connect(t, address.String(), dbtest.MaxConns(bus.Connections))
	t.Cleanup(proxy.Stop) // before the pool is closed, which says goodbye for 15 s to a server that does not answer
	home.run(func(ctx context.Context) error { return bus.Publish(ctx, cutOff) })
	h := newHistory(home, 9)
	h.live(20)
	js := stream(t, server)
	waittest.For(t, "all is published", func() bool { return last(t, js) == home.head() })
	for _, direction := range []string{"upstream", "downstream"} {
		_, err := proxy.Toxics.AddToxicJson(strings.NewReader(`{"name":"` + direction + `","type":"timeout","stream":"` +
			direction + `"}`))
		dbtest.Must(t, err)
	}
	home.publish()
	h.live(20)
	waittest.For(t, "another one publishes", func() bool { return last(t, js) == home.head() })
}

// Any watermill program can subscribe, to some streams or types, with what watermill-nats has.
func TestRecordsAreMessagesOfWatermill(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home := newSite(t, server)
	newHistory(home, 3).live(50)
	home.publish()
	js := stream(t, server)
	waittest.For(t, "all is published", func() bool { return last(t, js) >= home.head() })
	subscriber, err := wmnats.NewSubscriber(wmnats.SubscriberConfig{
		URL:         server.URL(),
		Unmarshaler: &wmnats.NATSMarshaler{},
		JetStream:   wmnats.JetStreamConfig{SubscribeOptions: []nats.SubOpt{nats.DeliverAll(), nats.AckExplicit()}},
	}, watermill.NopLogger{})
	dbtest.Must(t, err)
	t.Cleanup(func() { _ = subscriber.Close() })
	messages, err := subscriber.Subscribe(t.Context(), "boxoffice.log.*.TicketBooked")
	dbtest.Must(t, err)
	records, err := home.log.After(t.Context(), 0, 1_000)
	dbtest.Must(t, err)
	seen := 0
	for _, r := range records {
		if r.Type != "TicketBooked" {
			continue
		}
		seen++
		select {
		case m := <-messages:
			if m.UUID != fmt.Sprint(r.Position) || string(m.Payload) != string(r.Data) ||
				m.Metadata.Get("metadata") != string(r.Metadata) || m.Metadata.Get("hash") != r.Hash.String() {
				t.Errorf("position %d came as %s %s %v", r.Position, m.UUID, m.Payload, m.Metadata)
			}
			m.Ack()
		case <-time.After(waittest.Timeout):
			t.Fatalf("position %d did not come", r.Position)
		}
	}
	if seen == 0 {
		t.Error("nobody booked")
	}
}

// After a failover that lost commits, or a mistaken address, the bus holds what the log does not.
// Nobody must get a mixture.
func TestALogIsNotMixedWithAnotherOne(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	h := newHistory(home, 5)
	h.live(100)
	stop := home.publish()
	js := stream(t, server)
	waittest.For(t, "all is published", func() bool { return last(t, js) >= home.head() })
	stop()
	published := last(t, js)

	shorter := newSite(t, server)
	home.copyTo(shorter, 40)
	stop = shorter.publish()
	shorter.says("the stream on the bus holds another log")
	stop()

	newHistory(away, 6).live(200)
	if away.head() <= published {
		t.Fatal("too little has happened")
	}
	stop = away.publish()
	away.says("they differ at position")
	stop()
	if got := last(t, js); got != published {
		t.Errorf("the stream went on from %d to %d", published, got)
	}
	home.publish()
	h.live(50)
	waittest.For(t, "the right one is published", func() bool { return last(t, js) == home.head() })
}

// Limits of age or size take the oldest records from the stream, and its end still says how far
// publishing is.
func TestPublishingGoesOnWhereTheStreamIsLimitedOrLost(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home := newSite(t, server)
	h := newHistory(home, 7)
	h.live(100)
	home.publish()
	home.published()
	js := stream(t, server)
	s, err := js.Stream(t.Context(), "boxoffice_log")
	dbtest.Must(t, err)
	dbtest.Must(t, s.Purge(t.Context(), jetstream.WithPurgeSequence(51)))
	h.live(50)
	home.published()
	dbtest.Must(t, s.Purge(t.Context())) // the last record too: there is nothing to compare with
	h.live(50)
	home.published()
	dbtest.Must(t, js.DeleteStream(t.Context(), "boxoffice_log"))
	h.live(50)
	home.published() // all of it, again
}

func TestLagIsSeen(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home := newSite(t, server)
	registry := prometheus.NewRegistry()
	o := home.options()
	o.Registerer = registry
	home.run(func(ctx context.Context) error { return bus.Publish(ctx, o) })
	h := newHistory(home, 8)
	h.live(100)
	wants := func(name string, is func(float64) bool) {
		t.Helper()
		waittest.For(t, "the right "+name, func() bool {
			families, err := registry.Gather()
			dbtest.Must(t, err)
			for _, f := range families {
				if f.GetName() == "boxoffice_bus_"+name {
					return is(f.Metric[0].Gauge.GetValue())
				}
			}
			return false
		})
	}
	equals := func(want float64) func(float64) bool { return func(v float64) bool { return v == want } }
	wants("connected", equals(1))
	wants("position", equals(float64(home.head())))
	wants("lag_records", equals(0))
	wants("lag_seconds", equals(0))
	server.Stop()
	before := home.head()
	h.live(50)
	wants("connected", equals(0))
	wants("position", equals(float64(before)))
	wants("lag_records", equals(float64(home.head()-before)))
	wants("lag_seconds", func(v float64) bool { return v > 0 })
	server.Run()
	wants("lag_records", equals(0))
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"nats://localhost:4222": true, "tls://user:secret@a:4222, nats://b": true, "": false, "localhost:4222": false,
		"http://localhost": false,
		"nats://":          false, "nats://a,http://b": false, "nats://user:sec%ret@a": false,
	} {
		err := bus.CheckURL(address)
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "sec%ret") {
			t.Errorf("the password is repeated: %v", err)
		}
	}
}
