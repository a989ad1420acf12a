package domain_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
)

var someLines = []domain.Lines{nil, {floor(1)}, {floor(2)}, {balcony(1)}, {floor(1), balcony(1)}, {balcony(2)}}

// anyClaim is a command that customers give about tickets, at a time.
func anyClaim(now time.Time) *rapid.Generator[domain.Command] {
	return rapid.Custom(func(t *rapid.T) domain.Command {
		n := rapid.IntRange(0, len(bookings)-1).Draw(t, "id")
		id, owner := bookings[n], people[n%len(people)] // no two customers are given the same id
		person := owner
		if rarely(t, "another person") {
			person = rapid.SampledFrom(people).Draw(t, "person")
		}
		lines := rapid.SampledFrom(someLines).Draw(t, "lines")
		switch rapid.IntRange(0, 13).Draw(t, "claim") {
		case 0, 1, 2:
			until := now.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "minutes")) * time.Minute)
			return domain.HoldTickets{HoldID: id, CustomerID: owner, Lines: lines, Until: until, Now: now}
		case 3:
			return confirm(id, person, now)
		case 4:
			return release(id, person, now)
		case 5, 6, 7, 8:
			return domain.JoinWaitlist{EntryID: id, CustomerID: owner, Lines: lines, Now: now, OfferTime: time.Minute}
		case 9:
			return domain.LeaveWaitlist{CustomerID: person}
		case 10:
			return domain.LapseHolds{Now: now, OfferTime: 2 * time.Minute}
		case 11, 12:
			return giveBack(id, person, now)
		}
		return order(id, owner, now, lines...)
	})
}

func anyClaimRecord() *rapid.Generator[domain.Record] {
	return rapid.Custom(func(t *rapid.T) domain.Record {
		person := rapid.SampledFrom(people).Draw(t, "person")
		id := rapid.SampledFrom(bookings).Draw(t, "id")
		lines := rapid.SampledFrom(someLines[1:]).Draw(t, "lines")
		until := inTime.Add(time.Duration(rapid.IntRange(-9, 9).Draw(t, "minutes")) * time.Minute)
		switch rapid.IntRange(0, 10).Draw(t, "record") {
		case 0, 1:
			return held(id, person, until, lines...)
		case 2:
			return confirmed(id, person, lines...)
		case 3:
			return released(id, person, lines...)
		case 4:
			return lapsed(id, person, lines...)
		case 5, 6:
			return joined(id, person, lines...)
		case 7:
			return offered(id, person, until, lines...)
		case 8:
			return domain.WaitlistLeft{EntryID: id, CustomerID: person, Lines: lines}
		case 9:
			return domain.OfferLapsed{EntryID: id, CustomerID: person, Lines: lines}
		}
		return sold(id, person, lines...)
	})
}

// organize is a command of the organizer.
func organize(t *rapid.T, now time.Time) domain.Command {
	switch rapid.IntRange(0, 4).Draw(t, "organizer") {
	case 0:
		d := hall(3, rapid.IntRange(0, 3).Draw(t, "balcony"))
		if rarely(t, "closes") {
			d.SaleClosesAt = now.Add(time.Minute)
		}
		return domain.ChangeDetails{Details: d, Now: now}
	case 1:
		if rarely(t, "call off") {
			return callOff()
		}
	}
	return domain.ChangeCapacity{Capacity: rapid.IntRange(1, 6).Draw(t, "capacity"), Now: now}
}

// Time goes on, answers are lost and commands come again, and what becomes free is offered to those who
// wait, in their order.
func TestHistoriesWithHoldsAndAWaitingListKeepEveryInvariant(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]int{}
	rapid.Check(t, func(t *rapid.T) {
		start := opened(rapid.IntRange(1, 4).Draw(t, "capacity"), 3, rapid.IntRange(0, 2).Draw(t, "balcony"))
		now, state, asked := noon, domain.Fold(start), []domain.Command(nil)
		var replay domain.Replay
		book := claimLedger{bookings: map[uuid.UUID]claim{}, holds: map[uuid.UUID]claim{}}
		book.write(t, start, now)
		if err := replay.Next(start); err != nil {
			t.Fatal(err)
		}
		history := []domain.Record{start}
		for range rapid.SampledFrom([]int{60, 30, 15, 5, 2}).Draw(t, "length") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 120}).Draw(t, "seconds")) * time.Second)
			command := anyClaim(now).Draw(t, "ask")
			switch {
			case rarely(t, "organizer"):
				command = organize(t, now)
			case len(asked) > 0 && rarely(t, "again"):
				command = rapid.SampledFrom(asked).Draw(t, "repeated")
			}
			asked = append(asked, command)
			records, err := domain.Decide(command, state)
			if err != nil && len(records) > 0 {
				t.Fatalf("%T%+v was refused (%v), with records", command, command, err)
			}
			if errors.Is(err, domain.ErrSoldOut) {
				book.soldOut(t, command)
			}
			for _, r := range records {
				if err := replay.Next(r); err != nil {
					t.Fatalf("%T%+v after %T%+v can't be explained: %v", r, r, command, command, err)
				}
				book.write(t, r, timeOf(command, now))
				seen[reflect.TypeOf(r)]++
			}
			history, state = append(history, records...), state.Evolve(records...)
			book.compare(t, state, now)
			if len(records) > 0 {
				book.nobodyIsPassedOver(t, timeOf(command, now))
			}
		}
		checkCopies(t, state, history)
	})
	if !t.Failed() && len(seen) < 13 {
		t.Errorf("the histories are too tame: %v", seen)
	}
}

