package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// overload is about more customers than can be served. First a closed loop finds the peak; then customers come at their own pace,
// whether or not others have been answered, at once, twice and five times the peak. What counts is goodput: bookings that were
// confirmed to somebody who still waited.
func overload(s size) scenario {
	load := &overloadLoad{
		clients: 512, crowd: 2000, queue: 500, users: 20_000, events: 64,
		warmUp: s.duration(time.Second), measured: s.duration(5 * time.Second),
	}
	return scenario{
		name: "overload", group: "http", counts: "bookings confirmed in time/s",
		about: fmt.Sprintf("bookings over HTTP, %d events, no delay, open loop; at most %d customers on their way, who leave after %s, and BOOKING_QUEUE=%d",
			load.events, load.crowd, stays, load.queue),
		reference: peakName,
		entries:   []entry{load.entry(peakName, 0), load.entry("1x", 1), load.entry("2x", 2), load.entry("5x", 5)},
		goals:     []goal{load.keeps("2x", 0.8), load.keeps("5x", 0.8)},
	}
}

const peakName = "peak"

type overloadLoad struct {
	clients, crowd   int // connections of the closed loop, and of the open one
	queue            int
	users, events    int
	warmUp, measured time.Duration
	peak             float64 // bookings/s, of the newest measurement
}

// stays is how long after their time customers still take a ticket.
const stays = 2 * time.Second

func (*overloadLoad) keeps(name string, share float64) goal {
	return goal{
		about: "goodput of " + name + " / " + peakName, needs: []string{name, peakName}, bound: share,
		ratio: faster(name, peakName, share).ratio,
	}
}

func (l *overloadLoad) entry(name string, times float64) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		events := eventIDs(l.events)
		if err := (shared{}).prepare(ctx, db, events, 1_000_000); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := startBoxofficeWith(ctx, db, "BOOKING_QUEUE="+strconv.Itoa(l.queue), "RATE_LIMITS=off")
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		tokens, err := newTokens(l.users)
		if err != nil {
			return m, err
		}
		told := 0
		if l.peak == 0 || times == 0 {
			// Without the peak's own turn (-strategy), it is sought first.
			m, err = l.run(ctx, p, tokens, events, 0)
			if err != nil {
				return m, err
			}
			l.peak = m.perSecond()
			told += int(m.extra["told"])
		}
		if times > 0 {
			m, err = l.run(ctx, p, tokens, events, times*l.peak)
			if err != nil {
				return m, err
			}
			told += int(m.extra["told"])
		}
		return m, l.audit(ctx, db, told)
	}}
}

// audit checks that nobody was told of a booking that there is not.
func (*overloadLoad) audit(ctx context.Context, db *database, told int) error {
	var held int
	if err := db.conn.QueryRow(ctx, `select count(*) from event_log where type = 'TicketBooked'`).Scan(&held); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if held < told {
		return fmt.Errorf("customers were told of %d bookings, and the log holds %d", told, held)
	}
	return nil
}

// arrivals counts what became of customers of one connection.
type arrivals struct {
	told, inTime, refused, left int
	latencies                   []time.Duration
}

// run lets customers come at a rate, or, when it is 0, one after the other on each connection.
func (l *overloadLoad) run(ctx context.Context, p *program, tokens []string, events []uuid.UUID, rate float64) (m measurement, err error) {
	connections := l.clients
	if rate > 0 {
		connections = l.crowd
	}
	clients, err := openClients(ctx, p.api, connections)
	if err != nil {
		return m, err
	}
	defer closeClients(clients)
	var (
		group  errgroup.Group
		next   atomic.Int64
		counts = make([]arrivals, connections)
		w      = windowAfter(l.warmUp, l.measured)
		began  = time.Now()
		offset = int(l.peak * (l.warmUp + l.measured).Seconds() * 2) // past the customers of an earlier run in the same database
	)
	for i, c := range clients {
		group.Go(func() error {
			a := &counts[i]
			for {
				n := next.Add(1)
				due := time.Now()
				if rate > 0 {
					due = began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
					wait(due)
				}
				switch {
				case !due.Before(w.until) || ctx.Err() != nil:
					return ctx.Err()
				case time.Since(due) > stays/2: // no connection was free for so long
					a.left += in(w, due)
					continue
				}
				who := int(n) + offset
				request := rawRequest("POST", "/book", tokens[who%len(tokens)], `{"eventId":"`+events[who/len(tokens)%len(events)].String()+`"}`)
				status, body, err := c.do(request)
				took := time.Since(due)
				switch {
				case err != nil:
					return err
				case status == 201:
					a.told++
					if took <= stays {
						a.inTime += in(w, due)
					} else {
						a.left += in(w, due)
					}
				case status == 503 || status == 429:
					a.refused += in(w, due)
				default:
					return fmt.Errorf("POST /book: %d %s", status, body)
				}
				if in(w, due) > 0 {
					a.latencies = append(a.latencies, took)
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return m, err
	}
	m.wall = l.measured
	var all arrivals
	for _, a := range counts {
		m.count += a.inTime
		all.told, all.refused, all.left = all.told+a.told, all.refused+a.refused, all.left+a.left
		m.latencies = append(m.latencies, a.latencies...)
	}
	came := float64(m.count+all.refused+all.left) / l.measured.Seconds()
	m.extra = map[string]float64{"told": float64(all.told), "came_per_s": came, "refused": float64(all.refused), "left": float64(all.left)}
	m.note = fmt.Sprintf("%.0f/s came, %d were told to come back, %d left", came, all.refused, all.left)
	return m, nil
}

func in(w window, t time.Time) int {
	if t.Before(w.from) || !t.Before(w.until) {
		return 0
	}
	return 1
}

func wait(until time.Time) {
	if d := time.Until(until); d > 0 {
		<-time.After(d)
	}
}
