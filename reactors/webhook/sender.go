package webhook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Topic is signalled when there may be something to send, or somebody new to send to.
const Topic = "webhooks"

const (
	// senderName is that of the lease.
	senderName = "webhook_sender"
	// perEndpoint is how many requests one endpoint gets at a time. One that fails gets one.
	perEndpoint = 4
	// concurrency is how many requests are made at a time in all. Those that wait for slow endpoints
	// are among them: it takes 32 endpoints to use them up.
	concurrency = 128
	// poll is how often deliveries are looked for that nobody has told of.
	poll = 30 * time.Second
	// linger is the pause between two looks, so that what comes together is seen together.
	linger = 50 * time.Millisecond
	// finishWithin is how long requests may go on after the end. Others would be made again.
	finishWithin = 8 * time.Second
)

// SenderConnections is how many connections [Send] uses.
const SenderConnections = 3

// Options configure [Send]. All fields are needed unless they say otherwise.
type Options struct {
	Pool      *pgxpool.Pool // with [SenderConnections]; it stays the caller's
	Notifier  *engine.Notifier
	Addresses endpoint.Addresses
	// Stopped queues a mail to the owner of an endpoint that was switched off, in the transaction that
	// switches it off; nil: none is sent. The address is without its query.
	Stopped func(tx wsql.ContextExecutor, owner uuid.UUID, address string) error
	Logger  *slog.Logger
	Holder  string // names this process to people
	Now     func() time.Time
	// Registerer takes the metrics; nil: none are kept.
	Registerer prometheus.Registerer
	// Lease is how long another process waits before it takes over from one that was killed; 30 s
	// when zero.
	Lease time.Duration
	// Timeout is for one request with its answer; 10 s when zero.
	Timeout time.Duration
	// Resolver looks names up; nil: that of the machine.
	Resolver *net.Resolver
}

// sender posts deliveries while this process has the lease.
type sender struct {
	Options
	db      *sql.DB
	client  *http.Client
	metrics *metrics
	places  chan struct{}

	mu     sync.Mutex
	busy   map[uuid.UUID]bool // endpoints that deliveries are being sent to
	served *engine.Signal     // one of them is done
}

// Send posts deliveries until ctx ends, while this process has the lease.
func Send(ctx context.Context, o Options) error {
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	s := &sender{
		Options: o, db: stdlib.OpenDBFromPool(o.Pool), client: newClient(o), metrics: newMetrics(o),
		places: make(chan struct{}, concurrency), busy: map[uuid.UUID]bool{}, served: engine.NewSignal(),
	}
	defer s.db.Close() //nolint:errcheck // the pool is the caller's
	unregister, err := engine.RegisterMetrics(o.Registerer, s.metrics)
	if err != nil {
		return fmt.Errorf("register the metrics of webhooks: %w", err)
	}
	defer unregister()
	engine.RunAsLeader(ctx, engine.LeaderOptions{
		Table: "reactor_offsets", Name: senderName, Holder: o.Holder, Lasts: o.Lease, Pool: o.Pool,
		Notifier: o.Notifier, Logger: o.Logger,
	}, s.run)
	return nil
}

// run returns when ctx ends and the requests that were being made are done.
func (s *sender) run(ctx context.Context, _ int64) error {
	requests, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		engine.Await(requests, nil, finishWithin)
		stop()
	})()
	var working sync.WaitGroup
	defer working.Wait()
	for ctx.Err() == nil {
		queued, served := s.Notifier.Queue(Topic).Listen(), s.served.Listen()
		due, next, err := s.due(ctx)
		if err != nil {
			return err
		}
		for _, id := range due {
			if s.begin(id) {
				working.Go(func() {
					defer s.end(id)
					s.serve(ctx, requests, id)
				})
			}
		}
		wait := poll
		if !next.IsZero() {
			wait = min(wait, next.Sub(s.Now()))
		}
		engine.AwaitEither(ctx, queued, served, wait)
		engine.Await(ctx, nil, linger)
	}
	return nil
}

