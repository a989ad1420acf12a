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

// pulse knows whether the database answers. It works while run does.
type pulse struct {
	config *pgx.ConnConfig
	logger *slog.Logger
	life   atomic.Pointer[life]
}

// life is the time in which the database answers.
type life struct {
	ctx context.Context
	end context.CancelCauseFunc
}

var errGone = fmt.Errorf("%w: the database does not answer", eventstore.ErrUnavailable)

func newPulse(url string, logger *slog.Logger) (*pulse, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the address of the database can't be read") // without err, which may repeat the password
	}
	config.RuntimeParams["application_name"] = "boxoffice pulse"
	p := &pulse{config: config, logger: logger}
	p.begin()
	return p, nil
}

func (p *pulse) begin() {
	ctx, end := context.WithCancelCause(context.Background())
	p.life.Store(&life{ctx, end})
}

// alive is a context that ends, with the cause, when the database is found gone. While it is gone, it has ended.
func (p *pulse) alive() context.Context { return p.life.Load().ctx }

func (p *pulse) run(ctx context.Context) {
	var conn *pgx.Conn
	defer func() { p.hangUp(conn) }()
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		var err error
		conn, err = p.beat(ctx, conn)
		isAlive := p.alive().Err() == nil
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && isAlive:
			p.logger.Error("the database does not answer", "error", err)
			p.life.Load().end(errGone)
		case err == nil && !isAlive:
			p.logger.Info("the database answers again")
			p.begin()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// beat asks over the connection, or a new one where that is broken, and gives back the one for the next time.
func (p *pulse) beat(ctx context.Context, conn *pgx.Conn) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, beatWithin)
	defer cancel()
	if conn != nil {
		if err := conn.Ping(ctx); err == nil {
			return conn, nil
		}
		p.hangUp(conn)
	}
	conn, err := pgx.ConnectConfig(ctx, p.config)
	var full *pgconn.PgError
	if errors.As(err, &full) && full.Code == "53300" { // it has no connection to spare, and answers those that have one
		return nil, nil
	}
	return conn, err
}

func (p *pulse) hangUp(conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = conn.Close(ctx) // it is broken, or no longer needed
}
