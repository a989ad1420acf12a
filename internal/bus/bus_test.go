package bus_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
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
)

// Whatever is restarted meanwhile, and whoever works at the same time, both logs end up the same.
func TestAFollowerHasTheSameLogAndReadModels(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	h := newHistory(home, 1)
	h.live(300) // there before anybody publishes
	stopPublishing, stopFollowing := home.publish(), away.follow()
	same(home, away)

	for round, disturb := range []func(){
		func() { stopPublishing(); h.live(100); stopPublishing = home.publish() },
		func() { stopFollowing(); h.live(100); stopFollowing = away.follow() },
		func() { server.Stop(); h.live(100); server.Run() },
		func() {
			home.publish()
			away.follow()
			h.live(100)
			stopPublishing()
			stopFollowing()
			h.live(100)
		}, // others take over
	} {
		var living sync.WaitGroup
		living.Go(func() { disturb(); h.live(100) })
		living.Wait()
		same(home, away)
		if t.Failed() {
			t.Fatalf("after disturbance %d", round)
		}
	}
	if got := last(t, stream(t, server)); got != home.head() {
		t.Errorf("the stream ends at %d, and the log at %d", got, home.head())
	}
	for _, s := range []*site{home, away} {
		if strings.Contains(s.said.String(), natstest.Password) {
			t.Errorf("the password of the bus was logged:\n%s", s.said)
		}
	}
}

// Publishers don't need the lock to be right, only to be cheap: here each has a database of its own, with the same log.
func TestPublishersAtOnceDoNotPublishTwice(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	newHistory(home, 2).live(200)
	records, err := home.log.After(t.Context(), 0, 1_000)
	must(t, err)
	_, err = away.log.Replicate(t.Context(), records)
	must(t, err)
	home.publish()
	away.publish()
	js := stream(t, server)
	eventually(t, "all is published", func() bool { return last(t, js) >= home.head() })
	third := newSite(t, server)
	third.follow()
	same(home, third)
	if last(t, js) != home.head() {
		t.Errorf("%d messages for %d records", last(t, js), home.head())
	}
}

// A password that is wrong, or was changed, is for operators to mend, and meanwhile nothing else suffers.
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
		eventually(t, "all is published", func() bool { return last(t, js) == home.head() })
		server.Stop()
		server.SetPassword("another password")
		before := strings.Count(home.said.String(), "uthorization")
		server.Run()
		eventually(t, "it is refused again and again", func() bool { return strings.Count(home.said.String(), "uthorization") > before+2 })
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
	must(t, err)
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(proxies, "database", "127.0.0.1:0", address.Host)
	must(t, proxy.Start())
	address.Host = proxy.Listen
	cutOff := home.options()
	cutOff.Pool = dbtest.Connect(t, address.String(), dbtest.MaxConns(bus.Connections))
	t.Cleanup(proxy.Stop) // before the pool is closed, which says goodbye for 15 s to a server that does not answer
	home.run(func(ctx context.Context) error { return bus.Publish(ctx, cutOff) })
	h := newHistory(home, 9)
	h.live(20)
	js := stream(t, server)
	eventually(t, "all is published", func() bool { return last(t, js) == home.head() })
	for _, direction := range []string{"upstream", "downstream"} {
		_, err := proxy.Toxics.AddToxicJson(strings.NewReader(`{"name":"` + direction + `","type":"timeout","stream":"` + direction + `"}`))
		must(t, err)
	}
	home.publish()
	h.live(20)
	eventually(t, "another one publishes", func() bool { return last(t, js) == home.head() })
}

