package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/account"
)

const boxofficeName, rowLockName, chiName = "boxoffice", "row-lock", "chi"

// httpSale is about the whole program: one hot event, all customers at once, over HTTP, on connections that were opened before, each
// with a token that was made before. The rival has the same contract, and a row lock. Both are processes of their own.
func httpSale(s size) scenario {
	sale := httpLoad{tickets: s.count(2000), customers: s.count(4000)}
	reads := sale
	reads.readers = 4
	ours, storm := sale.entry(boxofficeName, startBoxoffice), reads.entry(boxofficeName+"-read", startBoxoffice)
	return scenario{
		name: "http-sale", group: "http",
		about:     fmt.Sprintf("%s tickets of one event, %s customers at once over HTTP, no delay", grouped(float64(sale.tickets)), grouped(float64(sale.customers))),
		reference: rowLockName,
		entries:   []entry{ours, sale.entry(rowLockName, startReference), storm},
		goals: []goal{
			{
				about: "wall of " + rowLockName + " / " + boxofficeName, needs: []string{rowLockName, boxofficeName}, bound: 4,
				ratio: func(r round) float64 { return r[rowLockName].wall.Seconds() / r[boxofficeName].wall.Seconds() },
			},
			{
				about: "processor time per request, server and PostgreSQL, of " + boxofficeName + " / " + rowLockName,
				needs: []string{rowLockName, boxofficeName}, bound: 0.2, atMost: true,
				ratio: func(r round) float64 {
					return r[boxofficeName].extra[cpuPerRequest] / r[rowLockName].extra[cpuPerRequest]
				},
			},
			{
				about: "p99 in ms of GET /events during the sale", needs: []string{storm.strategy}, bound: 50, atMost: true,
				ratio: func(r round) float64 { return r[storm.strategy].extra["reads_p99_ms"] },
			},
		},
	}
}

const cpuPerRequest = "processor_us_per_request"

type httpLoad struct{ tickets, customers, readers int }

func (l httpLoad) entry(name string, open func(context.Context, *database) (*program, error)) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		// The warm-up sells another event, from as many connections.
		events := eventIDs(2)
		prepare := (shared{}).prepare
		if name == rowLockName {
			prepare = prepareReference
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
		return m, l.audit(ctx, db, name, events[0], m.count)
	}}
}

