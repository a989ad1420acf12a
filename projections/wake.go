package projections

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The channels of NOTIFY. Every role of the database can notify on them, so a notification only
// says that there may be something to read. A checkpoint is told as "name position", which saves
// those who know of that position already from reading it again.
const (
	logChannel        = "boxoffice_log"
	checkpointChannel = "boxoffice_checkpoints"
	leaseChannel      = "boxoffice_leases"
)

// notifyEvery is the least time between notifications on one channel. The first after a pause goes out at once.
const notifyEvery = 4 * time.Millisecond

// Bell wakes those who wait for news. The zero value is not usable; see [NewBell].
type Bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// NewBell returns a bell that has not been rung.
func NewBell() *Bell { return &Bell{rung: make(chan struct{})} }

// Ring wakes everyone who listens now.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rung)
	b.rung = make(chan struct{})
}

// Listen gives a channel that is closed with the next ring. Take it before looking for news, so that none is missed in between.
func (b *Bell) Listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

// Wire carries news between the processes of one database with NOTIFY and LISTEN. What it loses, polling finds a little later.
type Wire struct {
	id     string // tells its own news from those of others
	url    string
	pool   *pgxpool.Pool
	logger *slog.Logger

	// Log rings when something was appended, Checkpoints when a projection got further, Leases when one can be taken over; by
	// any process.
	Log, Checkpoints, Leases *Bell

	outgoing map[string]chan struct{}
	unread   chan struct{} // one token: another process has told of a checkpoint

	mu        sync.Mutex
	positions map[string]int64 // how far projections are known to be
	moved     map[string]bool  // those that the other processes have not been told of
}

// NewWire listens on a connection of its own to url, and notifies through pool. It works while [Wire.Run] runs.
func NewWire(url string, pool *pgxpool.Pool, logger *slog.Logger) *Wire {
	w := &Wire{
		id: uuid.NewString(), url: url, pool: pool, logger: logger, Log: NewBell(), Checkpoints: NewBell(), Leases: NewBell(),
		outgoing: make(map[string]chan struct{}), unread: make(chan struct{}, 1),
		positions: make(map[string]int64), moved: make(map[string]bool),
	}
	for _, channel := range []string{logChannel, checkpointChannel, leaseChannel} {
		w.outgoing[channel] = make(chan struct{}, 1)
	}
	return w
}

// Appended tells all processes that the log has grown. It does not block.
func (w *Wire) Appended() {
	w.Log.Ring()
	w.notify(logChannel)
}

// Advanced tells all processes how far a projection is. It does not block.
func (w *Wire) Advanced(projection string, position int64) {
	w.learn(projection, position)
	w.mu.Lock()
	w.moved[projection] = true
	w.mu.Unlock()
	w.notify(checkpointChannel)
}

// Released tells all processes that a lease is free. It does not block.
func (w *Wire) Released() {
	w.Leases.Ring()
	w.notify(leaseChannel)
}

func (w *Wire) notify(channel string) {
	select {
	case w.outgoing[channel] <- struct{}{}:
	default: // one is on its way already, and says what is known when it leaves
	}
}

// learn remembers how far a projection is.
func (w *Wire) learn(projection string, position int64) {
	w.mu.Lock()
	at, heard := w.positions[projection]
	news := !heard || at < position
	if news {
		w.positions[projection] = position
	}
	w.mu.Unlock()
	if news {
		w.Checkpoints.Ring()
	}
}

// reached is the lowest position of the projections; known is false while there is one of which nothing was heard.
func (w *Wire) reached(projections []string) (position int64, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, name := range projections {
		at, heard := w.positions[name]
		if !heard {
			return 0, false
		}
		if i == 0 || at < position {
			position = at
		}
	}
	return position, true
}

// forget drops what is known: after a crash of the server, projections may be further back than they were.
func (w *Wire) forget() {
	w.mu.Lock()
	clear(w.positions)
	w.mu.Unlock()
	w.Checkpoints.Ring()
}

// Run works until ctx ends. A lost connection is made again; then all bells ring, because something may have been missed.
func (w *Wire) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for channel, news := range w.outgoing {
		all.Go(func() { w.send(ctx, channel, news) })
	}
	all.Go(func() { w.readWhenNotified(ctx) })
	for ctx.Err() == nil {
		if err := w.receive(ctx); err != nil && ctx.Err() == nil {
			w.logger.Warn("listening for news was interrupted", "error", err)
			pause(ctx, 200*time.Millisecond)
		}
	}
}

// send notifies outside of any transaction that writes: NOTIFY makes commits wait for each other, and one that has written
// nothing is quick.
func (w *Wire) send(ctx context.Context, channel string, news <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-news:
			if err := notify(ctx, w.pool, channel, w.payloads(channel)...); err != nil && ctx.Err() == nil {
				w.logger.Warn("notifying other processes failed", "error", err)
			}
			pause(ctx, notifyEvery)
		}
	}
}

func (w *Wire) payloads(channel string) []string {
	if channel != checkpointChannel {
		return []string{w.id}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var payloads []string
	for name := range w.moved {
		payloads = append(payloads, fmt.Sprintf("%s %d", name, w.positions[name]))
	}
	clear(w.moved)
	return payloads
}

// notify does not wait for the disk: nothing is lost that polling would not find.
func notify(ctx context.Context, pool *pgxpool.Pool, channel string, payloads ...string) error {
	_, err := pool.Exec(ctx, `
		select set_config('synchronous_commit', 'off', true), pg_notify($1, payload) from unnest($2::text[]) as payload`, channel, payloads)
	return err
}

func (w *Wire) receive(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, w.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	if _, err := conn.Exec(ctx, `listen `+logChannel+`; listen `+checkpointChannel+`; listen `+leaseChannel); err != nil {
		return err
	}
	w.forget()
	w.Log.Ring()
	w.Leases.Ring()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		switch {
		case n.Payload == w.id: // came back to who sent it, and has rung already
		case n.Channel == logChannel:
			w.Log.Ring()
		case n.Channel == leaseChannel:
			w.Leases.Ring()
		case n.Channel == checkpointChannel:
			if !w.knows(n.Payload) {
				select {
				case w.unread <- struct{}{}:
				default: // the read that is to come finds this one too
				}
			}
		}
	}
}

// knows tells whether a projection is known to be where a notification says that it is, or
// further.
func (w *Wire) knows(payload string) bool {
	name, position, _ := strings.Cut(payload, " ")
	claimed, err := strconv.ParseInt(position, 10, 64)
	if err != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at, heard := w.positions[name]
	return heard && claimed <= at
}

// readWhenNotified reads the checkpoints after a notification. Many notifications cost one read.
func (w *Wire) readWhenNotified(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.unread:
			if err := w.readCheckpoints(ctx, w.pool, Names()); err != nil && ctx.Err() == nil {
				w.logger.Warn("reading the checkpoints failed", "error", err)
			}
			pause(ctx, notifyEvery)
		}
	}
}

// readCheckpoints takes from the database how far projections are. One that has never run is at 0.
func (w *Wire) readCheckpoints(ctx context.Context, from querier, names []string) error {
	var name string
	var position int64
	rows, _ := from.Query(ctx, `
		select wanted.name, coalesce(c.position, 0)
		from unnest($1::text[]) as wanted (name)
		left join projection_checkpoints c using (name)`, names)
	_, err := pgx.ForEachRow(rows, []any{&name, &position}, func() error {
		w.learn(name, position)
		return nil
	})
	return err
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
