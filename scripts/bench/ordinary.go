package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// ordinary is a day without a rush: customers come one by one at a steady rate, over HTTP, and what
// counts is what each of them costs. The rival is the row lock again.
func ordinary(s size) []scenario {
	scenarios := make([]scenario, 0, 5)
	for _, day := range []struct {
		rate float64
		cpu  float64 // how many times the row lock's processor time a booking may cost
	}{{20, 1.5}, {100, 1.5}, {500, 1}} {
		load := newOrdinaryLoad(s, day.rate)
		scenarios = append(scenarios, scenario{
			name: "ordinary-" + strconv.Itoa(int(day.rate)), group: "ordinary", reference: rowLockName,
			about:   load.String(),
			entries: []entry{load.entry(boxofficeName, boxoffice("RATE_LIMITS=off")), load.entry(rowLockName, startReference)},
			goals: []goal{
				ratioOf("processor time per booking", day.cpu, func(m measurement) float64 { return m.extra[cpuPerRequest] }),
				ratioOf("p50", 1.5, func(m measurement) float64 { return m.percentile(50) }),
				ratioOf("p99", 1, func(m measurement) float64 { return m.percentile(99) }),
			},
		})
	}
	busy := newOrdinaryLoad(s, 4000)
	return append(scenarios, scenario{
		name: "ordinary-4000", group: "ordinary", reference: boxofficeName, about: busy.String(),
		entries: []entry{busy.entry(boxofficeName, boxoffice("RATE_LIMITS=off"))},
		goals: []goal{{
			about: "p99 in ms", needs: []string{boxofficeName}, bound: 50, atMost: true,
			ratio: func(r round) float64 { return r[boxofficeName].percentile(99) },
		}},
	}, idle(s))
}

// ratioOf is the goal that a number of ours is at most so many times the row lock's.
func ratioOf(what string, bound float64, number func(measurement) float64) goal {
	return goal{
		about: what + " of boxoffice / row-lock", needs: []string{boxofficeName, rowLockName}, bound: bound, atMost: true,
		ratio: func(r round) float64 { return number(r[boxofficeName]) / number(r[rowLockName]) },
	}
}

// ordinaryLoad is an open loop: customers come at their time, whether those before them are served
// or not.
type ordinaryLoad struct {
	rate             float64 // customers/s
	events           int
	warmUp, measured time.Duration
}

func newOrdinaryLoad(s size, rate float64) ordinaryLoad {
	return ordinaryLoad{rate, 16, s.duration(2 * time.Second), s.duration(8 * time.Second)}
}

func (l ordinaryLoad) String() string {
	return fmt.Sprintf("%s bookings/s over HTTP, open loop, %d events, no delay", grouped(l.rate), l.events)
}

func (l ordinaryLoad) entry(name string, open opener) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		events, prepare := eventIDs(l.events), (shared{}).prepare
		sold := `select count(*) from event_log where type = 'TicketBooked'`
		if name == rowLockName {
			prepare, sold = prepareReference, `select count(*) from bench.tickets`
		}
		if err := prepare(ctx, db, events, plenty); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := open(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		if err := db.quiesce(ctx); err != nil {
			return m, err
		}
		m, told, err := l.run(ctx, db, p)
		if err != nil {
			return m, err
		}
		return m, db.checkCount(ctx, told, sold)
	}}
}

