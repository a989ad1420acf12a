package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// holdTime is HOLD_TIME of the processes: short, so that many holds lapse during a run.
const holdTime = 2 * time.Second

// claimant holds tickets, waits for them, and confirms, gives back or forgets what it gets. Its events
// are others than those of customers.
type claimant struct {
	*caller
	events []uuid.UUID
	random *rand.Rand
	held   map[uuid.UUID]uuid.UUID // event to hold, or to entry on the waiting list
	booked map[uuid.UUID]uuid.UUID // event to booking
}

// newClaimants schedules events with two ticket types and fewer tickets than they want.
func (h *harness) newClaimants(ctx context.Context) ([]*claimant, error) {
	organizer, err := newCaller(h.balancer.url(), h.recorder, account.Organizer)
	if err != nil {
		return nil, err
	}
	n := max(4, h.options.customers/3)
	var events []uuid.UUID
	for i, tickets := range []int{2, n / 2, n} {
		id, err := organizer.newEvent(ctx, map[string]any{
			"title": fmt.Sprintf("Event with types %d", i), "venue": "Hall", "date": "2100-01-01T20:00:00Z",
			"totalTickets": tickets, "maxPerCustomer": 3, "ticketTypes": []map[string]any{
				{"name": "Seat", "price": 10}, {"name": "Box", "price": 20, "capacity": max(1, tickets/3)},
			},
		})
		if err != nil {
			return nil, err
		}
		events = append(events, id)
	}
	claimants := make([]*claimant, n)
	for i := range claimants {
		c, err := newCaller(h.balancer.url(), h.recorder, account.Customer)
		if err != nil {
			return nil, err
		}
		claimants[i] = &claimant{
			caller: c, events: events, held: map[uuid.UUID]uuid.UUID{}, booked: map[uuid.UUID]uuid.UUID{},
			random: rand.New(rand.NewPCG(h.options.seed, uint64(10_000+i))),
		}
	}
	return claimants, nil
}

// run goes on until ctx ends, and comes back with no request under way.
func (c *claimant) run(ctx context.Context) {
	for pause(ctx, time.Duration(50+c.random.IntN(250))*time.Millisecond) {
		event := c.events[c.random.IntN(len(c.events))]
		hold, holds := c.held[event]
		booking, hasBooked := c.booked[event]
		dice := c.random.IntN(100)
		switch {
		case holds && dice < 50:
			c.confirm(event, hold)
		case holds && dice < 65:
			c.giveUp(event, history.Release)
		case holds && dice < 70:
			c.giveUp(event, history.Leave)
		case holds && dice < 80:
			delete(c.held, event) // and lets it lapse
		case holds:
		case hasBooked && dice < 60:
			if isOver(c.ask(history.Request{Kind: history.Cancel, Event: event, Booking: booking})) {
				delete(c.booked, event)
			}
		default:
			c.hold(event)
		}
	}
}

func isOver(q history.Request) bool { return q.Outcome == history.Done || q.Outcome == history.Refused }

// hold holds tickets, or waits for them if there are not enough.
func (c *claimant) hold(event uuid.UUID) {
	lines := domain.Lines{{Type: domain.FirstTypeID, Quantity: 1 + c.random.IntN(2)}}
	if c.random.IntN(3) == 0 {
		lines = domain.Lines{{Type: domain.FirstTypeID + 1, Quantity: 1}}
	}
	a := c.ask(history.Request{Kind: history.Hold, Event: event, Lines: lines})
	if a.Outcome == history.Refused && (a.Code == history.SoldOut || a.Code == "not_enough_tickets") {
		a = c.ask(history.Request{Kind: history.Join, Event: event, Lines: lines})
	}
	if a.Outcome == history.Done {
		c.held[event] = a.Answer.Booking
	}
}

