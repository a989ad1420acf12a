package engine

import (
	"context"
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// delivery brings the log to one projection, page by page, for as long as it holds the lease.
type delivery struct {
	Options
	log    *eventstore.Log
	lease  lease
	handle func(context.Context, *message.Message) error
	// applied is called after every commit.
	applied func(records int, position int64)
	// refresh, when set, is called at the beginning, and runs beside.
	refresh func(context.Context) error
	// until is the position to stop at; 0 means never.
	until int64
	// group takes the projection along when it has caught up; nil only with until.
	group *group

	parked map[uuid.UUID]bool // streams whose records are left out
	rows   *rowCache          // as this delivery has left them; nil: none are kept
}

const (
	// pollEvery is how long somebody who waits does so at most if a notification was lost.
	pollEvery = 250 * time.Millisecond
	// idlePoll is the same for projections that have caught up. Commands wait longer than that for
	// the read models.
	idlePoll = time.Second
	// pageSize is how many records one message carries at most. From some thousands on, more of
	// them are not faster any more.
	pageSize = 5_000
	// pageEvery is the least time from one page to the next while there is less to read than a page
	// holds: hundreds of commits in a second, read one by one, would take the processors from the
	// bookings. The first after a pause does not wait.
	pageEvery = 4 * time.Millisecond
	// unawaitedPageEvery is that time while nobody waits for the read models, and there are fewer than
	// manyRecords.
	unawaitedPageEvery = 100 * time.Millisecond
	manyRecords        = 100
	// unwatchedPageEvery is that time while no page is open either that is told of changes. It leaves
	// time for a page before [Progress.AnswerEarly] takes the read models for late.
	unwatchedPageEvery = 250 * time.Millisecond
)

func newDelivery(o Options, name string, handle func(context.Context, *message.Message) error) *delivery {
	return &delivery{
		Options: o, log: eventstore.NewLog(o.Pool),
		lease:  lease{table: checkpointsTable, name: name, holder: o.Holder, lasts: o.Lease},
		handle: handle, applied: func(int, int64) {},
	}
}

// run delivers what comes after the checkpoint while the caller holds the lease.
func (d *delivery) run(ctx context.Context, checkpoint int64) (err error) {
	if err := d.resume(ctx, checkpoint); err != nil {
		return err
	}
	if d.parked, err = parkedStreams(ctx, d.Pool, d.lease.name); err != nil {
		return err
	}
	d.Notifier.reread()
	if d.group == nil {
		_, err := d.catchUp(ctx, checkpoint)
		return err
	}
	d.rows.clear()
	defer d.group.hold()()
	for ctx.Err() == nil {
		began := time.Now()
		if checkpoint, err = d.catchUp(ctx, checkpoint); err != nil {
			return err
		}
		checkpoint = d.group.moveTogether(ctx, d, checkpoint)
		Await(ctx, nil, pageEvery-time.Since(began))
	}
	return nil
}

// catchUp delivers the log up to its end, or to d.until: one goroutine reads ahead, one applies. It
// returns the new checkpoint.
func (d *delivery) catchUp(ctx context.Context, checkpoint int64) (int64, error) {
	group, ctx := errgroup.WithContext(ctx)
	if d.refresh != nil {
		group.Go(func() error {
			if err := d.refresh(ctx); err != nil && ctx.Err() == nil { // rows without it are applied to all the same
				d.Logger.Warn("refreshing rows of an older version failed", "projection", d.lease.name, "error", err)
			}
			return nil
		})
	}
	pages := make(chan *page)
	group.Go(func() error {
		defer close(pages)
		return d.read(ctx, checkpoint, pages)
	})
	group.Go(func() error {
		for p := range pages {
			if err := d.deliver(ctx, p); err != nil {
				return err
			}
			checkpoint = p.To
		}
		return nil
	})
	err := group.Wait()
	return checkpoint, err
}

// read reads the log outside of the transactions that write, so an idle projection holds nothing.
func (d *delivery) read(ctx context.Context, after int64, pages chan<- *page) error {
	for ctx.Err() == nil && (d.until == 0 || after < d.until) {
		limit := d.limit(after)
		records, isBuffered, err := d.next(ctx, after, limit)
		if err != nil || len(records) == 0 {
			return err
		}
		last := records[len(records)-1].Position
		p := d.page(after+1, last, records)
		p.deferred = true
		p.setBuffered(isBuffered)
		select {
		case pages <- p:
		case <-ctx.Done():
		}
		after = last
		if len(records) < limit {
			return nil
		}
	}
	return nil
}

// next gives the records after a position, from the buffer or else from the log.
func (d *delivery) next(ctx context.Context, after int64, limit int) (
	records []eventstore.Record, isBuffered bool, err error,
) {
	if records = d.Notifier.buffer.after(after, limit); len(records) > 0 {
		return records, true, nil
	}
	records, err = d.log.After(ctx, after, limit)
	if err == nil && len(records) > 0 {
		err = checkGapless(records, after+1, records[len(records)-1].Position)
	}
	return records, false, err
}

func (d *delivery) limit(after int64) int {
	if d.until == 0 {
		return pageSize
	}
	return int(min(pageSize, d.until-after))
}

func (d *delivery) page(from, to int64, records []eventstore.Record) *page {
	return &page{
		pageRange: pageRange{Projection: d.lease.name, From: from, To: to}, records: records, skip: d.parked, rows: d.rows,
	}
}

// deliver gets a page applied and moves the checkpoint past it. If PostgreSQL refuses what a
// deferred page sends, the page comes again, and the middlewares see its statements fail. If its
// records can't be applied together, they come again in halves, down to the record that is in the
// way. Records before one that this program does not know are applied; then it is the error.
func (d *delivery) deliver(ctx context.Context, p *page) error {
	err := d.attempt(ctx, p, func(b *pgx.Batch) {
		d.lease.advance(b, p.From-1, p.To)
		p.verify(b)
	})
	if err != nil {
		d.rows.clear()
	} else {
		d.lease.renewed()
	}
	var unknown *unknownError
	switch {
	case errors.As(err, &unknown):
		if unknown.Position > p.From {
			err = errors.Join(err, d.deliver(ctx, d.page(p.From, unknown.Position-1, nil)))
		}
	case err == nil && p.parked:
		stream := p.records[0].StreamID
		d.Logger.Error("a stream is parked",
			"projection", d.lease.name, "stream", stream, "position", p.To, "reason", p.failure)
		d.parked[stream] = true
		d.Notifier.reread()
		d.moved(0, p.To)
	case err == nil:
		d.moved(len(p.records), p.To)
	case p.isBuffered && errors.Is(err, errLeaseLost): // or the log does not have the records
		return d.deliver(ctx, d.page(p.From, p.To, nil))
	case p.queued != nil && errors.As(err, new(*pgconn.PgError)):
		return d.deliver(ctx, d.page(p.From, p.To, nil))
	case errors.As(err, new(*pageError)):
		middle := p.From + (p.To-p.From)/2
		if err := d.deliver(ctx, d.page(p.From, middle, nil)); err != nil {
			return err
		}
		return d.deliver(ctx, d.page(middle+1, p.To, nil))
	}
	return err
}

func (d *delivery) moved(records int, to int64) {
	d.lease.position.Store(to)
	d.applied(records, to)
	d.Notifier.noteAdvanced(to, d.lease.name)
}

// attempt gets the page handled. An acknowledged message is committed, together with what
// commitCheckpoint adds; after any other answer the transaction is rolled back.
func (d *delivery) attempt(ctx context.Context, p *page, commitCheckpoint func(*pgx.Batch)) error {
	conn, err := d.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // closes a connection that is still in a transaction
	p.conn = conn.Conn()
	m, err := p.message(ctx)
	if err != nil {
		return err
	}
	if err = d.handle(ctx, m); err == nil {
		b := &pgx.Batch{QueuedQueries: p.queued}
		commitCheckpoint(b)
		err = d.lease.lost(p.commit(ctx, b))
	}
	if err == nil {
		for _, keep := range p.committed {
			keep()
		}
		return nil
	}
	if p.isBuffered {
		d.Notifier.buffer.clear()
	}
	if ctx.Err() == nil && p.inTransaction() {
		_, _ = conn.Exec(ctx, `rollback`) // a connection on which it fails is closed
	}
	return errors.Join(err, p.failure)
}