// Any watermill program can subscribe, to some streams or types, with what watermill-nats has.
func TestRecordsAreMessagesOfWatermill(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home := newSite(t, server)
	newHistory(home, 3).live(50)
	home.publish()
	js := stream(t, server)
	eventually(t, "all is published", func() bool { return last(t, js) >= home.head() })
	subscriber, err := wmnats.NewSubscriber(wmnats.SubscriberConfig{
		URL:         server.URL(),
		Unmarshaler: &wmnats.NATSMarshaler{},
		JetStream:   wmnats.JetStreamConfig{SubscribeOptions: []nats.SubOpt{nats.DeliverAll(), nats.AckExplicit()}},
	}, watermill.NopLogger{})
	must(t, err)
	t.Cleanup(func() { _ = subscriber.Close() })
	messages, err := subscriber.Subscribe(t.Context(), "boxoffice.log.*.TicketBooked")
	must(t, err)
	records, err := home.log.After(t.Context(), 0, 1_000)
	must(t, err)
	seen := 0
	for _, r := range records {
		if r.Type != "TicketBooked" {
			continue
		}
		seen++
		select {
		case m := <-messages:
			if m.UUID != fmt.Sprint(r.Position) || string(m.Payload) != string(r.Data) || m.Metadata.Get("metadata") != string(r.Metadata) || m.Metadata.Get("hash") != r.Hash.String() {
				t.Errorf("position %d came as %s %s %v", r.Position, m.UUID, m.Payload, m.Metadata)
			}
			m.Ack()
		case <-time.After(patient):
			t.Fatalf("position %d did not come", r.Position)
		}
	}
	if seen == 0 {
		t.Error("nobody booked")
	}
}

// tampered puts a log on the bus that is not quite the one of home: change may spoil each message, or leave it out by nil.
func tampered(t *testing.T, home *site, change func(position int64, m *nats.Msg) *nats.Msg) *natstest.Server {
	t.Helper()
	home.publish()
	js := stream(t, home.nats)
	eventually(t, "all is published", func() bool { return last(t, js) >= home.head() })
	from, err := js.Stream(t.Context(), "boxoffice_log")
	must(t, err)
	other := natstest.Start(t)
	there := stream(t, other)
	to, err := there.CreateStream(t.Context(), jetstream.StreamConfig{Name: "boxoffice_log", Subjects: []string{"boxoffice.log.>"}})
	must(t, err)
	for position := int64(1); position <= home.head(); position++ {
		raw, err := from.GetMsg(t.Context(), uint64(position))
		must(t, err)
		m := &nats.Msg{Subject: raw.Subject, Header: nats.Header{}, Data: raw.Data}
		for k, v := range raw.Header {
			if !strings.HasPrefix(k, "Nats-") {
				m.Header[k] = v
			}
		}
		changed := change(position, m)
		if changed == nil {
			changed = &nats.Msg{Subject: raw.Subject}
		}
		ack, err := there.PublishMsg(t.Context(), changed)
		must(t, err)
		if changed != m {
			must(t, to.DeleteMsg(t.Context(), ack.Sequence))
		}
	}
	return other
}

func TestAFollowerStopsBeforeWhatIsNotRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(position int64, m *nats.Msg) *nats.Msg
		says   string
	}{
		"changed data": {func(position int64, m *nats.Msg) *nats.Msg {
			if position == 21 {
				m.Data = []byte(strings.Replace(string(m.Data), "{", "{ ", 1))
			}
			return m
		}, "position 21 is not of this log"},
		"a changed header": {func(position int64, m *nats.Msg) *nats.Msg {
			if position == 21 {
				m.Header.Set("recorded_at", "2020-01-01T00:00:00Z")
			}
			return m
		}, "position 21 is not of this log"},
		"something else": {func(position int64, m *nats.Msg) *nats.Msg {
			if position == 21 {
				m.Header, m.Data = nats.Header{}, []byte("hello")
			}
			return m
		}, "position 21 is not of this log"},
		"a record that came twice": {func(position int64, m *nats.Msg) *nats.Msg {
			if position == 21 {
				m.Header.Set("_watermill_message_uuid", "20")
			}
			return m
		}, "position 21 is not of this log"},
		"a gap": {func(position int64, m *nats.Msg) *nats.Msg {
			if position == 21 {
				return nil
			}
			return m
		}, "ends at position 20, and position 22 came next"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := newSite(t, natstest.Start(t))
			newHistory(home, 4).live(60)
			away := newSite(t, tampered(t, home, c.change))
			stop := away.follow()
			away.says(c.says)
			if away.head() != 20 {
				t.Errorf("the follower went on to %d", away.head())
			}
			away.projected(20) // and what is right can be read
			// With a backup, or what somebody has brought over by hand, it goes on.
			records, err := home.log.After(t.Context(), 20, 1)
			must(t, err)
			if name == "a gap" {
				_, err = away.log.Replicate(t.Context(), records)
				must(t, err)
				same(home, away)
			}
			stop()
		})
	}
}

