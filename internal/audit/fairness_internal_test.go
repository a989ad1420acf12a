package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

var noon = time.Date(2090, 1, 1, 12, 0, 0, 0, time.UTC)

// feed replays one more record, which is recorded at a time.
func (f *fairness) feed(tb rapid.TB, at time.Time, r domain.Record) {
	tb.Helper()
	n := f.report.Version + 1
	f.record = &eventstore.Record{Position: int64(n), Version: n, Type: fmt.Sprintf("%T", r), RecordedAt: at}
	if err := f.next(r); err != nil {
		tb.Fatal(err)
	}
}

func replayed(tb rapid.TB, records []timed) FairnessReport {
	tb.Helper()
	f := newFairness(uuid.Nil, func(FairnessStep) error { return nil })
	for _, r := range records {
		f.feed(tb, r.at, r.record)
	}
	if err := f.end(); err != nil {
		tb.Fatal(err)
	}
	return f.report
}

type timed struct {
	at     time.Time
	record domain.Record
}

func number(kind byte, n int) uuid.UUID { return uuid.UUID{0: kind, 6: 0x40, 8: 0x80, 15: byte(n)} }

func someEvent(t *rapid.T, now time.Time) domain.Details {
	d := domain.Details{Title: "Concert", Venue: "Hall", TimeZone: "UTC", Currency: "EUR", MaxPerCustomer: 4,
		StartsAt: noon.AddDate(0, 0, 1), TicketTypes: []domain.TicketType{{ID: 1, Name: "Floor", Price: 100},
			{ID: 2, Name: "Balcony", Price: 200, Capacity: rapid.IntRange(0, 3).Draw(t, "balcony")}}}
	switch rapid.IntRange(0, 9).Draw(t, "sale") {
	case 0:
		d.SaleClosesAt = now.Add(time.Minute)
	case 1:
		d.SaleOpensAt = now.Add(2 * time.Minute)
	}
	return d
}

func someCommand(t *rapid.T, now time.Time) domain.Command {
	n := rapid.IntRange(1, 12).Draw(t, "id")
	id, by := number('i', n), number('c', n%6)
	lines := rapid.SampledFrom([]domain.Lines{
		nil, {{Type: 1, Quantity: 2}}, {{Type: 2, Quantity: 1}}, {{Type: 1, Quantity: 1}, {Type: 2, Quantity: 1}},
		{{Type: 2, Quantity: 2}}, {{Type: 1, Quantity: 3}},
	}).Draw(t, "lines")
	switch rapid.IntRange(0, 15).Draw(t, "command") {
	case 0, 1:
		return domain.BookTicket{BookingID: id, CustomerID: by, Lines: lines, Now: now, OfferTime: time.Minute}
	case 2, 3:
		return domain.CancelBooking{BookingID: id, CustomerID: by, Now: now, OfferTime: time.Minute}
	case 4, 5:
		return domain.HoldTickets{HoldID: id, CustomerID: by, Lines: lines, Until: now.Add(2 * time.Minute), Now: now,
			OfferTime: time.Minute}
	case 6:
		return domain.ConfirmHold{HoldID: id, CustomerID: by, Now: now}
	case 7:
		return domain.ReleaseHold{HoldID: id, CustomerID: by, Now: now, OfferTime: time.Minute}
	case 8, 9, 10, 11:
		return domain.JoinWaitlist{EntryID: id, CustomerID: by, Lines: lines, Now: now, OfferTime: time.Minute}
	case 12:
		return domain.LeaveWaitlist{CustomerID: by}
	case 13:
		return domain.LapseHolds{Now: now, OfferTime: time.Minute}
	case 14:
		return domain.ChangeCapacity{Capacity: rapid.IntRange(1, 6).Draw(t, "capacity"), Now: now, OfferTime: time.Minute}
	}
	return domain.ChangeDetails{Details: someEvent(t, now), Now: now, OfferTime: time.Minute}
}

// someHistory is what the rules have decided: each record with the time of its decision or a little
// later.
func someHistory(t *rapid.T) (history []timed) {
	now, state := noon, domain.State{}
	ask := func(c domain.Command) {
		records, err := domain.Decide(c, state)
		if err != nil {
			return
		}
		recorded := now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "delay")) * time.Millisecond)
		state = state.Evolve(records...)
		for _, r := range records {
			history = append(history, timed{recorded, r})
		}
	}
	ask(domain.ScheduleEvent{Details: someEvent(t, now), Capacity: rapid.IntRange(1, 4).Draw(t, "capacity")})
	for range rapid.SampledFrom([]int{300, 150, 60, 5}).Draw(t, "length") {
		now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 10, 60, 200}).Draw(t, "seconds")) * time.Second)
		ask(someCommand(t, now))
	}
	return history
}

// What the rules decide is fair, by a replay that does not know them.
func TestWhatTheRulesDecideIsFair(t *testing.T) {
	t.Parallel()
	offers, freed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		history := someHistory(t)
		report := replayed(t, history)
		offers, freed = offers+report.Offers, freed+report.Freed
		if len(report.Findings) > 0 {
			for i, r := range history {
				t.Logf("%3d %s %T %+v", i+1, r.at.Format(time.TimeOnly), r.record, r.record)
			}
			t.Fatalf("found %v", report.Findings)
		}
	})
	if offers < 100 || freed < 500 {
		t.Errorf("%d offers after %d records that freed tickets: these histories test nothing", offers, freed)
	}
}

// Without an offer, with one to somebody else, or with one twice a fair history is not fair any more.
func TestAForgedOfferIsAlwaysFound(t *testing.T) {
	t.Parallel()
	forged := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		history := someHistory(t)
		for i, r := range history {
			offer, is := r.record.(domain.TicketsOffered)
			if !is {
				continue
			}
			f := newFairness(uuid.Nil, func(FairnessStep) error { return nil })
			for _, before := range history[:i] {
				f.feed(t, before.at, before.record)
			}
			// Nothing is due to those who wait in the first minute of a sale.
			if due := f.owed != ""; due {
				forged["none"]++
				if report := replayed(t, history[:i]); len(report.Findings) == 0 {
					t.Fatalf("an offer is left out after %d records, and that is not found", i)
				}
			}
			twice := append(append([]timed{}, history[:i+1]...), r)
			if report := replayed(t, twice); len(report.Findings) == 0 {
				t.Fatalf("record %d is there twice, and that is not found", i+1)
			}
			for id, e := range f.waiting.entries {
				if id == offer.EntryID {
					continue
				}
				forged["other"]++
				other := domain.TicketsOffered{EntryID: id, CustomerID: e.by, Currency: offer.Currency, Lines: asked(e.wants),
					ExpiresAt: offer.ExpiresAt}
				wrong := append(append([]timed{}, history[:i]...), timed{r.at, other})
				if report := replayed(t, wrong); len(report.Findings) == 0 {
					t.Fatalf("record %d offers to %v, and that is not found", i+1, e)
				}
			}
		}
	})
	if forged["none"] < 50 || forged["other"] < 50 {
		t.Errorf("forged %v: these histories test nothing", forged)
	}
}

func asked(w wants) (lines domain.Lines) {
	for _, line := range w.lines() {
		lines = append(lines, domain.Line{Type: line.Type, Quantity: line.Quantity})
	}
	return lines
}
