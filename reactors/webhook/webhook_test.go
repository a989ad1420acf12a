package webhook_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/webhook"
)

func TestADeliveryIsASignedCloudEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	_, secret := b.webhook(r.url, "booking.confirmed")
	b.run()
	booked := domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New(), Currency: "EUR",
		Lines: domain.Lines{{Type: 1, Quantity: 2, Price: 45_00}, {Type: 2, Quantity: 1, Price: 20_50}}}
	b.add(b.event, booked)
	got := b.gets(r, 1)[0]

	official, err := standardwebhooks.NewWebhook(secret)
	dbtest.Must(t, err)
	if err := official.Verify(got.body, got.header); err != nil {
		t.Errorf("the official library refuses the delivery: %v", err)
	}
	if err := official.Verify(append(got.body, ' '), got.header); err == nil {
		t.Error("the official library accepts any body")
	}
	if kind := got.header.Get("Content-Type"); kind != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("Content-Type: %s", kind)
	}
	said := got.said(t)
	if said["id"] != got.id() || !strings.HasPrefix(got.id(), "4-") {
		t.Errorf("the ids are %v and %s", said["id"], got.id())
	}
	want := map[string]any{
		"specversion": "1.0", "id": got.id(), "source": "https://tickets.example.com", "type": "booking.confirmed",
		"time": said["time"], "subject": b.event.String(), "datacontenttype": "application/json",
		"data": map[string]any{
			"schemaVersion": 1, "position": 4,
			"event": map[string]any{"id": b.event, "version": 4, "title": "Rock Night", "venue": "City Hall",
				"startsAt": "2030-05-04T19:30:00Z", "timeZone": "Europe/Lisbon"},
			"booking": map[string]any{
				"id": booked.BookingID, "customerId": booked.CustomerID, "currency": "EUR", "total": json.Number("110.5"),
				"lines": []any{
					map[string]any{"ticketTypeId": 1, "name": "Balcony", "quantity": 2, "price": json.Number("45")},
					map[string]any{"ticketTypeId": 2, "name": "Floor", "quantity": 1, "price": json.Number("20.5")},
				},
			},
		},
	}
	wanted, err := json.Marshal(want)
	dbtest.Must(t, err)
	told, err := json.Marshal(said)
	dbtest.Must(t, err)
	if string(told) != string(wanted) {
		t.Errorf("got  %s\nwant %s", told, wanted)
	}
}

func TestReadsOfTheAuditKeepNoMessageBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	b.webhook(r.url, "booking.confirmed")
	b.run()
	read := appendtest.Record{Type: eventstore.TypeLogRead, SchemaVersion: 1, Data: []byte(`{"what":"streams"}`)}
	_, err := appendtest.Append(t.Context(), b.Pool, eventstore.ReadsStream, 0, read)
	dbtest.Must(t, err)
	b.book(1)
	b.gets(r, 1)
}

// everything is a record of each type, with what is said about it.
func everything(d domain.Details, manager uuid.UUID) []struct {
	record domain.Record
	told   endpoint.Type
	part   string
} {
	id, of := uuid.New(), uuid.New()
	one, until := domain.Lines{{Type: 1, Quantity: 1, Price: 45_00}}, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ticket := domain.TicketID{BookingID: id, Type: 1, Number: 1}
	return []struct {
		record domain.Record
		told   endpoint.Type
		part   string
	}{
		{domain.EventScheduled{Details: d, Capacity: 3, OrganizerID: manager, Draft: true}, "event.scheduled", ""},
		{domain.EventPublished{}, "event.published", ""},
		{domain.DetailsChanged{Details: d}, "event.changed", ""},
		{domain.CapacityChanged{Capacity: 4}, "event.capacity_changed", ""},
		{domain.TicketBooked{BookingID: id, CustomerID: of, Lines: one, Currency: "EUR"}, "booking.confirmed", "booking"},
		{domain.TicketCheckedIn{TicketID: ticket, At: until, By: manager}, "ticket.checked_in", "ticket"},
		{domain.CheckInUndone{TicketID: ticket, By: manager, Reason: "Dora"}, "ticket.check_in_undone", "ticket"},
		{domain.BookingCancelled{BookingID: id, CustomerID: of, Lines: one}, "booking.cancelled", "booking"},
		{domain.TicketsHeld{HoldID: id, CustomerID: of, Lines: one, Currency: "EUR", ExpiresAt: until}, "hold.created",
			"hold"},
		{domain.HoldReleased{HoldID: id, CustomerID: of, Lines: one}, "hold.released", "hold"},
		{domain.HoldLapsed{HoldID: id, CustomerID: of, Lines: one}, "hold.lapsed", "hold"},
		{domain.HoldConfirmed{HoldID: id, CustomerID: of, Lines: one, Currency: "EUR"}, "booking.confirmed", "booking"},
		{domain.WaitlistJoined{EntryID: id, CustomerID: of, Lines: one}, "waitlist.joined", "waitlistEntry"},
		{domain.WaitlistLeft{EntryID: id, CustomerID: of, Lines: one}, "waitlist.left", "waitlistEntry"},
		{domain.TicketsOffered{EntryID: id, CustomerID: of, Lines: one, Currency: "EUR", ExpiresAt: until}, "offer.made",
			"waitlistEntry"},
		{domain.OfferDeclined{EntryID: id, CustomerID: of, Lines: one}, "offer.declined", "waitlistEntry"},
		{domain.OfferLapsed{EntryID: id, CustomerID: of, Lines: one}, "offer.lapsed", "waitlistEntry"},
		{domain.OrganizerAdded{UserID: of, Role: domain.RoleSell}, "", ""},
		{domain.OrganizerRemoved{UserID: of}, "", ""},
		{domain.EventCancelled{}, "event.cancelled", ""},
	}
}

func TestEveryTypeIsToldAndNamesNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	b.webhook(r.url)
	b.run()
	other, told := uuid.New(), map[string]bool{}
	var want int
	parts := map[string]string{}
	for _, c := range everything(b.details, b.owner) {
		b.add(other, c.record)
		if c.told != "" {
			want++
			parts[string(c.told)] = c.part
		}
	}
	for _, m := range b.gets(r, want) {
		said := m.said(t)
		kind := said["type"].(string)
		told[kind] = true
		if part := parts[kind]; part != "" && said["data"].(map[string]any)[part] == nil {
			t.Errorf("%s has no %s: %s", kind, part, m.body)
		}
		for _, personal := range []string{"@", "Secret Name", "Dora"} {
			if strings.Contains(string(m.body), personal) {
				t.Errorf("%s tells too much: %s", kind, m.body)
			}
		}
	}
	b.settled()
	if n := len(r.all()); n != want {
		t.Errorf("%d messages, want %d", n, want)
	}
	for _, kind := range endpoint.Types() {
		if !told[string(kind)] {
			t.Errorf("%s was never told", kind)
		}
	}
}

func TestOrganizersAreToldOfTheirEventsAndAdminsOfAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dbtest.Must(t, reactors.Begin(context.Background(), b.Pool, webhook.Reactors()...))
	b.book(1) // before there was anybody to tell
	all := map[string]*receiver{}
	add := func(name string, owner uuid.UUID, w endpoint.Wanted) {
		all[name] = b.receive(nil)
		w.URL = all[name].url
		b.webhookOf(owner, w)
	}
	other := uuid.New()
	b.add(other, domain.EventScheduled{Details: b.details, Capacity: 3, OrganizerID: b.stranger})
	former := b.user("organizer")
	add("owner", b.owner, endpoint.Wanted{})
	add("manager", b.manager, endpoint.Wanted{})
	add("seller", b.seller, endpoint.Wanted{})
	add("stranger", b.stranger, endpoint.Wanted{})
	add("admin", b.admin, endpoint.Wanted{})
	add("former", former, endpoint.Wanted{})
	add("types", b.owner, endpoint.Wanted{Types: []string{"event.cancelled", "booking.cancelled"}})
	add("event", b.admin, endpoint.Wanted{EventID: &other})
	demoted := b.user("organizer")
	add("demoted", demoted, endpoint.Wanted{})
	b.Exec(`update users set role = 'customer' where id = $1`, demoted)
	b.run()
	one := booking()
	b.add(b.event, domain.OrganizerAdded{UserID: former, Role: domain.RoleManage},
		domain.OrganizerAdded{UserID: demoted, Role: domain.RoleManage},
		one,
		domain.OrganizerRemoved{UserID: former},
		domain.BookingCancelled{BookingID: one.BookingID, CustomerID: one.CustomerID})
	b.add(other, domain.EventCancelled{})
	for name, want := range map[string]string{
		"owner": "booking.cancelled booking.confirmed", "manager": "booking.cancelled booking.confirmed", "seller": "",
		"stranger": "event.cancelled", "admin": "booking.cancelled booking.confirmed event.cancelled",
		"former": "booking.confirmed", "types": "booking.cancelled", "event": "event.cancelled", "demoted": "",
	} {
		b.eventually("those who want it get it", func() bool { return len(all[name].types(t)) >= len(want) })
		b.settled()
		if got := all[name].types(t); got != want {
			t.Errorf("%s is told of %q, want %q", name, got, want)
		}
	}
}

