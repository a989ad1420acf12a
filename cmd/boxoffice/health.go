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
	"github.com/boxoffice/boxoffice/internal/condition"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// A database that is down does not always close its connections. A request would notice that by its
// own timeout only, and those queued behind it would wait even longer. So one connection sends a
// heartbeat five times a second, and all requests rely on its result. While there are none, once a second
// is enough: most of what an idle process did was this.
const (
	heartbeatEvery     = 200 * time.Millisecond
	idleHeartbeatEvery = time.Second
	// idleAfter is how long nobody must have relied on the result: longer than a booking takes.
	idleAfter = 5 * time.Second
	// Together with heartbeatEvery less than two seconds, in which the API promises an answer; more than
	// a busy database takes to answer.
	heartbeatTimeout = 1500 * time.Millisecond
	// The rest of heartbeatTimeout is for a new connection, because only one session may be stuck.
	answerTimeout = heartbeatTimeout / 3
)

// healthMonitor knows whether the database answers, and whether it can be written. It is up to date
// while run runs.
type healthMonitor struct {
	config  *pgx.ConnConfig
	logger  *slog.Logger
	answers *condition.Condition
	accepts *condition.Condition // writes; only while it answers
	leader  *atomic.Pointer[string]
	clock   func() time.Time // of this machine
	ahead   atomic.Int64     // by how many nanoseconds the database's clock is ahead of it
	warned  bool             // that it is
	first   *pgx.Conn        // that run begins with
	askedAt time.Time        // when the clocks were last compared

	committedAt atomic.Int64   // when the program committed last, in ns since 1970
	reliedAt    atomic.Int64   // likewise, when somebody asked last whether the database answers
	used        *engine.Signal // somebody asks again after idleAfter
}

// askEvery is how often the database is asked for its clock, and whether it can be written. That takes
// a transaction; other heartbeats take none.
const askEvery = time.Second

// maxClockDifference is how far a machine's clock may be from the database's without a warning.
const maxClockDifference = time.Second

// now is the time by the database's clock, which all processes share. With its own clock, a process
// whose clock is wrong would write times in the future, after which later records of the stream must
// be, and sell tickets of events that have begun.
func (m *healthMonitor) now() time.Time { return m.clock().Add(time.Duration(m.ahead.Load())) }

// compareClocks notes the database's clock, which was read between two times of this machine's.
func (m *healthMonitor) compareClocks(before, database, after time.Time) {
	if after.Sub(before) > maxClockDifference/2 { // too slow for a comparison
		return
	}
	ahead := database.Sub(before.Add(after.Sub(before) / 2))
	m.ahead.Store(int64(ahead))
	if differs := ahead.Abs() > maxClockDifference; differs != m.warned {
		m.warned = differs
		if differs {
			m.logger.Error("the clock of this machine differs from the database's, which is used", "database_ahead", ahead)
		}
	}
}

var (
	errDown     = fmt.Errorf("%w: the database does not answer", eventstore.ErrUnavailable)
	errReadOnly = fmt.Errorf("%w: the database is read-only", eventstore.ErrUnavailable)
)

// newHealthMonitor keeps leader at the address of the server that answers.
func newHealthMonitor(url string, leader *atomic.Pointer[string], logger *slog.Logger) (*healthMonitor, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the address of the database can't be read") // without err, which may repeat the password
	}
	config.RuntimeParams["application_name"] = "boxoffice health"
	eventstore.ConfigureConn(config, nil)
	// Each host gets its part of a heartbeat's time, so that one that does not answer leaves time for the
	// others.
	config.ConnectTimeout = (heartbeatTimeout - answerTimeout) / time.Duration(countHosts(config))
	m := &healthMonitor{config: config, logger: logger, leader: leader, clock: time.Now, used: engine.NewSignal(),
		answers: condition.New(nil), accepts: condition.New(nil)}
	return m, nil
}

// alive is a context that ends, with the cause, when the database is found down. While it is down, the
// context has ended.
func (m *healthMonitor) alive() context.Context {
	m.rely()
	return m.answers.Context()
}

// writable is alive, and ends also when the database is found read-only, as a replica is.
func (m *healthMonitor) writable() context.Context {
	m.rely()
	return m.accepts.Context()
}

