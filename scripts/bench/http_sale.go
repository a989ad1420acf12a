package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/google/uuid"
)

const boxofficeName, rowLockName, chiName = "boxoffice", "row-lock", "chi"

// httpSale is about the whole program: one hot event, all customers at once, over HTTP, on
// connections that were opened before, each with a token that was made before. The rival has the
// same contract, and a row lock. Both are processes of their own.
func httpSale(s size) scenario {
	sale := httpLoad{sale: sale{events: 1, tickets: s.count(2000), customers: s.count(4000)}}
	reads := sale
	reads.readers = 4
	withReads := reads.entry(boxofficeName+"-read", boxoffice())
	return scenario{
		name: "http-sale", group: "http", reference: rowLockName,
		about: fmt.Sprintf("%s tickets of one event, %s customers at once over HTTP, no delay",
			grouped(float64(sale.tickets)), grouped(float64(sale.customers))),
		entries: []entry{
			sale.entry(boxofficeName, boxoffice()), sale.entry(rowLockName, startReference), withReads,
		},
		goals: []goal{
			{
				about: "wall of row-lock / boxoffice", needs: []string{rowLockName, boxofficeName}, bound: 4,
				ratio: func(r round) float64 { return r[rowLockName].seconds() / r[boxofficeName].seconds() },
			},
			{
				about: "processor time per request, server and PostgreSQL, of boxoffice / row-lock",
				needs: []string{rowLockName, boxofficeName}, bound: 0.2, atMost: true,
				ratio: func(r round) float64 {
					return r[boxofficeName].extra[cpuPerRequest] / r[rowLockName].extra[cpuPerRequest]
				},
			},
			{
				about: "p99 in ms of GET /events during the sale",
				needs: []string{withReads.strategy}, bound: 50, atMost: true,
				ratio: func(r round) float64 { return r[withReads.strategy].extra["reads_p99_ms"] },
			},
		},
	}
}

type httpLoad struct {
	sale
	readers int
}

func (l httpLoad) entry(name string, open opener) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		events := eventIDs(2) // the warm-up sells another event, from as many connections
		prepare := (shared{}).prepare
		sold := `select count(*) from event_log where stream_id = $1 and type = 'TicketBooked'`
		if name == rowLockName {
			prepare, sold = prepareReference, `select count(*) from bench.tickets where event_id = $1`
		}
		if err := prepare(ctx, db, events, l.tickets); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := open(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		if m, err = l.run(ctx, db, p, events); err != nil {
			return m, err
		}
		if err := l.check(m.count); err != nil {
			return m, err
		}
		return m, db.checkCount(ctx, m.count, sold, [16]byte(events[0]))
	}}
}

func (l httpLoad) run(ctx context.Context, db *database, p *program, events []uuid.UUID) (m measurement, err error) {
	clients, err := openClients(ctx, p.api, l.customers)
	if err != nil {
		return m, err
	}
	defer closeClients(clients)
	tokens, err := newTokens(l.customers + l.readers)
	if err != nil {
		return m, err
	}
	customers := newCustomers(0, l.customers)
	if _, _, err := rush(ctx, customers, bookOver(clients, tokens, events[1])); err != nil {
		return m, fmt.Errorf("warm-up: %w", err)
	}
	if err := db.quiesce(ctx); err != nil {
		return m, err
	}
	storm := bookOver(clients, tokens, events[0])
	stopReading, err := startReader(ctx, p.api, tokens[l.customers:])
	if err != nil {
		return m, err
	}
	before, err := p.used(db)
	if err != nil {
		return m, err
	}
	t, wall, err := rush(ctx, customers, storm)
	if err != nil {
		return m, err
	}
	after, err := p.used(db)
	reads, stopErr := stopReading()
	if err = errors.Join(err, stopErr); err != nil {
		return m, err
	}
	m = t.measurement(wall)
	maps.Copy(m.extra, after.perRequest(before, l.customers))
	m.note = cpuNote(m.extra)
	if reads != nil {
		m.extra["reads"], m.extra["reads_p99_ms"] = float64(reads.TotalCount()), percentile(reads, 99)
		m.note = fmt.Sprintf("%d reads, p99 %.1f ms", reads.TotalCount(), m.extra["reads_p99_ms"])
	}
	return m, nil
}

// bookOver books one ticket of an event over each customer's connection.
func bookOver(clients []*client, tokens []string, event uuid.UUID) ask {
	requests := make([][]byte, len(clients))
	for i := range requests {
		requests[i] = bookRequest(event, tokens[i])
	}
	return func(_ context.Context, c *customer) (int, error) {
		status, body, err := clients[c.number].do(requests[c.number])
		switch {
		case err != nil:
			return 0, err
		case status == 201:
			return 1, nil
		case status == 409 && bytes.Contains(body, []byte(`"sold_out"`)):
			return 0, nil
		}
		return 0, fmt.Errorf("POST /book: %d %s", status, body)
	}
}