// timeOf is when a command was given, which may be long before it is decided.
func timeOf(c domain.Command, now time.Time) time.Time {
	if given := reflect.ValueOf(c).FieldByName("Now"); given.IsValid() {
		return given.Interface().(time.Time)
	}
	return now
}

// checkCopies compares a state with that of the folded history and that of its snapshot.
func checkCopies(t *rapid.T, state domain.State, history []domain.Record) {
	want := snapshot(t, state)
	if !bytes.Equal(snapshot(t, domain.Fold(history...)), want) {
		t.Fatal("folding the history gives another state than the one it was decided on")
	}
	restored, err := domain.ReadSnapshot(want)
	if err != nil {
		t.Fatal(err)
	}
	later := noon.Add(2 * time.Hour)
	for range 20 {
		command := anyClaim(later).Draw(t, "ask")
		got, errGot := domain.Decide(command, restored)
		want, errWant := domain.Decide(command, state)
		if !slices.EqualFunc(got, want, domain.Equal) || !errors.Is(errGot, errWant) {
			t.Fatalf("%T%+v: the snapshot gives %+v, %v, the state %+v, %v", command, command, got, errGot, want, errWant)
		}
		restored, state = restored.Evolve(got...), state.Evolve(want...)
	}
}

// claimLedger keeps the books of a history the plain way.
type claimLedger struct {
	details  domain.Details
	capacity int
	off      bool
	bookings map[uuid.UUID]claim // active
	holds    map[uuid.UUID]claim // that are not over
	waiting  []claim             // in the order of joining
}

type claim struct {
	id, customer uuid.UUID
	lines        domain.Lines
	until        time.Time
}

func (l *claimLedger) write(t *rapid.T, r domain.Record, now time.Time) {
	take := func(from map[uuid.UUID]claim, id, customer uuid.UUID, lines domain.Lines) claim {
		c, has := from[id]
		if !has || c.customer != customer || free(c.lines...).Quantity() != lines.Quantity() {
			t.Fatalf("%T%+v: there is %+v", r, r, c)
		}
		delete(from, id)
		return c
	}
	switch r := r.(type) {
	case domain.EventScheduled:
		l.details, l.capacity = r.Details, r.Capacity
	case domain.DetailsChanged:
		l.details = r.Details
	case domain.CapacityChanged:
		l.capacity = r.Capacity
	case domain.EventCancelled:
		l.off = true
	case domain.EventPublished:
	case domain.TicketBooked:
		l.bookings[r.BookingID] = claim{r.BookingID, r.CustomerID, r.Lines, now}
	case domain.BookingCancelled:
		take(l.bookings, r.BookingID, r.CustomerID, r.Lines)
	case domain.TicketsHeld:
		l.holds[r.HoldID] = claim{r.HoldID, r.CustomerID, r.Lines, r.ExpiresAt}
	case domain.HoldConfirmed:
		if c := take(l.holds, r.HoldID, r.CustomerID, r.Lines); !now.Before(c.until) {
			t.Fatalf("%+v was confirmed at %s", c, now)
		}
		l.bookings[r.HoldID] = claim{r.HoldID, r.CustomerID, r.Lines, now}
	case domain.HoldReleased:
		take(l.holds, r.HoldID, r.CustomerID, r.Lines)
	case domain.OfferDeclined:
		take(l.holds, r.EntryID, r.CustomerID, r.Lines)
	case domain.HoldLapsed:
		l.lapsed(t, take(l.holds, r.HoldID, r.CustomerID, r.Lines), now)
	case domain.OfferLapsed:
		l.lapsed(t, take(l.holds, r.EntryID, r.CustomerID, r.Lines), now)
	case domain.WaitlistJoined:
		l.waiting = append(l.waiting, claim{r.EntryID, r.CustomerID, r.Lines, now})
	case domain.WaitlistLeft:
		l.waiting = slices.DeleteFunc(l.waiting, func(c claim) bool { return c.customer == r.CustomerID })
	case domain.TicketsOffered:
		at := slices.IndexFunc(l.waiting, func(c claim) bool { return l.isEnoughFor(c.lines) })
		if at < 0 || l.waiting[at].id != r.EntryID || l.waiting[at].customer != r.CustomerID {
			t.Fatalf("%+v was offered, and it was the turn of number %d of %+v", r, at, l.waiting)
		}
		l.waiting = slices.Delete(slices.Clone(l.waiting), at, at+1)
		l.holds[r.EntryID] = claim{r.EntryID, r.CustomerID, r.Lines, r.ExpiresAt}
	default: // it moves no tickets
	}
}

