package audit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

var (
	past   = time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC)
	future = time.Date(2089, 1, 1, 12, 0, 0, 0, time.UTC)
)

func floor(n int) domain.Lines   { return domain.Lines{{Type: 1, Quantity: n}} }
func balcony(n int) domain.Lines { return domain.Lines{{Type: 2, Quantity: n}} }

// hall is an event with two ticket types, of which the second has one ticket.
func hall(capacity int) domain.EventScheduled {
	d := concert(1)
	d.TicketTypes = []domain.TicketType{{ID: 1, Name: "Floor", Price: 100},
		{ID: 2, Name: "Balcony", Price: 200, Capacity: 1}}
	d.MaxPerCustomer = 4
	return domain.EventScheduled{Details: d, Capacity: capacity}
}

func booked(n int, lines domain.Lines) domain.Record {
	return domain.TicketBooked{BookingID: id('b', n), CustomerID: id('c', n), Currency: "EUR", Lines: lines}
}

func givenBack(n int, lines domain.Lines) domain.Record {
	return domain.BookingCancelled{BookingID: id('b', n), CustomerID: id('c', n), Lines: lines}
}

func joined(n int, lines domain.Lines) domain.Record {
	return domain.WaitlistJoined{EntryID: id('w', n), CustomerID: id('c', n), Lines: lines}
}

func offered(n int, lines domain.Lines, until time.Time) domain.Record {
	return domain.TicketsOffered{EntryID: id('w', n), CustomerID: id('c', n), Currency: "EUR", Lines: lines,
		ExpiresAt: until}
}

// fullHall has three tickets, all sold, and three who wait: for two, for the balcony and for one.
func fullHall() []domain.Record {
	return []domain.Record{hall(3), booked(1, floor(1)), booked(2, floor(1)), booked(3, balcony(1)),
		joined(11, floor(2)), joined(12, balcony(1)), joined(13, floor(1))}
}

func (b *box) fairness(stream uuid.UUID) (audit.FairnessReport, []audit.FairnessStep) {
	b.Helper()
	var steps []audit.FairnessStep
	report, err := audit.NewHistory(b.pool).Fairness(b.ctx, stream, func(s audit.FairnessStep) error {
		steps = append(steps, s)
		return nil
	})
	dbtest.Must(b, err)
	return report, steps
}

func TestFairnessTellsWhoGotFreedTicketsAndWhy(t *testing.T) {
	b := open(t)
	stream := id('e', 1)
	b.happen(stream, fullHall()...)
	b.happen(stream,
		givenBack(1, floor(1)), offered(13, floor(1), past), // 8, 9: the first wants two, and the balcony is full
		givenBack(3, balcony(1)), offered(12, balcony(1), future), // 10, 11
		domain.OfferLapsed{EntryID: id('w', 13), CustomerID: id('c', 13), Lines: floor(1)}, // 12: one is not enough
		domain.CapacityChanged{Capacity: 4}, offered(11, floor(2), future),                 // 13, 14
		domain.HoldConfirmed{HoldID: id('w', 11), CustomerID: id('c', 11), Currency: "EUR", Lines: floor(2), Offered: true},
		domain.OfferDeclined{EntryID: id('w', 12), CustomerID: id('c', 12), Lines: balcony(1)}, // 16: nobody waits
		joined(14, floor(2)), domain.EventCancelled{}, // 17, 18
		givenBack(2, floor(1))) // 19: called off
	report, steps := b.fairness(stream)
	if len(report.Findings) != 0 || report.Freed != 6 || report.Offers != 3 || report.Joined != 4 || report.Waiting != 1 ||
		report.Version != 19 {
		t.Errorf("got %+v", report)
	}
	var said []string
	for _, s := range steps {
		who := "-"
		if s.CustomerID != nil {
			who = s.CustomerID.String()[34:]
		}
		said = append(said, strings.Join([]string{s.Type, who, audit.LinesText(s.Lines), s.Outcome}, "|"))
	}
	want := `BookingCancelled|01|1 × type 1|offered
TicketsOffered|0d|1 × type 1|offered
BookingCancelled|03|1 × type 2|offered
TicketsOffered|0c|1 × type 2|offered
OfferLapsed|0d|1 × type 1|not enough
CapacityChanged|-||offered
TicketsOffered|0b|2 × type 1|offered
OfferDeclined|0c|1 × type 2|nobody waits
BookingCancelled|02|1 × type 1|not on sale`
	if got := strings.Join(said, "\n"); got != want {
		t.Fatalf("got:\n%s\nwant:\n%s", got, want)
	}
	first := steps[1]
	if first.Version != 9 || first.Position != 9 || first.Free != 1 || first.Waiting != 3 || first.Offer.Number != 3 ||
		first.Offer.Joined != 7 || first.Offer.Before != 2 || len(first.Offer.Skipped) != 2 {
		t.Fatalf("got %+v %+v", first, first.Offer)
	}
	two, seat := first.Offer.Skipped[0], first.Offer.Skipped[1]
	if two.Number != 1 || two.CustomerID != id('c', 11) || two.Type != 0 || two.Free != 1 || two.Others != 0 ||
		seat.Number != 2 || seat.Type != 2 || seat.Free != 0 {
		t.Errorf("skipped %+v %+v", two, seat)
	}
	if len(steps[3].Offer.Skipped) != 1 || len(steps[6].Offer.Skipped) != 0 {
		t.Errorf("skipped %+v, %+v", steps[3].Offer, steps[6].Offer)
	}
	if _, err := audit.NewHistory(b.pool).Fairness(b.ctx, id('e', 9), nil); !errors.Is(err, audit.ErrNoStream) {
		t.Errorf("got %v", err)
	}
}