// An event that was scheduled by an older version belongs to the actor of its first record.
func TestTheSchedulerOwnsAnEventThatDoesNotSayWhoDoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	b.webhook(r.url, "event.cancelled")
	b.Exec(`alter table event_log disable trigger all`)
	event := uuid.New()
	b.add(event, domain.EventScheduled{Details: b.details, Capacity: 3})
	b.Exec(`
		update event_log
		set metadata = jsonb_set(metadata::jsonb, '{actor}', to_jsonb($2::text))
		where stream_id = $1`, event, b.owner.String())
	b.run()
	b.add(event, domain.EventCancelled{})
	b.gets(r, 1)
	if got := r.types(t); got != "event.cancelled" {
		t.Errorf("told of %q", got)
	}
}

func TestBothSecretsSignWhileOneIsBeingReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(nil)
	e, first := b.webhook(r.url)
	_, secret, err := b.store.Rotate(context.Background(), b.owner, e.ID)
	dbtest.Must(t, err)
	second := secret.Reveal()
	b.run()
	b.book(1)
	got := b.gets(r, 1)[0]
	verify(t, first, got)
	verify(t, second, got)
	b.settled()
	b.later(24 * time.Hour)
	b.book(1)
	got = b.gets(r, 2)[1]
	verify(t, second, got)
	if n := len(strings.Fields(got.header.Get("Webhook-Signature"))); n != 1 {
		t.Errorf("%d signatures a day later, want 1", n)
	}
}

func TestWhatFailsIsTriedAgainForThreeDaysWithTheSameId(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(status(500))
	e, secret := b.webhook(r.url)
	b.run()
	b.book(1)
	pauses := []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour,
		6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour,
	}
	var whole time.Duration
	for i, pause := range pauses {
		b.gets(r, i+1)
		b.settled()
		d := b.deliveries(e)[0]
		if d.Attempts != i+1 || d.Status != endpoint.Pending || d.StatusCode == nil || *d.StatusCode != 500 {
			t.Fatalf("after %d attempts: %+v", i+1, d)
		}
		wait := d.NextAt.Sub(*d.AttemptedAt)
		if wait < pause*9/10 || wait > pause*11/10+time.Second {
			t.Errorf("after attempt %d: a pause of %s, want about %s", i+1, wait, pause)
		}
		whole += pause
		b.later(d.NextAt.Sub(b.now()))
	}
	got := b.gets(r, len(pauses)+1)
	b.settled()
	if whole < 70*time.Hour || whole > 74*time.Hour {
		t.Errorf("the attempts take %s", whole)
	}
	for _, m := range got {
		verify(t, secret, m)
		if m.id() != got[0].id() || string(m.body) != string(got[0].body) {
			t.Error("an attempt differs from the first one")
		}
	}
	if d := b.deliveries(e)[0]; d.Status != endpoint.Failed || d.NextAt != nil || d.Attempts != 12 {
		t.Errorf("after the last attempt: %+v", d)
	}
}

func TestAnEndpointThatAnswersGoneIsSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(status(410))
	e, _ := b.webhook(r.url)
	b.run()
	b.book(1)
	b.eventually("it is switched off", func() bool { return b.statusOf(e) == endpoint.Gone })
	b.book(2)
	b.settled()
	all := b.deliveries(e)
	if len(all) != 1 || all[0].Status != endpoint.Failed || len(r.all()) != 1 {
		t.Errorf("%d requests, deliveries %+v", len(r.all()), all)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.stopped) != 1 || !strings.HasSuffix(b.stopped[0], "/hook") {
		t.Errorf("the owner is told of %v", b.stopped)
	}
}

func TestAnEndpointIsPausedWhenNothingArrivesForThreeDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(status(503))
	e, _ := b.webhook(r.url)
	b.run()
	b.book(1)
	b.gets(r, 1)
	b.settled()
	b.later(72*time.Hour - time.Minute)
	b.gets(r, 2)
	b.settled()
	if s := b.statusOf(e); s != endpoint.Active {
		t.Fatalf("it is %s too early", s)
	}
	b.later(2 * time.Minute)
	b.book(1)
	b.eventually("it is paused", func() bool { return b.statusOf(e) == endpoint.Failing })
	n := len(r.all())
	b.book(3)
	b.later(time.Hour)
	b.settled()
	if len(r.all()) != n {
		t.Error("requests are made although it is paused")
	}
	r.answerWith(nil)
	active := endpoint.Active
	_, err := b.store.Change(context.Background(), b.owner, e.ID, endpoint.Change{Status: &active})
	dbtest.Must(t, err)
	b.eventually("what has happened since is sent", func() bool {
		return b.Count(`select count(*) from webhook_deliveries where status = 'delivered'`) == 5
	})
	if e, err = b.store.Get(context.Background(), b.owner, e.ID); err != nil || e.FailingSince != nil {
		t.Errorf("it fails since %v (%v)", e.FailingSince, err)
	}
}