// begin is false while deliveries are being sent to the endpoint.
func (s *sender) begin(id uuid.UUID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[id] {
		return false
	}
	s.busy[id] = true
	return true
}

func (s *sender) end(id uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, id)
	s.served.Broadcast()
}

// due returns the endpoints that something is to be sent to now, and when the next one follows; zero:
// never. Those that are being served are among neither: they are looked at when that is done.
func (s *sender) due(ctx context.Context) (now []uuid.UUID, next time.Time, err error) {
	s.mu.Lock()
	busy := make([]uuid.UUID, 0, len(s.busy))
	for id := range s.busy {
		busy = append(busy, id)
	}
	s.mu.Unlock()
	rows, _ := s.Pool.Query(ctx, `
		select e.id, d.next_at
		from webhook_endpoints e
		cross join lateral (
			select next_at from webhook_deliveries
			where endpoint_id = e.id and status = 'pending'
			order by next_at, id
			limit 1
		) d
		where e.status = 'active' and e.id <> all($1)`, busy)
	var id uuid.UUID
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		if !at.After(s.Now()) {
			now = append(now, id)
		} else if next.IsZero() || at.Before(next) {
			next = at
		}
		return nil
	})
	if err != nil {
		return nil, next, fmt.Errorf("look for deliveries: %w", err)
	}
	return now, next, nil
}

// serve sends what is due to an endpoint, some at a time, until ctx ends. Requests may go on longer.
func (s *sender) serve(ctx, requests context.Context, id uuid.UUID) {
	for pause := time.Second; ctx.Err() == nil; {
		to, due, err := s.take(ctx, id)
		if err == nil && len(due) == 0 {
			return
		}
		failures := make([]error, len(due)+1)
		failures[len(due)] = err
		var sending sync.WaitGroup
		for i, d := range due {
			select {
			case s.places <- struct{}{}:
			case <-ctx.Done():
				continue
			}
			sending.Go(func() {
				defer func() { <-s.places }()
				outcome := s.post(requests, to, d)
				if requests.Err() == nil || outcome.delivered() {
					failures[i] = s.record(to, d, outcome)
				}
			})
		}
		sending.Wait()
		if err = errors.Join(failures...); err == nil || ctx.Err() != nil {
			continue
		}
		s.Logger.Warn("webhooks wait", "endpoint", id, "error", err)
		engine.Await(ctx, nil, pause)
		pause *= 2 // what can't be recorded is sent again
	}
}

// target is an endpoint as it is when something is sent to it.
type target struct {
	id           uuid.UUID
	url          string
	secrets      []endpoint.Secret // the current one first
	failingSince *time.Time
}

// delivery is what is sent.
type delivery struct {
	id        int64
	messageID string
	payload   string
	attempts  int // before this one
}

// take reads what is due. It is not marked: after a crash it is sent again.
func (s *sender) take(ctx context.Context, id uuid.UUID) (to target, due []delivery, err error) {
	to.id = id
	now := s.Now()
	rows, _ := s.Pool.Query(ctx, `
		select e.url, e.secret, case when e.old_until > $2 then e.old_secret end, e.failing_since,
			d.id, d.message_id, d.payload, d.attempts
		from webhook_endpoints e
		join webhook_deliveries d on d.endpoint_id = e.id
		where e.id = $1 and e.status = 'active' and d.status = 'pending' and d.next_at <= $2
		order by d.next_at, d.id
		limit $3`, id, now, perEndpoint)
	var secret, old []byte
	var d delivery
	_, err = pgx.ForEachRow(rows, []any{
		&to.url, &secret, &old, &to.failingSince, &d.id, &d.messageID, &d.payload, &d.attempts,
	}, func() error {
		to.secrets = []endpoint.Secret{secret}
		if old != nil {
			to.secrets = append(to.secrets, old)
		}
		due = append(due, d)
		return nil
	})
	if err != nil {
		return to, nil, fmt.Errorf("read deliveries: %w", err)
	}
	if to.failingSince != nil && len(due) > 1 {
		due = due[:1]
	}
	return to, due, nil
}