func (l httpLoad) run(ctx context.Context, db *database, p *program, events []uuid.UUID) (m measurement, err error) {
	postmaster, err := db.postmaster(ctx)
	if err != nil {
		return m, err
	}
	clients, err := openClients(ctx, p.api, l.customers)
	if err != nil {
		return m, err
	}
	defer closeClients(clients)
	tokens, err := newTokens(l.customers + l.readers)
	if err != nil {
		return m, err
	}
	book := func(event uuid.UUID) ask {
		requests := make([][]byte, l.customers)
		for i := range requests {
			requests[i] = rawRequest("POST", "/book", tokens[i], `{"eventId":"`+event.String()+`"}`)
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
	if _, err := rush(ctx, newCustomers(0, l.customers, 1), book(events[1])); err != nil {
		return m, fmt.Errorf("warm-up: %w", err)
	}
	if err := db.settle(ctx); err != nil {
		return m, err
	}
	storm := book(events[0])
	stopReading, err := startReader(ctx, p.api, tokens[l.customers:])
	if err != nil {
		return m, err
	}
	before, err := p.used(postmaster)
	if err != nil {
		return m, err
	}
	customers := newCustomers(0, l.customers, 1)
	wall, err := rush(ctx, customers, storm)
	if err != nil {
		return m, err
	}
	after, err := p.used(postmaster)
	reads, stopErr := stopReading()
	if err = errors.Join(err, stopErr); err != nil {
		return m, err
	}
	m = gather(customers, wall)
	if due := min(l.tickets, l.customers); m.count != due {
		return m, fmt.Errorf("%d of %d customers got one of %d tickets, and %d should have", m.count, l.customers, l.tickets, due)
	}
	used := after.less(before)
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(l.customers) }
	m.extra = map[string]float64{
		cpuPerRequest: each(used.server + used.postgres), "server_us_per_request": each(used.server), "postgres_us_per_request": each(used.postgres),
		"reads": float64(len(reads)), "reads_p99_ms": milliseconds(percentile(reads, 99)),
	}
	m.note = fmt.Sprintf("processor time per request: server %.0f µs, PostgreSQL %.0f µs", m.extra["server_us_per_request"], m.extra["postgres_us_per_request"])
	if l.readers > 0 {
		m.note = fmt.Sprintf("%d reads, p99 %.1f ms", len(reads), m.extra["reads_p99_ms"])
	}
	return m, nil
}

// usage is processor time.
type usage struct{ server, postgres time.Duration }

func (u usage) less(other usage) usage {
	return usage{u.server - other.server, u.postgres - other.postgres}
}

func (p *program) used(postmaster int) (u usage, err error) {
	if u.server, err = processorTime(p.cmd.Process.Pid, false); err != nil {
		return u, err
	}
	u.postgres, err = serverTime(postmaster)
	return u, err
}

// audit counts the tickets of the event in the database.
func (l httpLoad) audit(ctx context.Context, db *database, name string, event uuid.UUID, told int) error {
	sql := `select count(*) from event_log where stream_id = $1 and type = 'TicketBooked'`
	if name == rowLockName {
		sql = `select count(*) from bench.tickets where event_id = $1`
	}
	var held int
	if err := db.conn.QueryRow(ctx, sql, [16]byte(event)).Scan(&held); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if held != told || held > l.tickets {
		return fmt.Errorf("customers were told of %d bookings, and the database holds %d of %d", told, held, l.tickets)
	}
	return nil
}

func newTokens(n int) ([]string, error) {
	signer, err := account.NewSigner(secrets, nil)
	if err != nil {
		return nil, err
	}
	tokens := make([]string, n)
	for i := range tokens {
		id := uuid.New()
		if tokens[i], _, err = signer.IssueAccess(account.User{ID: id, Email: id.String() + "@example.com", Role: account.Customer}); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

func openClients(ctx context.Context, address string, n int) ([]*rawClient, error) {
	clients := make([]*rawClient, n)
	for i := range clients {
		c, err := dialRaw(ctx, address)
		if err != nil {
			closeClients(clients[:i])
			return nil, fmt.Errorf("open connection %d of %d: %w", i+1, n, err)
		}
		clients[i] = c
	}
	return clients, nil
}

func closeClients(clients []*rawClient) {
	for _, c := range clients {
		_ = c.conn.Close()
	}
}

// A reader is this program once more, as a process that fetches the list of events again and again on a few connections, with a
// little pause, like people who look. In the process of the customers it would queue behind them, not only in the server.

const readerArg = "reader"

type readerJob struct {
	Address string
	Tokens  []string // one for each connection
}

// readAlong is what a reader does, until the second value of its input.
func readAlong(ctx context.Context, in io.Reader, out io.Writer) error {
	read, write := json.NewDecoder(in), json.NewEncoder(out)
	var job readerJob
	if err := read.Decode(&job); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	clients, err := openClients(ctx, job.Address, len(job.Tokens))
	if err != nil {
		return err
	}
	defer closeClients(clients)
	var (
		group     errgroup.Group
		stopped   atomic.Bool
		latencies = make([][]time.Duration, len(clients))
	)
	for i, c := range clients {
		request := rawRequest("GET", "/events", job.Tokens[i], "")
		group.Go(func() error {
			pause := time.NewTicker(5 * time.Millisecond)
			defer pause.Stop()
			for !stopped.Load() {
				began := time.Now()
				if _, err := c.expect(request, 200); err != nil {
					return fmt.Errorf("GET /events: %w", err)
				}
				latencies[i] = append(latencies[i], time.Since(began))
				<-pause.C
			}
			return nil
		})
	}
	if err := write.Encode(workerReady{os.Getpid()}); err != nil {
		return err
	}
	err = read.Decode(new(bool))
	stopped.Store(true)
	if err = errors.Join(err, group.Wait()); err != nil {
		return err
	}
	return write.Encode(slices.Concat(latencies...))
}

// startReader lets a reader read until stop is called, which gives how long each read took.
func startReader(ctx context.Context, address string, tokens []string) (stop func() ([]time.Duration, error), err error) {
	if len(tokens) == 0 {
		return func() ([]time.Duration, error) { return nil, nil }, nil
	}
	w, err := startWorker(ctx, readerArg)
	if err != nil {
		return nil, err
	}
	if err := w.write.Encode(readerJob{address, tokens}); err != nil {
		return nil, w.failed("did not listen", err)
	}
	if err := w.read.Decode(new(workerReady)); err != nil {
		return nil, w.failed("did not get ready", err)
	}
	return func() (latencies []time.Duration, err error) {
		if err := w.write.Encode(true); err != nil {
			return nil, w.failed("did not listen", err)
		}
		if err := w.read.Decode(&latencies); err != nil {
			return nil, w.failed("did not answer", err)
		}
		return latencies, w.cmd.Wait()
	}, nil
}

// httpRead is about what the API adds to a query: the first page of the events, fetched again and again.
func httpRead(s size) scenario {
	load := readLoad{readers: 32, events: 1000, warmUp: s.duration(time.Second), measured: s.duration(4 * time.Second)}
	anew := load
	anew.headers = []string{"Cache-Control: no-cache"} // what was read for others does not count
	ours, theirs, recent := anew.entry(boxofficeName, startBoxoffice), load.entry(chiName, startReference), load.entry(boxofficeName+"-recent", startBoxoffice)
	return scenario{
		name: "http-read", group: "http", counts: "requests/s",
		about:     fmt.Sprintf("GET /events, a page of 10 of %s, %d connections, which want it read anew each time; %s runs the same query and writes the same bytes", grouped(float64(load.events)), load.readers, chiName),
		reference: chiName,
		entries:   []entry{ours, theirs, recent},
		goals: []goal{{
			about: "requests/s of " + boxofficeName + " / " + chiName, needs: []string{boxofficeName, chiName}, bound: 0.6,
			ratio: faster(boxofficeName, chiName, 0).ratio,
		}},
	}
}

type readLoad struct {
	readers, events  int
	warmUp, measured time.Duration
	headers          []string
}

func (l readLoad) entry(name string, open func(context.Context, *database) (*program, error)) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		if err := l.prepare(ctx, db); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := open(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		postmaster, err := db.postmaster(ctx)
		if err != nil {
			return m, err
		}
		clients, err := openClients(ctx, p.api, l.readers)
		if err != nil {
			return m, err
		}
		defer closeClients(clients)
		tokens, err := newTokens(1)
		if err != nil {
			return m, err
		}
		request := rawRequest("GET", "/events", tokens[0], "", l.headers...)
		w := windowAfter(l.warmUp, l.measured)
		readers := newCustomers(0, l.readers, 100_000)
		size := 0
		before, err := p.used(postmaster)
		if err != nil {
			return m, err
		}
		err = loop(ctx, readers, w, func(_ context.Context, c *customer) (int, error) {
			body, err := clients[c.number].expect(request, 200)
			if err != nil {
				return 0, fmt.Errorf("GET /events: %w", err)
			}
			if c.number == 0 {
				size = len(body)
			}
			return 1, nil
		})
		if err != nil {
			return m, err
		}
		after, err := p.used(postmaster)
		if err != nil {
			return m, err
		}
		m = gather(readers, l.measured)
		used, all := after.less(before), float64(sold(readers))
		m.extra = map[string]float64{
			"bytes": float64(size), "server_us_per_request": float64(used.server.Microseconds()) / all, "postgres_us_per_request": float64(used.postgres.Microseconds()) / all,
		}
		m.note = fmt.Sprintf("processor time per request: server %.0f µs, PostgreSQL %.0f µs", m.extra["server_us_per_request"], m.extra["postgres_us_per_request"])
		return m, nil
	}}
}

// prepare makes events and their read model.
func (l readLoad) prepare(ctx context.Context, db *database) error {
	if err := (shared{}).prepare(ctx, db, eventIDs(l.events), 100); err != nil {
		return err
	}
	readers, err := startReaders(ctx, db.url)
	if err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if reached := readers.progress.Wait(patient, int64(l.events)); reached < int64(l.events) {
		err = fmt.Errorf("the read models are at %d of %d", reached, l.events)
	}
	return errors.Join(err, readers.stop(), db.settle(ctx))
}