func TestAnEndpointIsPausedAfterTwentyDeliveriesThatWereGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(status(500))
	e, _ := b.webhook(r.url)
	b.run()
	b.book(19)
	last := func(n int) {
		b.eventually("they were tried", func() bool {
			return b.Count(`select count(*) from webhook_deliveries where attempts > 0`) >= n
		})
		b.settled()
		b.Exec(`update webhook_deliveries set attempts = 11, next_at = $1 where status = 'pending'`, b.now())
		b.queued()
		b.settled()
	}
	last(19)
	r.answerWith(nil) // one that arrives
	b.book(1)
	b.gets(r, 39)
	b.settled()
	r.answerWith(status(500))
	b.book(19)
	last(39)
	if s := b.statusOf(e); s != endpoint.Active {
		t.Fatalf("it is %s after 19", s)
	}
	b.book(1)
	last(40)
	if s := b.statusOf(e); s != endpoint.Failing {
		t.Errorf("it is %s after 20", s)
	}
}

// What happens while an endpoint is slow waits for nobody but it.
func TestASlowEndpointDelaysNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hang := make(chan struct{})
	slow := b.receive(func(http.ResponseWriter, int) { <-hang })
	defer close(hang)
	fast := b.receive(nil)
	b.webhook(slow.url)
	b.webhook(fast.url)
	b.run(func(o *webhook.Options) { o.Timeout = time.Hour })
	b.book(60)
	b.gets(fast, 60)
	if n := len(slow.all()); n > 4 {
		t.Errorf("the slow one gets %d requests at a time, want 4", n)
	}
}

func TestAFailingEndpointGetsOneRequestAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hang, hanging := make(chan struct{}), make(chan struct{}, 10)
	r := b.receive(func(w http.ResponseWriter, n int) {
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		hanging <- struct{}{}
		<-hang
	})
	defer close(hang)
	b.webhook(r.url)
	b.run(func(o *webhook.Options) { o.Timeout = time.Hour })
	b.book(1)
	b.gets(r, 1)
	b.settled()
	b.book(5)
	<-hanging
	b.eventually("all are written", func() bool { return b.Count(`select count(*) from webhook_deliveries`) == 6 })
	b.later(time.Minute)
	b.eventually("the sender has seen the clock", func() bool { return len(hanging) == 0 })
	if n := len(r.all()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestWhatAnEndpointAnswersDecidesWhatIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, int)
		code   int // 0: none
		want   string
	}{
		"a redirect": {func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, 307, "The endpoint redirects, which is not followed."},
		"an error": {status(418), 418, "The endpoint answered with an error."},
		"an answer that breaks off": {func(w http.ResponseWriter, _ int) {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, 200, ""},
		"a reset": {func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }, 0, "The endpoint can't be reached."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := b.receive(c.answer)
			e, _ := b.webhook(r.url)
			b.run()
			b.book(1)
			b.eventually("it was tried", func() bool {
				all := b.deliveries(e)
				return len(all) == 1 && all[0].Attempts == 1
			})
			d := b.deliveries(e)[0]
			if d.Error != c.want || (d.StatusCode == nil) != (c.code == 0) || d.StatusCode != nil && *d.StatusCode != c.code {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestAnEndpointThatNeverAnswersIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hang := make(chan struct{})
	r := b.receive(func(http.ResponseWriter, int) { <-hang })
	defer close(hang)
	e, _ := b.webhook(r.url)
	b.run(func(o *webhook.Options) { o.Timeout = 200 * time.Millisecond })
	b.book(1)
	b.eventually("it was tried", func() bool {
		all := b.deliveries(e)
		return len(all) == 1 && all[0].Error == "The endpoint did not answer in time."
	})
}

// An answer without an end is left after 4 kB: its sender finds that nobody reads any more.
func TestAnAnswerIsReadToFourKilobytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	left := make(chan struct{})
	r := b.receive(func(w http.ResponseWriter, _ int) {
		defer close(left)
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	e, _ := b.webhook(r.url)
	b.run(func(o *webhook.Options) { o.Timeout = time.Hour })
	b.book(1)
	<-left
	b.eventually("it counts as delivered", func() bool { return b.deliveries(e)[0].Status == endpoint.Delivered })
}

func TestTheLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.receive(status(410))
	_, secret := b.webhook(r.url)
	b.run()
	b.book(1)
	b.eventually("it is switched off", func() bool {
		return strings.Contains(b.log.String(), "a webhook was switched off")
	})
	for _, text := range []string{secret, strings.TrimPrefix(secret, "whsec_"), "s3cret", "127.0.0.1"} {
		if strings.Contains(b.log.String(), text) {
			t.Errorf("%s is in the log:\n%s", text, b.log)
		}
	}
}
