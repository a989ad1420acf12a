package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// wants are numbers of tickets by type, in the order of the types and without prices: three bytes for
// each type, its id and the number. That is small, and can be compared.
type wants string

// want is what some lines ask for, whatever their order and prices.
func want(lines domain.Lines) wants {
	var byType [256]int
	for _, line := range lines.All() {
		byType[line.Type] += line.Quantity
	}
	var w []byte
	for typeID, n := range byType {
		if n > 0 {
			w = append(w, byte(typeID), byte(n>>8), byte(n)) //nolint:gosec // at most 20 lines of 100
		}
	}
	return wants(w)
}

func (w wants) lines() []TicketCount {
	lines := make([]TicketCount, 0, len(w)/3)
	for ; len(w) > 0; w = w[3:] {
		lines = append(lines, TicketCount{domain.TypeID(w[0]), int(w[1])<<8 | int(w[2])})
	}
	return lines
}

func (w wants) quantity() (n int) {
	for ; len(w) > 0; w = w[3:] {
		n += int(w[1])<<8 | int(w[2])
	}
	return n
}

// String is for people: "2 × type 1, 1 × type 3".
func (w wants) String() string { return LinesText(w.lines()) }

// tickets counts who has which tickets of an event, and knows when they are sold.
type tickets struct {
	isPublished, isCancelled bool
	opens, closes, starts    time.Time // of the sale and the event; a zero time is not set

	capacity int
	types    map[domain.TypeID]int // the capacity of each; 0: as many as the event has
	taken    map[domain.TypeID]int
	total    int // of taken

	bookings map[uuid.UUID]wants // that are not cancelled
	holds    map[uuid.UUID]heldTickets
}

// heldTickets are a hold or an offer whose end is not recorded.
type heldTickets struct {
	by        uuid.UUID
	wants     wants
	expiresAt time.Time
	isOffer   bool
}

func newTickets() tickets {
	return tickets{
		types: map[domain.TypeID]int{}, taken: map[domain.TypeID]int{}, bookings: map[uuid.UUID]wants{},
		holds: map[uuid.UUID]heldTickets{},
	}
}

func (t *tickets) free() int { return t.capacity - t.total }

// take counts tickets as taken, and give as free.
func (t *tickets) take(w wants) { t.count(w, +1) }
func (t *tickets) give(w wants) { t.count(w, -1) }

func (t *tickets) count(w wants, times int) {
	t.total += times * w.quantity()
	for _, line := range w.lines() {
		t.taken[line.Type] += times * line.Quantity
	}
}

// lacks is the type of which there are not enough free tickets, and how many of it are free; type 0 is
// the event as a whole.
func (t *tickets) lacks(w wants) (of domain.TypeID, free int, lacks bool) {
	if w.quantity() > t.free() {
		return 0, t.free(), true
	}
	for _, line := range w.lines() {
		capacity, exists := t.types[line.Type]
		if !exists {
			return line.Type, 0, true
		}
		if free := capacity - t.taken[line.Type]; capacity > 0 && line.Quantity > free {
			return line.Type, free, true
		}
	}
	return 0, 0, false
}

func (t *tickets) describe(d *domain.Details) {
	t.opens, t.closes, t.starts = d.SaleOpensAt, d.SaleClosesAt, d.StartsAt
	clear(t.types)
	for _, ticketType := range d.TicketTypes {
		t.types[ticketType.ID] = ticketType.Capacity
	}
}

// decidedWithin is how long before its record a command may have been decided. In the first minute of
// a sale a record may be of a command from before it, so that nothing is due to those who wait.
const decidedWithin = time.Minute

// onSale reports whether free tickets have to be offered by a record of a time.
func (t *tickets) onSale(at time.Time) bool {
	return t.isPublished && !t.isCancelled && at.Before(t.starts) && (t.closes.IsZero() || at.Before(t.closes)) &&
		(t.opens.IsZero() || !at.Before(t.opens.Add(decidedWithin)))
}

// entry is one on the waiting list.
type entry struct {
	by      uuid.UUID
	wants   wants
	number  int // in the order of joining, from 1
	version int // of the record of joining
}

func (e *entry) name() string {
	return fmt.Sprintf("the customer %s, who joined at version %d as number %d,", e.by, e.version, e.number)
}

// waitlist is who waits, in the order of joining. Those who want the same tickets are in one queue, so
// that the first whom free tickets are enough for is found without asking all.
type waitlist struct {
	entries map[uuid.UUID]*entry // by id
	queues  map[wants][]*entry
	count   int
	joined  int // ever
}

func newWaitlist() waitlist {
	return waitlist{entries: map[uuid.UUID]*entry{}, queues: map[wants][]*entry{}}
}

func (l *waitlist) join(id, by uuid.UUID, w wants, version int) {
	l.leave(id)
	l.joined++
	e := &entry{by, w, l.joined, version}
	l.entries[id], l.queues[w] = e, append(l.queues[w], e)
	l.count++
}

// leave takes an entry off the list, if it is there.
func (l *waitlist) leave(id uuid.UUID) {
	e := l.entries[id]
	if e == nil {
		return
	}
	delete(l.entries, id)
	l.count--
	queue := l.queues[e.wants]
	at := indexOf(queue, e.number)
	switch {
	case len(queue) == 1:
		delete(l.queues, e.wants)
	case at == 0: // nearly always: nothing is moved
		queue[0] = nil
		l.queues[e.wants] = queue[1:]
	default:
		l.queues[e.wants] = slices.Delete(queue, at, at+1)
	}
}

// indexOf is how many of a queue joined before a number.
func indexOf(queue []*entry, number int) int {
	at, _ := slices.BinarySearchFunc(queue, number, func(e *entry, number int) int { return e.number - number })
	return at
}

// first is the entry that free tickets have to be offered to: the first that they are enough for.
func (f *fairness) first() (first *entry, some bool) {
	if f.waiting.count == 0 || f.free() <= 0 {
		return nil, false
	}
	for w, queue := range f.waiting.queues {
		if _, _, lacks := f.lacks(w); !lacks && (first == nil || queue[0].number < first.number) {
			first = queue[0]
		}
	}
	return first, first != nil
}

// skipped says of all who joined before a number and still wait why the free tickets were not for them.
func (f *fairness) skipped(number int) (skipped []Skipped, before int) {
	skipped = []Skipped{}
	for w, queue := range f.waiting.queues {
		n := indexOf(queue, number)
		if n == 0 {
			continue
		}
		before += n
		if of, free, lacks := f.lacks(w); lacks {
			skipped = append(skipped, Skipped{queue[0].number, queue[0].by, w.lines(), n - 1, of, max(0, free)})
		}
	}
	slices.SortFunc(skipped, func(a, b Skipped) int { return a.Number - b.Number })
	return skipped[:min(len(skipped), maxSkipped)], before
}