// rely notes that somebody relies on the monitor, and ends its rest.
func (m *healthMonitor) rely() {
	now := time.Now().UnixNano()
	if last := m.reliedAt.Swap(now); now-last >= int64(idleAfter) {
		m.used.Broadcast()
	}
}

func (m *healthMonitor) run(ctx context.Context) {
	conn := m.first
	defer func() { m.disconnect(conn) }()
	for {
		var err error
		if conn, err = m.heartbeat(ctx, conn); ctx.Err() != nil {
			return
		}
		m.publish(err)
		for isDue := false; !isDue && ctx.Err() == nil; isDue = !m.isEvident() {
			m.pause(ctx)
		}
	}
}

// pause waits until the next heartbeat may be due.
func (m *healthMonitor) pause(ctx context.Context) {
	used := m.used.Listen()
	if time.Since(time.Unix(0, m.reliedAt.Load())) < idleAfter || !m.answers.Holds() || !m.accepts.Holds() {
		engine.Await(ctx, nil, heartbeatEvery)
		return
	}
	engine.Await(ctx, used, idleHeartbeatEvery)
}

// noteCommit says that a commit has just succeeded.
func (m *healthMonitor) noteCommit() { m.committedAt.Store(time.Now().UnixNano()) }

// isEvident tells whether a commit has just shown what the next heartbeat would.
func (m *healthMonitor) isEvident() bool {
	return time.Since(time.Unix(0, m.committedAt.Load())) < heartbeatEvery &&
		m.answers.Holds() && m.accepts.Holds() && time.Since(m.askedAt) < askEvery-heartbeatEvery/2
}

// start sends the first heartbeat, so that the clocks are compared before anything happens.
func (m *healthMonitor) start(ctx context.Context) {
	var err error
	m.first, err = m.heartbeat(ctx, nil)
	m.publish(err)
}

// publish sets the result of a heartbeat.
func (m *healthMonitor) publish(err error) {
	down, unwritable := err, err
	switch {
	case errors.Is(err, errReadOnly):
		down = nil
	case err != nil:
		down, unwritable = errDown, errDown
	}
	answers, accepts := m.answers.Set(down), m.accepts.Set(unwritable)
	switch {
	case answers && down != nil:
		m.logger.Error("the database does not answer", "error", err)
	case (answers || accepts) && unwritable != nil:
		m.logger.Error("the database is read-only")
	case answers:
		m.logger.Info("the database answers again")
	case accepts:
		m.logger.Info("the database can be written again")
	}
}

// heartbeat asks over the connection, or over a new one if that is broken or read-only, and returns the
// one for the next heartbeat.
func (m *healthMonitor) heartbeat(ctx context.Context, conn *pgx.Conn) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	if conn != nil {
		asking, done := context.WithTimeout(ctx, answerTimeout)
		isDue := time.Since(m.askedAt) > askEvery-heartbeatEvery/2 || !m.accepts.Holds()
		var err error
		if !isDue {
			err = eventstore.Ping(asking, conn)
			isDue = isReadOnly(conn)
		}
		if err == nil && isDue {
			err = m.ask(asking, conn)
		}
		done()
		if err == nil {
			return conn, nil
		}
		m.disconnect(conn)
	}
	conn, err := pgx.ConnectConfig(ctx, m.config)
	var full *pgconn.PgError
	if errors.As(err, &full) && full.Code == "53300" { // too many connections: it answers those that are open
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := m.ask(ctx, conn); err != nil {
		m.disconnect(conn) // a session can stay read-only after its server has become writable
		return nil, err
	}
	address := addressOf(conn)
	m.leader.Store(&address)
	return conn, nil
}

func (m *healthMonitor) ask(ctx context.Context, conn *pgx.Conn) error {
	var readOnly bool
	var at time.Time
	before := m.clock()
	// It is on for a replica too.
	err := conn.QueryRow(ctx, `select current_setting('transaction_read_only')::bool, clock_timestamp()`,
		pgx.QueryExecModeSimpleProtocol).Scan(&readOnly, &at)
	if err != nil {
		return err
	}
	m.askedAt = time.Now()
	m.compareClocks(before, at, m.clock())
	if readOnly {
		return errReadOnly
	}
	return nil
}

func (m *healthMonitor) disconnect(conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = conn.Close(ctx) // it is broken, or no longer needed
}
