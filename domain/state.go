package domain

import (
	"math"

	"github.com/google/uuid"
)

// State is the part of a stream's history that decisions need. It is immutable: [State.Evolve]
// returns another one, so goroutines share states without locks. The zero State is that of a stream
// without records.
type State struct {
	status    status
	details   Details
	capacity  int
	bookings  idMap[booking]  // every booking ever made, by id
	orders    idMap[Lines]    // of the bookings that booking.lines can't hold
	customers idMap[customer] // everyone who ever made one, held tickets or waited, by id
	sold      int             // tickets of active bookings

	holds    idMap[hold] // that are not over, by customer
	held     int         // tickets of holds
	expiries *expiries   // of holds; the first is that of a hold that is not over
	taken    []int       // tickets of active bookings and holds of each type, at its id - 1; never changed in place
	lastType TypeID      // the highest id that a ticket type ever had
	demands  []demand    // of those who wait; never changed in place
	joined   uint32      // entries on the waiting list ever

	checkIns  idMap[[]checkIn] // by booking; the slices are never changed in place
	checkedIn int              // tickets

	owner      uuid.UUID     // zero: the records don't say
	organizers []coOrganizer // in the order in which they were added; never changed in place

	messages []int64 // when the last MaxMessages were sent, in microseconds since 1970; never changed in place
}

// customer takes no more than 32 bytes, beside the id.
type customer struct {
	tickets uint16    // of active bookings
	made    uint16    // bookings, cancelled ones included
	claims  uint16    // holds and entries on the waiting list, ended ones included
	demand  uint16    // that the customer waits for; 0: does not wait
	number  uint32    // on the waiting list
	entry   uuid.UUID // on the waiting list
}

type status uint8

const (
	statusNone status = iota
	statusScheduled
	statusCancelled
	statusDraft
	statusWithdrawn // cancelled before it was published
)

type booking struct {
	customer  uuid.UUID
	cancelled bool
	typeID    TypeID // 0: see State.orders
	quantity  uint8
}

// Exists reports whether the event has been scheduled.
func (s State) Exists() bool { return s.status != statusNone }

// Cancelled reports whether the event has been cancelled.
func (s State) Cancelled() bool { return s.status == statusCancelled || s.status == statusWithdrawn }

// Details are the event's; zero for a stream without records.
func (s State) Details() Details { return s.details }

// Capacity is the number of tickets in all.
func (s State) Capacity() int { return s.capacity }

// Sold is the number of tickets of active bookings.
func (s State) Sold() int { return s.sold }

// Draft reports whether the event is not published yet.
func (s State) Draft() bool { return s.status == statusDraft }

// Published reports whether customers can see the event. One that is cancelled as a draft never is.
func (s State) Published() bool { return s.status == statusScheduled || s.status == statusCancelled }

// Held is the number of tickets that are set aside: of holds and offers whose end is not recorded.
func (s State) Held() int { return s.held }

// Remaining is the number of tickets that are neither sold nor set aside.
func (s State) Remaining() int { return s.capacity - s.sold - s.held }

// Size estimates the memory that the state takes, in bytes, for caches with a limit.
func (s State) Size() int {
	// Entry, slot and share of the inner nodes, measured with 100,000 bookings.
	const fixed, perBooking, perCustomer, perOrder, perHold, perEntry, perCheckIn = 512, 92, 92, 200, 250, 22, 120
	d := s.details
	text := len(d.Title) + len(d.Description) + len(d.Venue) + len(d.OrganizerName)
	for _, t := range d.TicketTypes {
		text += len(t.Name)
	}
	return fixed + text + s.bookings.len()*perBooking + s.customers.len()*perCustomer + s.orders.len()*perOrder +
		s.holds.len()*perHold + s.Waiting()*perEntry + s.checkedIn*perCheckIn + len(s.organizers)*32
}

// Evolve returns the state after some more records. It accepts every record in every order, because
// a fact can't be refused afterwards. One call with many records is several times as fast as many
// calls, because the states in between need not be kept.
func (s State) Evolve(records ...Record) State {
	var by *builder
	if len(records) > 1 {
		by = new(builder)
	}
	for _, r := range records {
		s = s.evolve(r, by)
	}
	return s
}

