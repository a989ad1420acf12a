package webhook_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/webhook"
)

// A process that is stopped in good order finishes the request that it is making, and records it.
func TestAStopFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun, hang := make(chan struct{}), make(chan struct{})
	r := b.receive(func(http.ResponseWriter, int) { close(begun); <-hang })
	e, _ := b.webhook(r.url)
	_, err := b.store.SendTest(context.Background(), b.owner, e.ID, "")
	dbtest.Must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	o, ended := b.options(), make(chan error, 1)
	go func() { ended <- webhook.Send(ctx, o) }()
	<-begun
	stop()
	select {
	case err := <-ended:
		t.Errorf("it ends before the request does: %v", err)
	default:
	}
	close(hang)
	dbtest.Must(t, <-ended)
	if d := b.deliveries(e)[0]; d.Status != endpoint.Delivered || len(r.all()) != 1 {
		t.Errorf("%d requests, %+v", len(r.all()), d)
	}
}

// What a process remembers of an event is out of date when another one has handled records of it.
func TestAProcessThatTakesOverAgainKnowsWhoOrganizes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	former, e := b.user("organizer"), endpoint.Wanted{URL: "http://127.0.0.1:1/"}
	b.webhookOf(former, e)
	one, other := webhook.Messages("", b.now), webhook.Messages("", b.now)
	dbtest.Must(t, reactors.Begin(context.Background(), b.Pool, one))
	handled := func(by reactors.Reactor) {
		t.Helper()
		stop := b.react(b.options(), by)
		b.settledLog()
		stop()
	}
	b.add(b.event, domain.OrganizerAdded{UserID: former, Role: domain.RoleManage}, booking())
	handled(one)
	b.add(b.event, domain.OrganizerRemoved{UserID: former})
	handled(other)
	b.book(1)
	handled(one)
	if n := b.Count(`select count(*) from webhook_deliveries`); n != 1 {
		t.Errorf("%d messages for somebody who was an organizer of one booking", n)
	}
}

func TestOperatorsSeeWhatIsLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hang := make(chan struct{})
	r := b.receive(func(http.ResponseWriter, int) { <-hang })
	b.webhook(r.url)
	paused, _ := b.webhook(r.url)
	status := endpoint.Paused
	_, err := b.store.Change(context.Background(), b.owner, paused.ID, endpoint.Change{Status: &status})
	dbtest.Must(t, err)
	registry := prometheus.NewRegistry()
	b.run(func(o *webhook.Options) { o.Timeout, o.Registerer = time.Hour, registry })
	value := func(name string, label string) (v float64) {
		t.Helper()
		families, err := registry.Gather()
		dbtest.Must(t, err)
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
					return m.GetGauge().GetValue() + m.GetCounter().GetValue()
				}
			}
		}
		return -1
	}
	if late := value("boxoffice_webhook_lag_seconds", ""); late != 0 {
		t.Errorf("late by %v s without anything to send", late)
	}
	b.book(1)
	b.gets(r, 1)
	b.later(10 * time.Minute)
	if late := value("boxoffice_webhook_lag_seconds", ""); late < 600 || late > 700 {
		t.Errorf("late by %v s", late)
	}
	for status, want := range map[string]float64{"active": 1, "paused": 1, "failing": 0, "gone": 0} {
		if n := value("boxoffice_webhook_endpoints", status); n != want {
			t.Errorf("%v are %s, want %v", n, status, want)
		}
	}
	close(hang)
	b.eventually("the request is counted", func() bool {
		return value("boxoffice_webhook_attempts_total", "delivered") == 1
	})
}
