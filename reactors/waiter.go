package reactors

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// The pause between attempts while something is out of order grows from the one to the other.
const (
	shortestPause = 250 * time.Millisecond
	longestPause  = 30 * time.Second
)

// linger is how long a reactor waits after a signal, so that what comes together is read together: a
// reading costs a server as much as a booking, and mails and webhooks have this time.
const linger = 500 * time.Millisecond

// waiter is the [wsql.BackoffManager] of a reactor. It returns when there is something to read, so
// watermill-sql need not poll.
type waiter struct {
	runner *runner
	ctx    context.Context //nolint:containedctx // of the lease; the interface has none
	signal *engine.Signal

	signalled <-chan struct{} // since before the last SELECT
	byName    <-chan struct{} // likewise, of the reactor's name
	pause     time.Duration
	logged    string // the last error: one that stays is logged once

	mu         sync.Mutex
	outage     error    // of a handler, which had the transaction rolled back
	topics     []string // in which handlers have queued something
	isUnwanted bool     // nobody wants records
}

// listen is called before each SELECT, so that nothing is missed after it.
func (w *waiter) listen() {
	w.signalled = w.signal.Listen()
	w.byName = w.runner.Notifier.Queue(w.runner.Name).Listen()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isUnwanted = false // it was said of a transaction that failed
}

// attach puts the waiter into the context of a message, for [Queued].
func (w *waiter) attach(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		m.SetContext(context.WithValue(m.Context(), waiterKey{}, w))
		return next(m)
	}
}

func (w *waiter) queued(topic string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.topics, topic) {
		w.topics = append(w.topics, topic)
	}
}

func (w *waiter) unwanted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isUnwanted = true
}

// fail notes why a handler has the transaction rolled back: the first error of a batch counts.
func (w *waiter) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.outage == nil {
		w.outage = err
	}
}

func (w *waiter) takeOutage() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.outage
	w.outage = nil
	return err
}

// HandleError is called after each transaction: with an error, without a message, or after its
// commit.
func (w *waiter) HandleError(_ watermill.LoggerAdapter, noMsg bool, err error) time.Duration {
	if outage := w.takeOutage(); outage != nil {
		err = outage // err says only that the transaction is over
	}
	switch {
	case w.ctx.Err() != nil || w.runner.working.Err() != nil:
	case err != nil:
		w.failed(err)
	case noMsg:
		if !engine.Await(w.ctx, w.signalled, w.runner.Poll) {
			engine.Await(w.ctx, nil, linger)
		}
	default:
		w.pause, w.logged = 0, ""
		w.committed()
	}
	if w.ctx.Err() != nil {
		w.runner.stop(nil) // between two transactions
	}
	return 0
}

// committed tells of what handlers have queued, and waits while nobody wants records.
func (w *waiter) committed() {
	w.mu.Lock()
	topics, isUnwanted := w.topics, w.isUnwanted
	w.topics, w.isUnwanted = nil, false
	w.mu.Unlock()
	for _, topic := range topics {
		w.runner.Notifier.Queued(topic)
	}
	if isUnwanted {
		engine.Await(w.ctx, w.byName, w.runner.Poll)
	}
}

func (w *waiter) failed(err error) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "22012" { // division by zero: see heldSQL
		w.runner.stop(errLeaseLost)
		return
	}
	if eventstore.IsUnknownRecord(err) {
		w.runner.stop(err) // another process may know it
		return
	}
	if text := err.Error(); text != w.logged {
		w.logged = text
		w.runner.Logger.Warn("a reactor waits", "reactor", w.runner.Name, "error", err)
	}
	w.pause = min(max(2*w.pause, shortestPause), longestPause)
	engine.Await(w.ctx, nil, w.pause)
}

var errLeaseLost = errors.New("another process runs the reactor")