// run measures the same load that has warmed everything up. told is of both.
func (l ordinaryLoad) run(ctx context.Context, db *database, p *program) (m measurement, told int, err error) {
	customers := int(l.rate * (l.warmUp + l.measured).Seconds() * 1.1)
	tokens, err := newTokens(customers)
	if err != nil {
		return m, 0, err
	}
	// Each connection is used about once a second: a server closes those on which nothing comes.
	clients, err := openClients(ctx, p.api, min(max(16, int(l.rate)), 512))
	if err != nil {
		return m, 0, err
	}
	defer closeClients(clients)
	events := eventIDs(l.events)
	a := &arrivals{window: windowAfter(l.warmUp, l.measured), tally: newTally(), began: time.Now(), rate: l.rate}
	request := func(n int64) []byte { return bookRequest(events[int(n)%len(events)], tokens[int(n)%len(tokens)]) }
	group, groupCtx := errgroup.WithContext(ctx)
	var cost map[string]float64
	group.Go(func() (err error) {
		cost, err = spent(groupCtx, db, p, a.window)
		return err
	})
	for _, c := range clients {
		group.Go(func() error { return a.serve(groupCtx, c, request) })
	}
	if err := group.Wait(); err != nil {
		return m, 0, err
	}
	if err := a.checkAllServed(); err != nil {
		return m, 0, err
	}
	m = a.measurement(l.measured)
	for name, value := range cost {
		m.extra[name+"_per_request"] = value / float64(m.count)
	}
	m.note = fmt.Sprintf("%s, %.1f transactions", cpuNote(m.extra), m.extra["transactions_per_request"])
	return m, a.sold, nil
}

// spent is what server and PostgreSQL spend in a window.
func spent(ctx context.Context, db *database, p *program, w window) (map[string]float64, error) {
	before, err := spentAt(ctx, db, p, w.From)
	if err != nil {
		return nil, err
	}
	after, err := spentAt(ctx, db, p, w.Until)
	for name := range after {
		after[name] -= before[name]
	}
	return after, err
}

// spentAt is what was spent ever, up to a time. A session reports its transactions once a second,
// so their number is one of some moment in the second before.
func spentAt(ctx context.Context, db *database, p *program, at time.Time) (map[string]float64, error) {
	select {
	case <-time.After(time.Until(at)):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	u, err := p.used(db)
	if err != nil {
		return nil, err
	}
	var transactions float64
	err = db.conn.QueryRow(ctx, `select xact_commit from pg_stat_database where datname = current_database()`).
		Scan(&transactions)
	server, postgres := float64(u.server.Microseconds()), float64(u.postgres.Microseconds())
	return map[string]float64{
		"processor_us": server + postgres, "server_us": server, "postgres_us": postgres, "transactions": transactions,
	}, err
}

// idle is a server that nobody uses.
func idle(s size) scenario {
	measured := s.duration(20 * time.Second)
	share := func(r round) float64 { return r[boxofficeName].extra["cores_percent"] }
	transactions := func(r round) float64 { return r[boxofficeName].extra["transactions_per_s"] }
	return scenario{
		name: "ordinary-idle", group: "ordinary", reference: boxofficeName,
		about: fmt.Sprintf("a server that nobody uses for %g s", measured.Seconds()),
		entries: []entry{{boxofficeName, func(ctx context.Context, db *database) (m measurement, err error) {
			p, err := boxoffice()(ctx, db)
			if err != nil {
				return m, err
			}
			defer func() { err = errors.Join(err, p.stop()) }()
			if err := db.quiesce(ctx); err != nil {
				return m, err
			}
			// A session that is idle reports what it did at the start after ten seconds.
			cost, err := spent(ctx, db, p, windowAfter(12*time.Second, measured))
			if err != nil {
				return m, err
			}
			m = newTally().measurement(measured)
			maps.Copy(m.extra, map[string]float64{
				"cores_percent":      cost["processor_us"] / float64(measured.Microseconds()) * 100,
				"transactions_per_s": cost["transactions"] / measured.Seconds(),
			})
			m.note = fmt.Sprintf("%.2f %% of a core, %.1f transactions/s",
				m.extra["cores_percent"], m.extra["transactions_per_s"])
			return m, nil
		}}},
		goals: []goal{
			{about: "% of a core, server and PostgreSQL", needs: []string{boxofficeName}, bound: 1, atMost: true, ratio: share},
			{about: "transactions/s", needs: []string{boxofficeName}, bound: 5, atMost: true, ratio: transactions},
		},
	}
}
