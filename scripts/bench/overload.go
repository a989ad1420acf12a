package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// overload is about more customers than can be served. First a closed loop finds the peak; then
// customers come at their own pace, answered or not: at once, twice and five times the peak. What
// counts is goodput: bookings that were confirmed to somebody who still waited.
func overload(s size) scenario {
	load := &overloadLoad{
		closed: 512, open: 2000, queue: 500, users: 20_000, events: 64,
		warmUp: s.duration(time.Second), measured: s.duration(5 * time.Second),
	}
	return scenario{
		name: "overload", group: "http", counts: "bookings confirmed in time/s", reference: peakName,
		about: fmt.Sprintf("bookings over HTTP, %d events, no delay, open loop; "+
			"at most %d customers on their way, who leave after %s, and BOOKING_QUEUE=%d",
			load.events, load.open, customerTimeout, load.queue),
		entries: []entry{load.entry(peakName, 0), load.entry("1x", 1), load.entry("2x", 2), load.entry("5x", 5)},
		goals:   []goal{keeps("2x", 0.8), keeps("5x", 0.8)},
	}
}

const peakName = "peak"

// customerTimeout is how long after their time customers still take a ticket.
const customerTimeout = 2 * time.Second

func keeps(name string, share float64) goal {
	return goal{
		about: "goodput of " + name + " / " + peakName, needs: []string{name, peakName}, bound: share,
		ratio: faster(name, peakName, share).ratio,
	}
}

type overloadLoad struct {
	closed, open     int // connections of the two loops
	queue            int
	users, events    int
	warmUp, measured time.Duration
	peak             float64 // bookings/s, of the newest measurement
}

func (l *overloadLoad) entry(name string, times float64) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		if err := (shared{}).prepare(ctx, db, eventIDs(l.events), 1_000_000); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := boxoffice("BOOKING_QUEUE="+strconv.Itoa(l.queue))(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		tokens, err := newTokens(l.users)
		if err != nil {
			return m, err
		}
		told := 0
		if l.peak == 0 || times == 0 { // -strategy may have left the peak's own entry out
			if m, err = l.run(ctx, p, tokens, 0); err != nil {
				return m, err
			}
			l.peak = m.perSecond()
			told += int(m.extra["told"])
		}
		if times > 0 {
			if m, err = l.run(ctx, p, tokens, times*l.peak); err != nil {
				return m, err
			}
			told += int(m.extra["told"])
		}
		return m, checkTold(ctx, db, told)
	}}
}

// checkTold fails when somebody was told of a booking that there is not.
func checkTold(ctx context.Context, db *database, told int) error {
	var held int
	err := db.conn.QueryRow(ctx, `select count(*) from event_log where type = 'TicketBooked'`).Scan(&held)
	if err == nil && held < told {
		err = fmt.Errorf("customers were told of %d bookings, and the log holds %d", told, held)
	}
	return err
}

// arrivals are customers who come one after the other, and what became of those who came in the
// window.
type arrivals struct {
	window
	*tally
	began time.Time
	rate  float64 // 0: each comes when a connection is free
	next  atomic.Int64

	turnedAway atomic.Int64 // told to come back
	late       atomic.Int64 // got a ticket after they had left
	left       atomic.Int64 // without having been served
}

// checkAllServed is for loads that the program can serve.
func (a *arrivals) checkAllServed() error {
	if lost := a.turnedAway.Load() + a.left.Load() + a.late.Load(); lost > 0 {
		return fmt.Errorf("%d requests were not answered in time", lost)
	}
	return nil
}

// due waits for the next customer's time.
func (a *arrivals) due() (n int64, at time.Time) {
	n = a.next.Add(1)
	if a.rate == 0 {
		return n, time.Now()
	}
	at = a.began.Add(time.Duration(float64(n) / a.rate * float64(time.Second)))
	if d := time.Until(at); d > 0 {
		<-time.After(d)
	}
	return n, at
}

// run lets customers come at a rate, or, when it is 0, one after the other on each connection.
func (l *overloadLoad) run(ctx context.Context, p *program, tokens []string, rate float64) (m measurement, err error) {
	connections := l.closed
	if rate > 0 {
		connections = l.open
	}
	clients, err := openClients(ctx, p.api, connections)
	if err != nil {
		return m, err
	}
	defer closeClients(clients)
	a := &arrivals{window: windowAfter(l.warmUp, l.measured), tally: newTally(), began: time.Now(), rate: rate}
	events := eventIDs(l.events)
	offset := int(l.peak * (l.warmUp + l.measured).Seconds() * 2) // past the customers of an earlier run
	request := func(n int64) []byte {
		who := int(n) + offset
		return bookRequest(events[who/len(tokens)%len(events)], tokens[who%len(tokens)])
	}
	var group errgroup.Group
	for _, c := range clients {
		group.Go(func() error { return a.serve(ctx, c, request) })
	}
	if err := group.Wait(); err != nil {
		return m, err
	}
	m = a.measurement(l.measured)
	m.count -= int(a.late.Load())
	turnedAway, left := float64(a.turnedAway.Load()), float64(a.left.Load()+a.late.Load())
	came := (float64(m.count) + turnedAway + left) / l.measured.Seconds()
	m.extra = map[string]float64{"told": float64(a.sold), "came_per_s": came, "refused": turnedAway, "left": left}
	m.note = fmt.Sprintf("%.0f/s came, %.0f were told to come back, %.0f left", came, turnedAway, left)
	return m, nil
}

// serve sends one customer after the other over a connection.
func (a *arrivals) serve(ctx context.Context, c *client, request func(n int64) []byte) error {
	for {
		n, due := a.due()
		isMeasured := a.contains(due)
		count := func(of *atomic.Int64) {
			if isMeasured {
				of.Add(1)
			}
		}
		switch {
		case !due.Before(a.Until) || ctx.Err() != nil:
			return ctx.Err()
		case time.Since(due) > customerTimeout/2: // no connection was free for so long
			count(&a.left)
			continue
		}
		status, body, err := c.do(request(n))
		took, sold := time.Since(due), 0
		switch {
		case err != nil:
			return err
		case status == 503 || status == 429:
			count(&a.turnedAway)
		case status != 201 && status != 200:
			return fmt.Errorf("answered with %d %s", status, body)
		default:
			sold = 1
			if took > customerTimeout {
				count(&a.late)
			}
		}
		if err := a.add(sold, took, isMeasured); err != nil {
			return err
		}
	}
}