// After a failover that lost commits, or a mistaken address, the bus holds what the log does not. Nobody must get a mixture.
func TestALogIsNotMixedWithAnotherOne(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	h := newHistory(home, 5)
	h.live(100)
	stop := home.publish()
	js := stream(t, server)
	eventually(t, "all is published", func() bool { return last(t, js) >= home.head() })
	stop()
	published := last(t, js)

	shorter := newSite(t, server)
	records, err := home.log.After(t.Context(), 0, 40)
	must(t, err)
	_, err = shorter.log.Replicate(t.Context(), records)
	must(t, err)
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
	away.follow()
	away.says("is not of this log")
	if got := last(t, js); got != published {
		t.Errorf("the stream went on from %d to %d", published, got)
	}
	home.publish()
	h.live(50)
	eventually(t, "the right one is published", func() bool { return last(t, js) == home.head() })
}

func TestWhatTheBusNoLongerHasIsNotSkipped(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	h := newHistory(home, 7)
	h.live(100)
	home.publish()
	js := stream(t, server)
	eventually(t, "all is published", func() bool { return last(t, js) >= home.head() })
	s, err := js.Stream(t.Context(), "boxoffice_log")
	must(t, err)
	must(t, s.Purge(t.Context(), jetstream.WithPurgeSequence(51))) // as limits of age or size do
	away.follow()
	away.says("the log ends at position 0, and position 51 came next; if the bus no longer has what is missing, restore a backup")
	if away.head() != 0 {
		t.Errorf("the follower is at %d", away.head())
	}
	records, err := home.log.After(t.Context(), 0, 70) // the backup
	must(t, err)
	_, err = away.log.Replicate(t.Context(), records)
	must(t, err)
	same(home, away)

	// And when the bus has lost everything, it gets the whole log again, and followers go on.
	must(t, js.DeleteStream(t.Context(), "boxoffice_log"))
	h.live(50)
	same(home, away)
	if got := last(t, js); got != home.head() {
		t.Errorf("the stream ends at %d, and the log at %d", got, home.head())
	}
}

func TestLagIsSeen(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	home, away := newSite(t, server), newSite(t, server)
	registry := prometheus.NewRegistry()
	o, to := home.options(), away.options()
	o.Registerer, to.Registerer = registry, registry
	home.run(func(ctx context.Context) error { return bus.Publish(ctx, o) })
	away.run(func(ctx context.Context) error { return bus.Follow(ctx, to) })
	h := newHistory(home, 8)
	h.live(100)
	wants := func(end, name string, is func(float64) bool) {
		t.Helper()
		eventually(t, end+" has the right "+name, func() bool {
			families, err := registry.Gather()
			must(t, err)
			for _, f := range families {
				for _, m := range f.Metric {
					if f.GetName() == "boxoffice_bus_"+name && m.Label[0].GetValue() == end {
						return is(m.Gauge.GetValue())
					}
				}
			}
			return false
		})
	}
	equals := func(want float64) func(float64) bool { return func(v float64) bool { return v == want } }
	for _, end := range []string{"publish", "follow"} {
		wants(end, "connected", equals(1))
		wants(end, "position", equals(float64(home.head())))
		wants(end, "lag_records", equals(0))
		wants(end, "lag_seconds", equals(0))
	}
	server.Stop()
	before := home.head()
	h.live(50)
	wants("publish", "connected", equals(0))
	wants("publish", "position", equals(float64(before)))
	wants("publish", "lag_records", equals(float64(home.head()-before)))
	wants("publish", "lag_seconds", func(v float64) bool { return v > 0 })
	wants("follow", "connected", equals(0))
	server.Run()
	wants("publish", "lag_records", equals(0))
	wants("follow", "position", equals(float64(home.head())))
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"nats://localhost:4222": true, "tls://user:secret@a:4222, nats://b": true, "": false, "localhost:4222": false, "http://localhost": false,
		"nats://": false, "nats://a,http://b": false, "nats://user:sec%ret@a": false,
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
