package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
)

// group moves the projections of a process on together while they have nothing to catch up with: a
// page is one message and one transaction for all of them. Whatever is out of the ordinary ends
// that, and each goes on by itself until all have caught up again: a record that one of them can't
// apply, a lease that is lost, many records at once.
type group struct {
	*delivery // of the pages for all
	names     []string
	elsewhere int64     // [Notifier].elsewhere when the log was read last, or unknown
	read      time.Time // when the records of the last page were read
	isSteady  bool      // the last page had several records

	mu       sync.Mutex
	messages chan *message.Message // nil: not subscribed to
	holding  int                   // members that hold their lease
	joined   []*member             // members that have caught up and wait for the others
}

// member is a projection that has caught up.
type member struct {
	*delivery
	ctx  context.Context //nolint:containedctx // of its lease
	at   int64           // its checkpoint
	left chan struct{}   // closed when it goes on by itself
}

// groupTopic is the topic of pages for all projections. No table can have this name.
const groupTopic = "all"

// unknown has the log read.
const unknown = -1

// joinTimeout is how long a projection with new records waits for the others to catch up too.
const joinTimeout = 20 * time.Millisecond

func newGroup(o Options) *group {
	g := &group{}
	for _, p := range o.Projections {
		g.names = append(g.names, p.Name())
	}
	g.delivery = newDelivery(o, groupTopic, func(ctx context.Context, m *message.Message) error {
		return handOver(ctx, g.messages, m)
	})
	return g
}

func (g *group) subscribe(messages chan *message.Message) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.messages = messages
}

// hold says that a member holds its lease, until release is called.
func (g *group) hold() (release func()) {
	add := func(n int) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.holding += n
	}
	add(1)
	return func() { add(-1) }
}

// moveTogether moves a projection that has caught up on with the others, if they have too. It returns
// its new checkpoint when it has to go on by itself.
func (g *group) moveTogether(ctx context.Context, d *delivery, at int64) int64 {
	appended := g.Notifier.Log.Listen()
	m := &member{d, ctx, at, make(chan struct{})}
	if together := g.join(m); together != nil {
		g.runTogether(ctx, together)
		for _, m := range together {
			close(m.left)
		}
		return m.at
	}
	AwaitEither(ctx, m.left, appended, pollEvery)
	if g.isComplete() {
		Await(ctx, m.left, joinTimeout)
	}
	if !g.leave(m) {
		<-m.left
	}
	return m.at
}

// join adds a member. The last one gets them all, to run them.
func (g *group) join(m *member) (together []*member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.joined = append(g.joined, m)
	if len(g.joined) < len(g.names) || g.messages == nil {
		return nil
	}
	together, g.joined = g.joined, nil
	return together
}

// leave takes a member out again. It is false if another member runs it by now.
func (g *group) leave(m *member) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.joined, m)
	if i >= 0 {
		g.joined = slices.Delete(g.joined, i, i+1)
	}
	return i >= 0
}

// isComplete tells whether this process holds the leases of all projections.
func (g *group) isComplete() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.holding == len(g.names)
}

// runTogether moves the members on, all to the same position, until something fails. The member that
// it concerns meets the error again when it goes on by itself, and deals with it there.
func (g *group) runTogether(ctx context.Context, members []*member) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at := int64(0)
	for _, m := range members {
		defer context.AfterFunc(m.ctx, cancel)()
		at = max(at, m.at)
	}
	for _, m := range members {
		if m.at < at {
			if m.deliver(ctx, m.page(m.at+1, at, nil)) != nil {
				return
			}
			m.at = at
		}
	}
	g.elsewhere = unknown
	for ctx.Err() == nil {
		p, err := g.nextPage(ctx, members, at)
		if err == nil && p != nil {
			err = g.apply(ctx, members, p)
		}
		if err != nil {
			g.Logger.Debug("the projections go on one by one", "position", at, "error", err)
			return
		}
		if p != nil {
			at = p.To
		}
	}
}

var errManyRecords = errors.New("there are too many records for one page")

// nextPage waits for records after a position. It is nil when none have come for a while.
func (g *group) nextPage(ctx context.Context, members []*member, at int64) (*page, error) {
	if g.isSteady { // more will come: to be woken by the first would be for nothing
		g.pause(ctx, at)
	}
	appended := g.Notifier.Log.Listen()
	records, isBuffered, err := g.unread(ctx, at)
	g.isSteady = len(records) > 1
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		if Await(ctx, appended, min(idlePoll, g.lease.lasts/3)) {
			return nil, g.poll(ctx, members, at)
		}
		return nil, nil
	}
	if len(records) == pageSize { // one by one they read ahead
		return nil, errManyRecords
	}
	p := g.page(at+1, records[len(records)-1].Position, records)
	p.deferred = true
	p.setBuffered(isBuffered)
	p.parts = map[string]*delivery{}
	for _, m := range members {
		p.parts[m.lease.name] = m.delivery
	}
	return p, nil
}

// unread gives the records after a position. It reads the log only if it may have some that are not
// in the buffer.
func (g *group) unread(ctx context.Context, at int64) (records []eventstore.Record, isBuffered bool, err error) {
	if elsewhere := g.Notifier.elsewhere.Load(); elsewhere != g.elsewhere || g.Notifier.buffer.end() > at {
		g.pause(ctx, at) // not after each page, which would cost a timer
		g.elsewhere, g.read = elsewhere, time.Now()
		return g.next(ctx, at, pageSize)
	}
	return nil, false, nil
}

