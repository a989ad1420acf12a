package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// delivery brings the log to one projection, page by page, for as long as it holds the lease.
type delivery struct {
	Options
	log    *eventstore.Log
	lease  lease
	handle func(context.Context, *message.Message) error
	// applied is told of every commit.
	applied func(records int, position int64)
	// until is the position to stop at; 0 means never.
	until int64

	parked   map[uuid.UUID]bool // streams whose records are left out
	position int64              // up to where records were applied
}

const (
	// pollEvery is how long news waits at most when a notification was lost.
	pollEvery = 250 * time.Millisecond
	// pageSize is how many records one message carries at most. From some thousands on, more of them are not faster any more.
	pageSize = 5_000
	// pageEvery is the least time from one page to the next while there is less to read than a page holds: hundreds of commits in a
	// second, read one by one, would take the processors from those who book. The first after a pause does not wait.
	pageEvery = 4 * time.Millisecond
	// The time between attempts while something is out of order grows from the one to the other.
	shortestPause = 20 * time.Millisecond
	longestPause  = 2 * time.Second
)

func newDelivery(o Options, name string, handle func(context.Context, *message.Message) error) *delivery {
	return &delivery{
		Options: o, log: eventstore.NewLog(o.Pool), lease: lease{name: name, holder: o.Holder, lasts: o.Lease},
		handle: handle, applied: func(int, int64) {},
	}
}

// run delivers until ctx ends, whenever the lease can be had.
func (d *delivery) run(ctx context.Context) {
	wait := shortestPause
	for ctx.Err() == nil {
		released := d.Wire.Leases.Listen()
		checkpoint, ok, err := d.lease.acquire(ctx, d.Pool)
		if err == nil && ok {
			err = d.lead(ctx, checkpoint)
			if d.position > checkpoint { // it does work
				wait = shortestPause
			}
		}
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, errLeaseLost):
			d.Logger.Info("projection is run by another process now", "projection", d.lease.name)
		case err != nil:
			d.Logger.Warn("projection was interrupted", "projection", d.lease.name, "error", err)
			pause(ctx, wait)
			wait = min(2*wait, longestPause)
			continue
		}
		wait = shortestPause
		standBy(ctx, released, d.lease.lasts/6)
	}
}

// lead delivers while the lease is held: one goroutine renews it, one reads ahead, one applies.
func (d *delivery) lead(ctx context.Context, checkpoint int64) (err error) {
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := d.lease.release(ctx, d.Pool); err != nil {
			d.Logger.Warn("projection kept its lease", "error", err)
		}
		d.Wire.Released()
	}()
	if d.parked, err = parkedStreams(ctx, d.Pool, d.lease.name); err != nil {
		return err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	group, ctx := errgroup.WithContext(ctx)
	pages := make(chan []eventstore.Record)
	group.Go(func() error { return d.lease.keep(ctx, d.Pool) })
	group.Go(func() error {
		defer close(pages)
		return d.read(ctx, checkpoint, pages)
	})
	group.Go(func() error {
		defer done()
		for records := range pages {
			if err := d.apply(ctx, checkpoint, records); err != nil {
				return err
			}
			checkpoint = records[len(records)-1].Position
		}
		return nil
	})
	return group.Wait()
}

// read reads the log outside of the transactions that write, so an idle projection writes nothing and holds nothing.
func (d *delivery) read(ctx context.Context, after int64, pages chan<- []eventstore.Record) error {
	for ctx.Err() == nil && (d.until == 0 || after < d.until) {
		rung, began := d.Wire.Log.Listen(), time.Now()
		most := d.most(after)
		records, err := d.log.After(ctx, after, most)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			standBy(ctx, rung, pollEvery)
			continue
		}
		last := records[len(records)-1].Position
		if records[0].Position != after+1 || last-after != int64(len(records)) {
			return fmt.Errorf("the log has a gap after position %d", after)
		}
		select {
		case pages <- records:
		case <-ctx.Done():
		}
		after = last
		if len(records) < most {
			standBy(ctx, rung, pollEvery)
			pause(ctx, pageEvery-time.Since(began))
		}
	}
	return nil
}

func (d *delivery) most(after int64) int {
	if d.until == 0 {
		return pageSize
	}
	return int(min(pageSize, d.until-after))
}

// apply gets records applied and moves the checkpoint past them. Records that can't be applied together come again in halves, down
// to the one that is in the way.
func (d *delivery) apply(ctx context.Context, checkpoint int64, records []eventstore.Record) error {
	last := records[len(records)-1].Position
	p := &page{lease: &d.lease, records: d.withoutParked(records), settle: func(b *pgx.Batch) { d.lease.advance(b, checkpoint, last) }}
	err := d.attempt(ctx, p)
	switch {
	case err == nil && p.parked:
		stream := p.records[0].StreamID
		d.Logger.Error("a stream is parked", "projection", d.lease.name, "stream", stream, "position", last, "reason", p.failure)
		d.parked[stream] = true
		d.advanced(0, last)
	case err == nil:
		d.advanced(len(p.records), last)
	case errors.As(err, new(*pageError)):
		half := len(records) / 2
		if err := d.apply(ctx, checkpoint, records[:half]); err != nil {
			return err
		}
		return d.apply(ctx, records[half-1].Position, records[half:])
	}
	return err
}

func (d *delivery) advanced(records int, position int64) {
	d.position = position
	d.applied(records, position)
}

func (d *delivery) withoutParked(records []eventstore.Record) []eventstore.Record {
	if len(d.parked) == 0 {
		return records
	}
	left := make([]eventstore.Record, 0, len(records))
	for i := range records {
		if !d.parked[records[i].StreamID] {
			left = append(left, records[i])
		}
	}
	return left
}

// attempt gets the page handled and committed. Under load a message to the database and back takes longer than what it asks for, so
// a page that nothing is wrong with costs one, besides what its projection reads.
func (d *delivery) attempt(ctx context.Context, p *page) error {
	conn, err := d.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which closes a connection that is still in a transaction
	p.conn = conn.Conn()
	if len(p.records) > 0 {
		err = d.handle(ctx, p.message(ctx))
	}
	switch {
	case err != nil:
		err = errors.Join(err, p.failure)
	case !p.committed: // no records are left, or the one there was is parked
		err = p.commit(ctx, p.begin())
	}
	if err != nil && ctx.Err() == nil && p.begun() {
		_, _ = conn.Exec(ctx, `rollback`) // a connection on which it fails is closed
	}
	return err
}

func (p *page) message(ctx context.Context) *message.Message {
	first, last := p.records[0], p.records[len(p.records)-1]
	m := message.NewMessage(fmt.Sprintf("%s@%d-%d", p.lease.name, first.Position, last.Position), nil)
	m.SetContext(context.WithValue(ctx, pageKey{}, p))
	if len(p.records) == 1 {
		middleware.SetCorrelationID(correlationID(first), m)
	}
	return m
}

func correlationID(r eventstore.Record) string {
	var m eventstore.Metadata
	_ = json.Unmarshal(r.Metadata, &m) // whoever looks into a problem can do without the id
	return m.CorrelationID
}