// Each log is wrong in one way, and right where it says nothing.
func TestFairnessFindsWhatIsNotRight(t *testing.T) {
	b := open(t)
	onHold := domain.TicketsHeld{HoldID: id('h', 1), CustomerID: id('c', 1), Currency: "EUR", Lines: floor(1),
		ExpiresAt: future}
	late := hall(3)
	late.Details.SaleOpensAt = future
	closes := hall(3)
	closes.Details.SaleClosesAt = future
	over := hall(3)
	over.Details.SaleClosesAt = past
	draft := hall(3)
	draft.Draft = true
	for i, c := range []struct {
		name    string
		start   []domain.Record
		then    []domain.Record
		version int // of the first finding
		detail  string
	}{
		{"offer to the second", []domain.Record{hall(1), booked(1, floor(1)), joined(11, floor(1)), joined(12, floor(1))},
			[]domain.Record{givenBack(1, floor(1)), offered(12, floor(1), future)}, 6,
			id('c', 11).String() + ", who joined at version 3 as number 1, comes first: 1 are free"},
		{"no offer at the end", fullHall(), []domain.Record{givenBack(1, floor(1))}, 8,
			id('c', 13).String() + ", who joined at version 7 as number 3, waits for 1 and gets no offer, while 1 are free"},
		{"no offer before something else", fullHall(), []domain.Record{givenBack(1, floor(1)),
			domain.WaitlistLeft{EntryID: id('w', 13), CustomerID: id('c', 13), Lines: floor(1)}}, 8, "gets no offer"},
		{"offer to one of two", []domain.Record{hall(2), booked(1, floor(2)), joined(11, floor(1)), joined(12, floor(1))},
			[]domain.Record{givenBack(1, floor(2)), offered(11, floor(1), future)}, 6, id('c', 12).String()},
		{"no offer after more capacity", fullHall(), []domain.Record{domain.CapacityChanged{Capacity: 4}}, 8,
			"gets no offer"},
		{"sold to somebody else", fullHall(), []domain.Record{givenBack(1, floor(1)), booked(4, floor(1))}, 8,
			"gets no offer"},
		{"sold to somebody else when the sale is over", []domain.Record{over, booked(1, floor(3)), joined(11, floor(1)),
			givenBack(1, floor(3))}, []domain.Record{booked(4, floor(1))}, 5,
			"go to somebody else, while the customer " + id('c', 11).String()},
		{"offered twice", fullHall(), []domain.Record{givenBack(1, floor(1)), offered(13, floor(1), future),
			givenBack(2, floor(1)), offered(13, floor(1), future)}, 11, "its tickets are offered twice"},
		{"offer without free tickets", fullHall(), []domain.Record{offered(13, floor(1), future)}, 8,
			"no free tickets are enough for anybody"},
		{"offer to somebody who does not wait", fullHall(), []domain.Record{givenBack(1, floor(1)),
			offered(14, floor(1), future)}, 9, "is not on the waiting list"},
		{"offer of something else", fullHall(), []domain.Record{givenBack(1, floor(1)), givenBack(2, floor(1)),
			offered(13, floor(2), future)}, 8, "gets no offer"},
		{"offer after the end of the sale", []domain.Record{closes, booked(1, floor(3)), joined(11, floor(1))},
			[]domain.Record{givenBack(1, floor(3)), offered(11, floor(1), future.Add(time.Hour))}, 5, "ends after the end"},
		{"lapse of an offer before its time", fullHall(), []domain.Record{givenBack(1, floor(1)),
			offered(13, floor(1), future), domain.OfferLapsed{EntryID: id('w', 13), CustomerID: id('c', 13), Lines: floor(1)}},
			10, "before its time, which is 2089"},
		{"lapse of a hold before its time", []domain.Record{hall(3), onHold},
			[]domain.Record{domain.HoldLapsed{HoldID: onHold.HoldID, CustomerID: onHold.CustomerID, Lines: floor(1)}}, 3,
			"before its time"},
		{"lapse of more than was held", []domain.Record{hall(3), onHold},
			[]domain.Record{domain.HoldReleased{HoldID: onHold.HoldID, CustomerID: onHold.CustomerID, Lines: floor(2)}}, 3,
			"ends as another one than it was: 1 × type 1"},
		{"released twice", []domain.Record{hall(3), onHold,
			domain.HoldReleased{HoldID: onHold.HoldID, CustomerID: onHold.CustomerID, Lines: floor(1)}},
			[]domain.Record{domain.HoldReleased{HoldID: onHold.HoldID, CustomerID: onHold.CustomerID, Lines: floor(1)}}, 4,
			"has ended before"},
		{"given back twice", fullHall()[:4], []domain.Record{givenBack(1, floor(1)), givenBack(1, floor(1))}, 6,
			"that it does not have"},
		{"more than there is", fullHall()[:4], []domain.Record{booked(4, floor(1))}, 5,
			"1 × type 1 are taken, and 0 are free"},
		{"more than there is of a type", fullHall()[:1], []domain.Record{booked(4, balcony(2))}, 2,
			"and 1 of type 2 are free"},
		{"waiting for what is free", fullHall()[:3], []domain.Record{joined(11, floor(1))}, 4,
			"join the waiting list, while 1"},
		{"before the sale", []domain.Record{late}, []domain.Record{booked(1, floor(1))}, 2, "opens at 2089"},
		{"of a draft", []domain.Record{draft}, []domain.Record{booked(1, floor(1))}, 2, "is not published"},
		{"leaving twice", fullHall(), []domain.Record{
			domain.WaitlistLeft{EntryID: id('w', 13), CustomerID: id('c', 13), Lines: floor(1)},
			domain.WaitlistLeft{EntryID: id('w', 13), CustomerID: id('c', 13), Lines: floor(1)}}, 9, "is not on it"},
	} {
		stream := id('e', 100+i)
		b.happen(stream, c.start...)
		if report, _ := b.fairness(stream); len(report.Findings) > 0 {
			t.Errorf("%s: found in the right part: %v", c.name, report.Findings)
		}
		b.happen(stream, c.then...)
		report, steps := b.fairness(stream)
		if len(report.Findings) == 0 || report.Findings[0].Version != c.version ||
			report.Findings[0].Check != audit.CheckFairness || !strings.Contains(report.Findings[0].Detail, c.detail) {
			t.Errorf("%s: found %v, want %q at version %d", c.name, report.Findings, c.detail, c.version)
		}
		for _, s := range steps {
			if s.Version == c.version && s.Problem == "" {
				t.Errorf("%s: the step says nothing: %+v", c.name, s)
			}
		}
	}
}

// What can't be read ends the replay; what was found before stays.
func TestFairnessSaysWhereItCanNotRead(t *testing.T) {
	b := open(t)
	b.happen(id('e', 1), fullHall()...)
	b.tamper(`update event_log set data = '7' where version = 3`)
	report, _ := b.fairness(id('e', 1))
	if len(report.Findings) != 1 || report.Findings[0].Check != audit.CheckDecode || report.Findings[0].Version != 3 ||
		report.Records != 2 {
		t.Errorf("got %+v", report)
	}
}