// pause waits until the page after a position may be read. While nobody waits for it, here or in
// another process, that is longer, unless it has many records, and longer still while nobody watches.
func (g *group) pause(ctx context.Context, at int64) {
	n := g.Notifier
	hurry := n.hurry.Listen()
	n.pausedUntil.Store(at + manyRecords)
	defer n.pausedUntil.Store(0)
	most := unawaitedPageEvery
	if !n.IsWatched() {
		most = unwatchedPageEvery
	}
	most -= time.Since(g.read)
	if most > 0 && !n.isAwaited() && n.IsAlone() && n.buffer.end() < at+manyRecords {
		Await(ctx, hurry, most)
	}
	Await(ctx, nil, pageEvery-time.Since(g.read))
}

// apply has a page handled for all, and moves their checkpoints in the same transaction.
func (g *group) apply(ctx context.Context, members []*member, p *page) error {
	err := g.attempt(ctx, p, func(b *pgx.Batch) { advanceTogether(b, members, p) })
	for _, m := range members {
		if err != nil {
			m.rows.clear()
			continue
		}
		m.at = p.To
		m.lease.renewed()
		m.lease.position.Store(p.To)
		m.applied(len(m.unparked(p.records)), p.To)
	}
	if err == nil {
		g.Notifier.noteAdvanced(p.To, g.names...)
	}
	return err
}

// advanceTogether does in one statement what [lease.advance], [appliedRanges.queue] and [page.verify]
// do in one each, for all members.
func advanceTogether(b *pgx.Batch, members []*member, p *page) {
	s := statement{}
	s.add(`with `)
	if len(p.sums) > 0 {
		s.add(`summed as (` + addSumsSQL + `values `)
		for i, sum := range p.sums {
			hash := int64(sum.hash) //nolint:gosec // the same bits
			s.addList(i, sum.name, "text", sum.first, "bigint", sum.records, "bigint", hash, "bigint")
		}
		s.add(addToStoredSQL + `), `)
	}
	s.add(`held (name, fence) as (values `)
	for i, m := range members {
		s.addList(i, m.lease.name, "text", m.lease.fence, "bigint")
	}
	s.add(`), moved as (
		update projection_checkpoints c
		set position = ` + s.parameter(p.To) + `, updated_at = clock_timestamp(), lease_until = clock_timestamp() + ` +
		s.parameter(members[0].lease.lasts) + `
		from held
		where c.name = held.name and c.fence = held.fence and c.position = ` + s.parameter(p.From-1) + `
		returning 1
	)
	select 1 / ((select count(*) from moved) = ` + s.parameter(len(members)) + `)::int`)
	if p.isBuffered {
		s.add(`, 1 / count(*) from event_log
		where position = ` + s.parameter(p.To) + ` and hash = ` + s.parameter(p.lastHash[:]))
	}
	b.Queue(s.sql.String(), s.args...)
}

// poll renews the leases of all members, and looks for records that nobody has told of, in one
// statement.
func (g *group) poll(ctx context.Context, members []*member, at int64) error {
	names, fences := make([]string, len(members)), make([]int64, len(members))
	for i, m := range members {
		names[i], fences[i] = m.lease.name, m.lease.fence
	}
	var held int
	var head int64
	err := g.Pool.QueryRow(ctx, `
		with renewed as (
			update projection_checkpoints c set lease_until = clock_timestamp() + $3
			from unnest($1::text[], $2::bigint[]) as held (name, fence)
			where c.name = held.name and c.fence = held.fence and c.position = $4
			returning 1
		)
		select (select count(*) from renewed), position from log_head`, names, fences, g.lease.lasts, at).
		Scan(&held, &head)
	switch {
	case err != nil:
		return err
	case held < len(members):
		return errLeaseLost
	case head > at:
		g.elsewhere = unknown
	}
	for _, m := range members {
		m.lease.renewed()
	}
	return nil
}

// applyTogether handles pages for all projections. Each sees the records of the streams that it has
// not parked.
func applyTogether(projections []Projection, tracer trace.Tracer) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		whole, err := pageOf(m)
		if err != nil {
			return err
		}
		for _, p := range projections {
			part := whole.part(p.Name())
			if len(part.records) == 0 {
				continue
			}
			if err := applyPage(m.Context(), p, part, p.Name(), tracer); err != nil {
				return err
			}
			whole.queued, whole.sums, whole.committed = part.queued, part.sums, part.committed
		}
		return nil
	}
}

// part is the part of one projection in a page for all.
func (p *page) part(name string) *page {
	d, part := p.parts[name], *p
	part.Projection, part.parts, part.isPart = name, nil, true
	part.records, part.rows = d.unparked(p.records), d.rows
	return &part
}

// unparked leaves the records of parked streams out.
func (d *delivery) unparked(records []eventstore.Record) []eventstore.Record {
	if len(d.parked) == 0 {
		return records
	}
	return slices.DeleteFunc(slices.Clone(records), func(r eventstore.Record) bool { return d.parked[r.StreamID] })
}