// confirm asks twice at once, now and then. An entry that has no offer yet can't be confirmed: it goes
// on waiting.
func (c *claimant) confirm(event, hold uuid.UUID) {
	q := history.Request{Kind: history.Confirm, Event: event, Booking: hold}
	var twin sync.WaitGroup
	if c.random.IntN(5) == 0 {
		twin.Go(func() { c.ask(q) })
	}
	a := c.ask(q)
	twin.Wait()
	switch {
	case a.Outcome == history.Done:
		c.booked[event] = hold
		delete(c.held, event)
	case a.Outcome == history.Refused && a.Code != "hold_not_found":
		delete(c.held, event)
	}
}

func (c *claimant) giveUp(event uuid.UUID, kind history.Kind) {
	q := history.Request{Kind: kind, Event: event}
	if kind == history.Release {
		q.Booking = c.held[event]
	}
	if isOver(c.ask(q)) {
		delete(c.held, event)
	}
}

// leaveAll ends the waiting for each event.
func (c *claimant) leaveAll(ctx context.Context) {
	for _, event := range c.events {
		for !isOver(c.ask(history.Request{Kind: history.Leave, Event: event})) {
			if !pause(ctx, 100*time.Millisecond) {
				return
			}
		}
	}
}

// endClaims lets all claimants leave, and waits until the processes have recorded that what they held
// has lapsed. What is left after a while is a violation that the history shows.
func (h *harness) endClaims(ctx context.Context) error {
	var leaving sync.WaitGroup
	for _, c := range h.claimants {
		leaving.Go(func() { c.leaveAll(ctx) })
	}
	leaving.Wait()
	return h.withConn(ctx, func(conn *pgx.Conn) error {
		var err error
		waitUntil(ctx, 10*holdTime, func() bool {
			var held int
			err = conn.QueryRow(ctx, `select count(*) from holds where status = 'HELD'`).Scan(&held)
			return err != nil || held == 0
		})
		return err
	})
}

// claim is the HTTP of a request about holds and the waiting list.
func claim(q *history.Request) (method, path string, body any) {
	lines := make([]map[string]int, len(q.Lines))
	for i, l := range q.Lines {
		lines[i] = map[string]int{"ticketTypeId": int(l.Type), "quantity": l.Quantity}
	}
	switch q.Kind {
	case history.Hold:
		return http.MethodPost, "/holds", map[string]any{"eventId": q.Event, "lines": lines}
	case history.Confirm:
		return http.MethodPost, "/holds/" + q.Booking.String() + "/confirm", struct{}{}
	case history.Release:
		return http.MethodDelete, "/holds/" + q.Booking.String(), nil
	case history.Join:
		return http.MethodPost, "/events/" + q.Event.String() + "/waitlist", map[string]any{"lines": lines}
	default:
		return http.MethodDelete, "/events/" + q.Event.String() + "/waitlist", nil
	}
}

// readClaim notes what an answer about a claim says. It reports whether the answer is one.
func readClaim(q *history.Request, r *reply) bool {
	want, codes := http.StatusCreated, []string{}
	switch q.Kind {
	case history.Hold, history.Join:
		codes = []string{
			"sold_out", "not_enough_tickets", "limit_per_customer", "already_holding", "already_waiting", "already_booked",
			"tickets_available", "too_many_holds", "too_many_bookings",
		}
	case history.Confirm:
		codes = []string{"hold_not_found", "hold_lapsed"}
	case history.Release:
		want, codes = http.StatusNoContent, []string{"hold_not_found", "hold_lapsed", "hold_confirmed"}
	case history.Leave:
		want = http.StatusNoContent
	default:
		return false
	}
	switch {
	case r.status == want:
		q.Outcome, q.Answer.Booking = history.Done, r.ID
		if q.Kind == history.Confirm {
			q.Answer.Booking = r.Booking.ID
		}
		return true
	case slices.Contains(codes, r.Code):
		q.Outcome = history.Refused
		return true
	}
	return false
}
