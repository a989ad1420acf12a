package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/eventstore"
)

// A database that is gone need not say so: connections can stay open and swallow everything. Each request that found out by itself
// would wait for its own timeout, and whoever queues behind it longer still. So one connection asks again and again, and what it
// finds holds for all: nobody waits for a database that does not answer.
const (
	beatEvery = 200 * time.Millisecond
	// Together with beatEvery less than two seconds, in which the API promises an answer. More than a busy database takes for nothing.
	beatWithin = 1500 * time.Millisecond
)

// pulse knows whether the database answers, and whether it can be written. It works while run does.
type pulse struct {
	config  *pgx.ConnConfig
	logger  *slog.Logger
	answers condition
	accepts condition // writes; only while it answers
	leader  *atomic.Pointer[string]
}

// condition is something about the database that holds or does not.
type condition struct{ life atomic.Pointer[life] }

// life is the time in which a condition holds.
type life struct {
	ctx context.Context
	end context.CancelCauseFunc
}

func (c *condition) begin() {
	ctx, end := context.WithCancelCause(context.Background())
	c.life.Store(&life{ctx, end})
}

// set notes why the condition does not hold, or with nil that it does, and tells whether that is
// new.
func (c *condition) set(err error) (changed bool) {
	now := c.life.Load()
	switch holds := now.ctx.Err() == nil; {
	case holds == (err == nil):
		return false
	case holds:
		now.end(err)
	default:
		c.begin()
	}
	return true
}

var (
	errGone     = fmt.Errorf("%w: the database does not answer", eventstore.ErrUnavailable)
	errReadOnly = fmt.Errorf("%w: the database is read-only", eventstore.ErrUnavailable)
)

// newPulse keeps leader at the address of the server that answers.
func newPulse(url string, leader *atomic.Pointer[string], logger *slog.Logger) (*pulse, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the address of the database can't be read") // without err, which may repeat the password
	}
	config.RuntimeParams["application_name"] = "boxoffice pulse"
	// A host that does not answer must leave the others their share of a beat.
	config.ConnectTimeout = beatWithin / time.Duration(countHosts(config))
	p := &pulse{config: config, logger: logger, leader: leader}
	p.answers.begin()
	p.accepts.begin()
	return p, nil
}

// alive is a context that ends, with the cause, when the database is found gone. While it is gone, it has ended.
func (p *pulse) alive() context.Context { return p.answers.life.Load().ctx }

// writable is a context that ends, with the cause, when the database is found gone or read-only, as
// a replica is.
func (p *pulse) writable() context.Context { return p.accepts.life.Load().ctx }

func (p *pulse) run(ctx context.Context) {
	var conn *pgx.Conn
	defer func() { p.hangUp(conn) }()
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		var err error
		if conn, err = p.beat(ctx, conn); ctx.Err() != nil {
			return
		}
		p.note(err)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// note tells everybody what a beat has found.
func (p *pulse) note(err error) {
	gone, unwritable := err, err
	switch {
	case errors.Is(err, errReadOnly):
		gone = nil
	case err != nil:
		gone, unwritable = errGone, errGone
	}
	answers, accepts := p.answers.set(gone), p.accepts.set(unwritable)
	switch {
	case answers && gone != nil:
		p.logger.Error("the database does not answer", "error", err)
	case (answers || accepts) && unwritable != nil:
		p.logger.Error("the database is read-only")
	case answers:
		p.logger.Info("the database answers again")
	case accepts:
		p.logger.Info("the database can be written again")
	}
}

// beat asks over the connection, or a new one where that is broken or read-only, and gives back the
// one for the next time.
func (p *pulse) beat(ctx context.Context, conn *pgx.Conn) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, beatWithin)
	defer cancel()
	if conn != nil {
		if err := p.ask(ctx, conn); err == nil {
			return conn, nil
		}
		p.hangUp(conn)
	}
	conn, err := pgx.ConnectConfig(ctx, p.config)
	var full *pgconn.PgError
	if errors.As(err, &full) && full.Code == "53300" { // it has no connection to spare, and answers those that have one
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.ask(ctx, conn); err != nil {
		p.hangUp(conn) // a session can stay read-only when its server is no longer
		return nil, err
	}
	address := addressOf(conn)
	p.leader.Store(&address)
	return conn, nil
}

func (p *pulse) ask(ctx context.Context, conn *pgx.Conn) error {
	var readOnly bool
	// It is on for a replica too.
	err := conn.QueryRow(ctx, `select current_setting('transaction_read_only')::bool`,
		pgx.QueryExecModeSimpleProtocol).Scan(&readOnly)
	if err == nil && readOnly {
		err = errReadOnly
	}
	return err
}

func (p *pulse) hangUp(conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = conn.Close(ctx) // it is broken, or no longer needed
}
