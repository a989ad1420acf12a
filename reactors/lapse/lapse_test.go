package lapse_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/reactors/lapse"
)

func TestALapseIsRecordedWhenItsTimeComes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start("timer")
	b.holds("timer")
	event := b.schedule(5)
	until := b.hold(event, 3*time.Second)
	b.hold(event, time.Hour)
	b.tells(event, "TicketsHeld", "TicketsHeld", "HoldLapsed")
	records, err := b.log.Stream(t.Context(), event, 1, 3)
	dbtest.Must(t, err)
	late := records[2].RecordedAt.Sub(until)
	t.Logf("it was %s late", late)
	if late < -time.Millisecond || late > 2*time.Second { // records have whole microseconds
		t.Errorf("the lapse was recorded %s after the end of the hold, want at most 2 s", late)
	}
}

func TestALapseIsRecordedWhateverTheReadModelSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.schedule(5)
	b.hold(event, time.Hour)
	_, err := b.Pool.Exec(t.Context(), `update holds set expires_at = now() - interval '1 hour'`)
	dbtest.Must(t, err)
	p := b.start("timer")
	waittest.For(b, "the timer has asked", func() bool { return p.calls.Load() > 0 })
	if n, err := b.service.LapseHolds(t.Context(), event); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if got := b.story(event); got != "TicketsHeld" {
		t.Errorf("the stream says %q: only its own holds count", got)
	}
}

func TestALapseOffersTheTicketToTheNext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.schedule(1)
	b.hold(event, time.Minute)
	b.do(event, domain.JoinWaitlist{EntryID: uuid.New(), CustomerID: uuid.New(), Now: b.now()},
		domain.JoinWaitlist{EntryID: uuid.New(), CustomerID: uuid.New(), Now: b.now()})
	b.start("timer")
	b.holds("timer")
	b.advance(2 * time.Minute)
	b.wake()
	b.tells(event, "TicketsHeld", "WaitlistJoined", "WaitlistJoined", "HoldLapsed", "TicketsOffered")
	b.advance(domain.DefaultHoldTime + time.Second)
	b.wake()
	b.tells(event, "TicketsHeld", "WaitlistJoined", "WaitlistJoined", "HoldLapsed", "TicketsOffered",
		"OfferLapsed", "TicketsOffered")
}

// The control: nothing depends on the timer.
func TestWithoutATimerALapseIsRecordedByWhoNeedsTheTicket(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.schedule(1)
	b.hold(event, time.Minute)
	b.advance(2 * time.Minute)
	b.wake()
	if got := b.story(event); got != "TicketsHeld" {
		t.Fatalf("the stream says %q before anybody needs the ticket", got)
	}
	_, err := b.service.Book(t.Context(), booking.Request{Actor: uuid.New()}, booking.Book{EventID: event})
	dbtest.Must(t, err)
	b.tells(event, "TicketsHeld", "HoldLapsed", "TicketBooked")
}

func TestOneProcessRecordsAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.start("first")
	b.holds("first")
	second := b.start("second")
	event := b.schedule(5)
	b.hold(event, time.Minute)
	b.advance(2 * time.Minute)
	b.wake()
	b.tells(event, "TicketsHeld", "HoldLapsed")
	if first.calls.Load() == 0 || second.calls.Load() > 0 {
		t.Errorf("the first has recorded %d times, the second %d times", first.calls.Load(), second.calls.Load())
	}
	first.stop()
	b.holds("second")
	b.hold(event, time.Minute)
	b.advance(2 * time.Minute)
	b.wake()
	b.tells(event, "TicketsHeld", "HoldLapsed", "TicketsHeld", "HoldLapsed")
}

func TestWhatBecameDueWhileNobodyRanIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.schedule(5)
	b.hold(event, time.Minute)
	b.advance(time.Hour)
	// The process that had the lease was killed.
	_, err := b.Pool.Exec(t.Context(), `
		insert into reactor_offsets (name, holder, fence, lease_until)
		values ('lapse', 'killed', 7, clock_timestamp() + interval '1 second')`)
	dbtest.Must(t, err)
	b.start("survivor")
	b.tells(event, "TicketsHeld", "HoldLapsed")
	if got := b.holder(); got != "survivor" {
		t.Errorf("%q has the lease", got)
	}
}

func TestAStreamThatCannotBeReadKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hurt, good := b.schedule(5), b.schedule(5)
	b.hold(hurt, time.Minute)
	_, err := b.Pool.Exec(t.Context(), `update holds set event_id = $1`, uuid.New()) // of which there is no stream
	dbtest.Must(t, err)
	b.start("timer")
	b.advance(2 * time.Minute)
	var story []string
	for range 3 {
		b.hold(good, time.Minute)
		b.advance(2 * time.Minute)
		b.wake()
		story = append(story, "TicketsHeld", "HoldLapsed")
		b.tells(good, story...)
	}
}

// inVain is a [lapse.Lapser] that never has anything to record.
type inVain struct{ calls atomic.Int64 }

