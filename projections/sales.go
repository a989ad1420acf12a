package projections

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
)

// Turnover is the number and the price of tickets of one type.
type Turnover struct {
	Type     domain.TypeID
	Currency string // empty: the prices are not on record
	Tickets  int
	Amount   int64 // in the minor unit of the currency
}

// Interval is the length of the intervals by which sales are summed.
type Interval string

// The intervals, which begin with the hour, day and so on of a time zone.
const (
	ByMinute Interval = "minute"
	ByHour   Interval = "hour"
	ByDay    Interval = "day"
)

// startOf is the beginning of the interval that contains t.
func (i Interval) startOf(t time.Time) time.Time {
	switch i {
	case ByMinute:
		return t.Truncate(time.Minute)
	case ByHour: // of the clock, whose zone can differ from UTC by half an hour
		past := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
		return t.Add(-past - time.Duration(t.Nanosecond()))
	default:
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	}
}

// SalesQuery selects what was sold and returned of an event, from From on and before To.
type SalesQuery struct {
	EventID  uuid.UUID
	Interval Interval
	Zone     *time.Location // whose days and hours they are
	From, To time.Time
}

func (q *SalesQuery) includes(t time.Time) bool { return !t.Before(q.From) && t.Before(q.To) }

// Sales are the bookings and cancellations of one interval. A cancelled booking counts in the interval
// in which it was made, too.
type Sales struct {
	At        time.Time // when the interval begins, in UTC
	Bookings  int
	Sold      []Turnover // by type and currency
	Cancelled int        // bookings
	Returned  []Turnover // by type and currency
}

// sale is what equal bookings, or equal cancellations, have in common.
type sale struct {
	at        time.Time
	cancelled bool
	lines     string // as JSON
	currency  string
}

// Sales returns the intervals in which something was sold or returned, in the order of time. It reads
// the bookings of the event one by one: grouping in PostgreSQL takes at least twice as long, because
// it expects as many groups as bookings and sorts them.
func (b Bookings) Sales(ctx context.Context, q SalesQuery) ([]Sales, error) {
	rows, _ := b.Pool.Query(ctx, `
		select created_at, cancelled_at, lines, currency
		from bookings
		where event_id = $1 and created_at < $3 and (created_at >= $2 or cancelled_at >= $2)`, q.EventID, q.From, q.To)
	counts := map[sale]int{}
	var created time.Time
	var cancelled *time.Time
	var of sale
	_, err := pgx.ForEachRow(rows, []any{&created, &cancelled, &of.lines, &of.currency}, func() error {
		if q.includes(created) {
			of.at, of.cancelled = q.Interval.startOf(created.In(q.Zone)).UTC(), false
			counts[of]++
		}
		if cancelled != nil && q.includes(*cancelled) {
			of.at, of.cancelled = q.Interval.startOf(cancelled.In(q.Zone)).UTC(), true
			counts[of]++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sales of event %s: %w", q.EventID, err)
	}
	return intervalsOf(counts)
}

func intervalsOf(counts map[sale]int) ([]Sales, error) {
	type sums struct {
		sales          Sales
		sold, returned turnovers
	}
	byTime := map[time.Time]*sums{}
	for s, n := range counts {
		at := byTime[s.at]
		if at == nil {
			at = &sums{Sales{At: s.at}, turnovers{}, turnovers{}}
			byTime[s.at] = at
		}
		count, into := &at.sales.Bookings, at.sold
		if s.cancelled {
			count, into = &at.sales.Cancelled, at.returned
		}
		*count += n
		if err := into.add(s, n); err != nil {
			return nil, err
		}
	}
	intervals := make([]Sales, 0, len(byTime))
	for _, at := range byTime {
		at.sales.Sold, at.sales.Returned = at.sold.list(), at.returned.list()
		intervals = append(intervals, at.sales)
	}
	slices.SortFunc(intervals, func(a, b Sales) int { return a.At.Compare(b.At) })
	return intervals, nil
}

// Revenue returns the turnover of the confirmed bookings of an event, by type and currency. It reads
// each booking of the event.
func (b Bookings) Revenue(ctx context.Context, eventID uuid.UUID) ([]Turnover, error) {
	rows, _ := b.Pool.Query(ctx, `
		select lines, currency, count(*)
		from bookings
		where event_id = $1 and status = '`+BookingConfirmed+`'
		group by lines, currency`, eventID)
	revenue := turnovers{}
	var of sale
	var n int
	_, err := pgx.ForEachRow(rows, []any{&of.lines, &of.currency, &n}, func() error { return revenue.add(of, n) })
	if err != nil {
		return nil, fmt.Errorf("revenue of event %s: %w", eventID, err)
	}
	return revenue.list(), nil
}

// turnovers adds sales up.
type turnovers map[turnoverKey]Turnover

type turnoverKey struct {
	of       domain.TypeID
	currency string
}

// add adds n times what was sold.
func (t turnovers) add(s sale, n int) error {
	var lines linesColumn
	if err := lines.Scan(s.lines); err != nil {
		return err
	}
	for _, l := range lines {
		key, tickets := turnoverKey{l.Type, s.currency}, n*l.Quantity
		sum := t[key]
		t[key] = Turnover{l.Type, s.currency, sum.Tickets + tickets, sum.Amount + int64(tickets)*l.Price}
	}
	return nil
}

func (t turnovers) list() []Turnover {
	return slices.SortedFunc(maps.Values(t), func(a, b Turnover) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Currency, b.Currency))
	})
}

// Counts are numbers of tickets of an event, and of entries on its waiting list.
type Counts struct {
	Sold      int
	Held      int // reserved or offered, and not booked
	Waiting   int // entries on the waiting list
	CheckedIn int
}

// Counts returns the numbers of some events, by their ids. It reads a row for each booking with a
// ticket that is checked in, each hold and each entry that waits.
func (e *Events) Counts(ctx context.Context, events []uuid.UUID) (map[uuid.UUID]Counts, error) {
	rows, _ := e.pool.Query(ctx, `
		select id, capacity - remaining - held, held, waiting, checked_in
		from events e
		cross join lateral (
			select coalesce(sum((line->>'quantity')::int), 0) as held
			from holds h
			cross join jsonb_array_elements(h.lines) line
			where h.event_id = e.id and h.status = '`+HoldHeld+`'
		) holds
		cross join lateral (
			select count(*) as waiting
			from waitlist w
			where w.event_id = e.id and w.status = '`+EntryWaiting+`'
		) waitlist
		cross join lateral (
			select coalesce(sum(jsonb_array_length(b.check_ins)), 0) as checked_in
			from bookings b
			where b.event_id = e.id and b.check_ins <> '[]'
		) bookings
		where id = any($1)`, bytesOf(events))
	counts := map[uuid.UUID]Counts{}
	var id [16]byte
	var c Counts
	_, err := pgx.ForEachRow(rows, []any{&id, &c.Sold, &c.Held, &c.Waiting, &c.CheckedIn}, func() error {
		counts[id] = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the tickets of events: %w", err)
	}
	return counts, nil
}
