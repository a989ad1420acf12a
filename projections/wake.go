package projections

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The channels of NOTIFY. Their payload is empty: a notification says that there is something to read, and reading says what.
const (
	logChannel        = "boxoffice_log"
	checkpointChannel = "boxoffice_checkpoints"
)

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
	url    string
	pool   *pgxpool.Pool
	logger *slog.Logger

	// Log rings when something was appended, Checkpoints when a projection got further; by any process.
	Log, Checkpoints *Bell

	outgoing map[string]chan struct{}
}

// NewWire listens on a connection of its own to url, and notifies through pool. It works while [Wire.Run] runs.
func NewWire(url string, pool *pgxpool.Pool, logger *slog.Logger) *Wire {
	return &Wire{
		url: url, pool: pool, logger: logger, Log: NewBell(), Checkpoints: NewBell(),
		outgoing: map[string]chan struct{}{logChannel: make(chan struct{}, 1), checkpointChannel: make(chan struct{}, 1)},
	}
}

// Appended tells all processes that the log has grown. It does not block.
func (w *Wire) Appended() {
	w.Log.Ring()
	w.notify(logChannel)
}

// Advanced tells all processes that a projection got further. It does not block.
func (w *Wire) Advanced() {
	w.Checkpoints.Ring()
	w.notify(checkpointChannel)
}

func (w *Wire) notify(channel string) {
	select {
	case w.outgoing[channel] <- struct{}{}:
	default: // one is on its way already, and will be read after what it tells of
	}
}

// Run works until ctx ends. A lost connection is made again; then both bells ring, because something may have been missed.
func (w *Wire) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for channel, news := range w.outgoing {
		all.Go(func() { w.send(ctx, channel, news) })
	}
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
			if _, err := w.pool.Exec(ctx, `select pg_notify($1, '')`, channel); err != nil && ctx.Err() == nil {
				w.logger.Warn("notifying other processes failed", "error", err)
			}
		}
	}
}

func (w *Wire) receive(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, w.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	if _, err := conn.Exec(ctx, `listen `+logChannel+`; listen `+checkpointChannel); err != nil {
		return err
	}
	w.Log.Ring()
	w.Checkpoints.Ring()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		switch n.Channel {
		case logChannel:
			w.Log.Ring()
		case checkpointChannel:
			w.Checkpoints.Ring()
		}
	}
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