func (s State) evolve(r Record, by *builder) State {
	switch r := r.(type) {
	case EventScheduled:
		s.status, s.capacity = statusScheduled, r.Capacity
		if r.Draft {
			s.status = statusDraft
		}
		s.owner = r.OrganizerID
		s = s.setDetails(r.Details)
	case DetailsChanged:
		s = s.setDetails(r.Details)
	case CapacityChanged:
		s.capacity = r.Capacity
	case EventPublished:
		s.status = statusScheduled
	case EventCancelled:
		s.status = s.status.cancelled()
	case TicketBooked:
		s = s.setBooking(r.BookingID, r.CustomerID, false, r.Lines, by)
	case BookingCancelled:
		s = s.setBooking(r.BookingID, r.CustomerID, true, r.Lines, by)
	case TicketsHeld:
		h := hold{id: r.HoldID, expires: r.ExpiresAt.UnixMicro(), currency: r.Currency, lines: r.Lines}
		s = s.setHold(r.CustomerID, h, by)
	case HoldConfirmed:
		s = s.endHold(r.CustomerID, r.HoldID)
		s = s.setBooking(r.HoldID, r.CustomerID, false, r.Lines, by)
	case HoldReleased:
		s = s.endHold(r.CustomerID, r.HoldID)
	case HoldLapsed:
		s = s.endHold(r.CustomerID, r.HoldID)
	case WaitlistJoined:
		s = s.join(r.CustomerID, r.EntryID, r.Lines, by)
	case WaitlistLeft:
		s = s.leave(r.CustomerID, by)
	case TicketsOffered:
		h := hold{id: r.EntryID, expires: r.ExpiresAt.UnixMicro(), offered: true, currency: r.Currency, lines: r.Lines}
		s = s.leave(r.CustomerID, by).setHold(r.CustomerID, h, by)
	case OfferDeclined:
		s = s.endHold(r.CustomerID, r.EntryID)
	case OfferLapsed:
		s = s.endHold(r.CustomerID, r.EntryID)
	case OrganizerAdded:
		s = s.setOrganizer(r.UserID, r.Role)
	case OrganizerRemoved:
		s = s.setOrganizer(r.UserID, "")
	case TicketCheckedIn:
		number := uint8(r.Number) //nolint:gosec // Decode checks it
		s = s.setCheckIn(r.TicketID, checkIn{r.Type, number, r.At.UnixMicro(), r.By}, by)
	case CheckInUndone:
		s = s.removeCheckIn(r.TicketID, by)
	case MessageSent:
		s = s.addMessage(r.At)
	}
	return s
}

func (s status) cancelled() status {
	if s == statusDraft || s == statusWithdrawn {
		return statusWithdrawn
	}
	return statusCancelled
}

func (s State) setDetails(d Details) State {
	s.details = d
	for _, t := range d.TicketTypes {
		s.lastType = max(s.lastType, t.ID)
	}
	return s
}

// setBooking stores a booking, replaces the one with the same id, and counts its tickets for its
// customer while it is active.
func (s State) setBooking(id, of uuid.UUID, cancelled bool, lines Lines, by *builder) State {
	if before, exists := s.bookings.get(id); exists {
		s = s.count(id, before, -1, by)
	}
	b := booking{customer: of, cancelled: cancelled}
	first := lines.All()[0]
	if len(lines) < 2 && first.Type != 0 && first.Quantity > 0 && first.Quantity <= math.MaxUint8 {
		b.typeID, b.quantity = first.Type, uint8(first.Quantity)
	} else {
		s.orders = s.orders.set(id, lines, by)
	}
	s.bookings = s.bookings.set(id, b, by)
	return s.count(id, b, +1, by)
}

// count adds a booking to the totals, or takes it out of them.
func (s State) count(id uuid.UUID, b booking, times int, by *builder) State {
	c, _ := s.customers.get(b.customer)
	c.made += uint16(times) //nolint:gosec // far from its limit
	if !b.cancelled {
		n := times * int(b.quantity)
		if b.typeID != 0 {
			s = s.takeType(b.typeID, n)
		} else {
			s, n = s.take(s.linesOf(id, b), times)
		}
		s.sold += n
		c.tickets += uint16(n) //nolint:gosec // far from its limit
	}
	s.customers = s.customers.set(b.customer, c, by)
	return s
}

// take adds tickets to those that are taken of each type, and tells how many.
func (s State) take(lines Lines, times int) (after State, n int) {
	for _, line := range lines.All() {
		s = s.takeType(line.Type, times*line.Quantity)
		n += times * line.Quantity
	}
	return s, n
}

func (s State) takeType(id TypeID, n int) State {
	taken := make([]int, max(len(s.taken), int(id)))
	copy(taken, s.taken)
	if id > 0 {
		taken[id-1] += n
	}
	s.taken = taken
	return s
}

// linesOf are the lines of a booking without prices, which no decision needs.
func (s State) linesOf(id uuid.UUID, b booking) Lines {
	if b.typeID != 0 {
		return Lines{{Type: b.typeID, Quantity: int(b.quantity)}}
	}
	lines, _ := s.orders.get(id)
	return lines
}

// Fold returns the state after a whole history.
func Fold(history ...Record) State { return State{}.Evolve(history...) }