func (l *claimLedger) lapsed(t *rapid.T, c claim, now time.Time) {
	if now.Before(c.until) {
		t.Fatalf("%+v lapsed at %s", c, now)
	}
}

// taken is the number of tickets that are sold or set aside, of a type, or of all for 0.
func (l *claimLedger) taken(of domain.TypeID) (n int) {
	for _, all := range []map[uuid.UUID]claim{l.bookings, l.holds} {
		for _, c := range all {
			for _, line := range c.lines {
				if of == 0 || line.Type == of {
					n += line.Quantity
				}
			}
		}
	}
	return n
}

func (l *claimLedger) isEnoughFor(lines domain.Lines) bool {
	if l.taken(0)+lines.Quantity() > l.capacity {
		return false
	}
	for _, line := range lines {
		for _, ticketType := range l.details.TicketTypes {
			if ticketType.ID == line.Type && ticketType.Capacity > 0 &&
				l.taken(line.Type)+line.Quantity > ticketType.Capacity {
				return false
			}
		}
	}
	return true
}

func (l *claimLedger) compare(t *rapid.T, s domain.State, now time.Time) {
	sold := 0
	for _, c := range l.bookings {
		sold += c.lines.Quantity()
	}
	if taken := l.taken(0); taken > l.capacity || s.Sold() != sold || s.Sold()+s.Held() != taken ||
		s.Waiting() != len(l.waiting) {
		t.Fatalf("the state has %d sold, %d held, %d waiting; by the records it should be %d of %d, %+v", s.Sold(), s.Held(),
			s.Waiting(), taken, l.capacity, l)
	}
	for _, ticketType := range l.details.TicketTypes {
		if n := l.taken(ticketType.ID); ticketType.Capacity > 0 && n > ticketType.Capacity {
			t.Fatalf("%d of %d tickets of type %d are taken", n, ticketType.Capacity, ticketType.ID)
		}
	}
	for _, person := range people {
		has, claims := 0, 0
		for _, c := range l.bookings {
			if c.customer == person {
				has += c.lines.Quantity()
			}
		}
		for _, c := range l.holds {
			if c.customer == person && now.Before(c.until) {
				has += c.lines.Quantity()
				claims++
			}
		}
		for _, c := range l.waiting {
			if c.customer == person {
				claims++
			}
		}
		if has > l.details.MaxPerCustomer || claims > 1 {
			t.Fatalf("customer %s has %d tickets, and %d holds and entries", person, has, claims)
		}
	}
}

// nobodyIsPassedOver looks for a free ticket that is enough for somebody who waits.
func (l *claimLedger) nobodyIsPassedOver(t *rapid.T, now time.Time) {
	closes := l.details.SaleClosesAt
	if l.off || !closes.IsZero() && !now.Before(closes) {
		return
	}
	for _, c := range l.waiting {
		if l.isEnoughFor(c.lines) {
			t.Fatalf("%+v waits for tickets that are free", c)
		}
	}
}

// soldOut checks that nobody is told so while there are tickets.
func (l *claimLedger) soldOut(t *rapid.T, c domain.Command) {
	var lines domain.Lines
	var now time.Time
	switch c := c.(type) {
	case domain.BookTicket:
		lines, now = c.Lines, c.Now
	case domain.HoldTickets:
		lines, now = c.Lines, c.Now
	default:
		t.Fatalf("%T is told that all is sold", c)
	}
	if len(l.waiting) > 0 { // what has lapsed is for those who wait
		return
	}
	lapsed := claimLedger{details: l.details, capacity: l.capacity, bookings: l.bookings, holds: map[uuid.UUID]claim{}}
	for id, h := range l.holds {
		if now.Before(h.until) {
			lapsed.holds[id] = h
		}
	}
	if lapsed.isEnoughFor(lines) && (len(lines) > 0 || lapsed.taken(0) < lapsed.capacity) && len(lines) > 0 {
		t.Fatalf("%+v is told that all is sold, and by the records there are tickets: %+v", c, l)
	}
}
