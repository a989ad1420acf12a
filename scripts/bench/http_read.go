package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// httpRead is about what the API adds to a query: the first page of the events, fetched again and
// again.
func httpRead(s size) scenario {
	load := readLoad{readers: 32, events: 1000, warmUp: s.duration(time.Second), measured: s.duration(4 * time.Second)}
	uncached := load
	uncached.headers = []string{"Cache-Control: no-cache"}
	return scenario{
		name: "http-read", group: "http", counts: "requests/s", reference: chiName,
		about: fmt.Sprintf("GET /events, a page of 10 of %s, %d connections, past the cache; "+
			"%s runs the same query and writes the same bytes", grouped(float64(load.events)), load.readers, chiName),
		entries: []entry{
			uncached.entry(boxofficeName, boxoffice()), load.entry(chiName, startReference),
			load.entry(boxofficeName+"-cached", boxoffice()),
		},
		goals: []goal{{
			about: "requests/s of boxoffice / chi", needs: []string{boxofficeName, chiName}, bound: 0.6,
			ratio: faster(boxofficeName, chiName, 0).ratio,
		}},
	}
}

type readLoad struct {
	readers, events  int
	warmUp, measured time.Duration
	headers          []string
}

func (l readLoad) entry(name string, open opener) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		if err := l.prepare(ctx, db); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		p, err := open(ctx, db)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		clients, err := openClients(ctx, p.api, l.readers)
		if err != nil {
			return m, err
		}
		defer closeClients(clients)
		tokens, err := newTokens(1)
		if err != nil {
			return m, err
		}
		before, err := p.used(db)
		if err != nil {
			return m, err
		}
		request := newRequest("GET", "/events", tokens[0], "", l.headers...)
		t, err := loop(ctx, newCustomers(0, l.readers), windowAfter(l.warmUp, l.measured),
			func(_ context.Context, c *customer) (int, error) {
				_, err := clients[c.number].expect(request, 200)
				return 1, err
			})
		if err != nil {
			return m, fmt.Errorf("GET /events: %w", err)
		}
		after, err := p.used(db)
		m = t.measurement(l.measured)
		maps.Copy(m.extra, after.perRequest(before, t.sold))
		m.note = cpuNote(m.extra)
		return m, err
	}}
}

// prepare makes events and their read model.
func (l readLoad) prepare(ctx context.Context, db *database) error {
	if err := (shared{}).prepare(ctx, db, eventIDs(l.events), 100); err != nil {
		return err
	}
	pool, err := openPool(ctx, db.url, engine.RebuildConnections, engine.Session())
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = engine.Rebuild(ctx, projections.All()[0], engine.RebuildOptions{Pool: pool, Holder: "bench"})
	return errors.Join(err, db.quiesce(ctx))
}

// readerJob is answered when the reader has connected; the value that follows ends the reading, and
// is answered with how long each read took.
type readerJob struct {
	Address string
	Tokens  []string // one for each connection
}

// runReader is what a reader does: it fetches the list of events again and again, with a little
// pause, like people who look. In the process of the customers it would queue behind them, not only
// in the server.
func runReader(ctx context.Context, read *json.Decoder, write *json.Encoder) error {
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
		group   errgroup.Group
		stopped atomic.Bool
		mu      sync.Mutex
		reads   = newHistogram()
	)
	for i, c := range clients {
		request := newRequest("GET", "/events", job.Tokens[i], "")
		group.Go(func() error {
			pause := time.NewTicker(5 * time.Millisecond)
			defer pause.Stop()
			for ; !stopped.Load(); <-pause.C {
				began := time.Now()
				if _, err := c.expect(request, 200); err != nil {
					return fmt.Errorf("GET /events: %w", err)
				}
				took := time.Since(began)
				mu.Lock()
				err := reads.RecordValue(int64(took))
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write.Encode(true); err != nil {
		return err
	}
	err = read.Decode(new(bool))
	stopped.Store(true)
	if err = errors.Join(err, group.Wait()); err != nil {
		return err
	}
	return write.Encode(reads.Export())
}

// startReader lets a reader read until stop is called, which gives how long the reads took; nil
// without tokens.
func startReader(ctx context.Context, address string, tokens []string) (
	stop func() (*hdrhistogram.Histogram, error), err error,
) {
	if len(tokens) == 0 {
		return func() (*hdrhistogram.Histogram, error) { return nil, nil }, nil
	}
	c, err := startChild(ctx, readerRole, readerJob{address, tokens}, new(bool))
	if err != nil {
		return nil, err
	}
	return func() (*hdrhistogram.Histogram, error) {
		var reads hdrhistogram.Snapshot
		if err := c.ask(true, &reads); err != nil {
			return nil, err
		}
		return hdrhistogram.Import(&reads), c.stop()
	}, nil
}