func (l *inVain) LapseHolds(context.Context, uuid.UUID) (int, error) { l.calls.Add(1); return 0, nil }

// As while the read models lag.
func TestAnEventWhoseLapseIsRecordedAlreadyIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hold(b.schedule(5), time.Minute)
	b.advance(2 * time.Minute)
	lapser := &inVain{}
	b.start("timer", func(o *lapse.Options) { o.Lapser = lapser })
	waittest.For(b, "the timer has asked", func() bool { return lapser.calls.Load() > 0 })
	began := time.Now()
	waittest.For(b, "3 s have passed", func() bool { return time.Since(began) > 3*time.Second })
	if calls := lapser.calls.Load(); calls > 2 {
		t.Errorf("it was asked %d times", calls)
	}
}

func TestAnIdleTimerCostsAStatementEveryFewSeconds(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	b.hold(b.schedule(5), time.Hour)
	seen := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(2), seen.Trace)
	b.start("timer", func(o *lapse.Options) { o.Pool = pool })
	waittest.For(b, "the timer has begun", func() bool { return len(seen.All()) >= 2 })
	// The lease is renewed every 3 s, and the read model read every 10 s.
	before, began := len(seen.All()), time.Now()
	waittest.For(b, "12 s have passed", func() bool { return time.Since(began) > 12*time.Second })
	took := time.Since(began).Seconds()
	now := seen.All()[before:]
	t.Logf("%d statements in %.1f s: %q", len(now), took, now)
	if len(now) == 0 || float64(len(now)) > took/3+3 {
		t.Errorf("%d statements in %.1f s: %q", len(now), took, now)
	}
}

func TestManyHoldsLapseInTheSameSecond(t *testing.T) { //nolint:tparallel // one after the other, because of the time
	t.Parallel()
	dbtest.Slow(t)
	for name, events := range map[string]int{"of one event": 1, "of 100 events": 100} {
		t.Run(name, func(t *testing.T) {
			const holds = 2_000
			b := setup(t)
			now := b.now()
			for range events {
				event := uuid.New()
				records, until := []domain.Record{scheduled(now, holds)}, now.Add(time.Hour).UTC().Truncate(time.Second)
				for range holds / events {
					records = append(records, domain.TicketsHeld{HoldID: uuid.New(), CustomerID: uuid.New(), Currency: "EUR",
						Lines: domain.Lines{{Type: 1, Quantity: 1, Price: 4200}}, ExpiresAt: until})
				}
				b.append(event, 0, records...)
			}
			count := func(status string) int { return b.Count(`select count(*) from holds where status = $1`, status) }
			waittest.For(b, "all are held", func() bool { return count("HELD") == holds })
			registry := prometheus.NewRegistry()
			b.start("timer", func(o *lapse.Options) { o.Registerer = registry })
			b.holds("timer")
			var before int64
			dbtest.Must(t, b.Pool.QueryRow(t.Context(), `select position from log_head`).Scan(&before))
			b.advance(time.Hour)
			began := time.Now()
			b.wake()
			waittest.For(b, "all have lapsed", func() bool { return count("LAPSED") == holds })
			var records, transactions int
			dbtest.Must(t, b.Pool.QueryRow(t.Context(), `
				select count(*), count(distinct xmin::text) from event_log where type = 'HoldLapsed'`).
				Scan(&records, &transactions))
			t.Logf("%d lapses in %s, in %d transactions", records, time.Since(began), transactions)
			if records != holds {
				t.Errorf("%d lapses were recorded, want %d", records, holds)
			}
			var got map[string]float64
			waittest.For(b, "all are counted", func() bool { // after they are committed, and so perhaps after they are shown
				got = measured(t, registry)
				return got["boxoffice_lapses_recorded_total"] >= holds && got["boxoffice_lapses_delay_seconds"] > 0
			})
			if got["boxoffice_lapses_recorded_total"] != holds || got["boxoffice_lapses_due"] != 0 ||
				got["boxoffice_lapses_lag_seconds"] != 0 {
				t.Errorf("got %v", got)
			}
		})
	}
}

// measured is what a registry has: the counts of histograms, and the values of the others.
func measured(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	dbtest.Must(t, err)
	got := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		got[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return got
}

func TestAnyProcessShowsThatNobodyRecordsWhatIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.schedule(5)
	b.hold(event, time.Minute)
	b.hold(event, time.Minute)
	_, err := b.Pool.Exec(t.Context(), `
		insert into reactor_offsets (name, holder, fence, lease_until)
		values ('lapse', 'frozen', 7, clock_timestamp() + interval '1 hour')`)
	dbtest.Must(t, err)
	b.advance(time.Hour)
	registry := prometheus.NewRegistry()
	b.start("timer", func(o *lapse.Options) { o.Registerer = registry })
	waittest.For(b, "the metrics are there", func() bool {
		got := measured(t, registry)
		return got["boxoffice_lapses_due"] == 2 && int(got["boxoffice_lapses_lag_seconds"])/60 == 59 &&
			got["boxoffice_lapses_recorded_total"] == 0
	})
}
