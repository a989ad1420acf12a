package eventstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// commitTimeout is how long [Commit] waits for the answer to a COMMIT.
const commitTimeout = 5 * time.Second

// Commit runs do in a transaction and commits it. Everything that is confirmed to somebody and is
// not a record of the log is written with it. When it returns nil, the write is durable, on the
// synchronous standby too, where there is one. It returns an [ErrOutcomeUnknown] when the COMMIT
// was not answered, within 5 s at most, or was answered with a warning, as when somebody has ended
// its wait for the standby. After any other error nothing was written. The pool must be configured
// with [ConfigureCommits].
func Commit(ctx context.Context, pool *pgxpool.Pool, do func(pgx.Tx) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback(ctx) // on failure, the connection is closed, and PostgreSQL rolls back
		return err
	}
	takeWarning(conn.Conn().PgConn()) // only what is said of the COMMIT counts
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	err = tx.Commit(ctx)
	switch {
	case err != nil && !conn.Conn().IsClosed(): // PostgreSQL has refused it
		return err
	case err == nil && takeWarning(conn.Conn().PgConn()):
		err = errNotReplicated
		_ = conn.Conn().Close(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return nil
}

var errNoCancel = errors.New("the socket was closed instead of sending a cancel request")

// ConfigureCommits prepares the connections of a pool so that a COMMIT is never cancelled. A COMMIT
// that waits for a synchronous standby is done on the primary already. A cancel request ends only
// the wait: the records then become visible, would be confirmed, and a failover would lose them.
// pgx sends a cancel request whenever it gives a connection up. With this it closes the socket
// instead, and PostgreSQL goes on waiting.
//
// A statement whose connection was given up therefore runs on to its end: set statement_timeout.
func ConfigureCommits(c *pgxpool.Config) {
	before, notice := c.BeforeConnect, c.ConnConfig.OnNotice
	c.BeforeConnect = func(ctx context.Context, config *pgx.ConnConfig) error {
		if before != nil {
			if err := before(ctx, config); err != nil {
				return err
			}
		}
		closeInsteadOfCancel(config)
		return nil
	}
	c.ConnConfig.OnNotice = func(conn *pgconn.PgConn, n *pgconn.Notice) {
		noteWarning(conn, n)
		if notice != nil {
			notice(conn, n)
		}
	}
}

// closeInsteadOfCancel prepares the configuration of one connection. pgx has no option for this,
// but once it is connected it dials only to send a cancel request.
func closeInsteadOfCancel(config *pgx.ConnConfig) {
	var open atomic.Pointer[net.Conn]
	dial, after := config.DialFunc, config.AfterConnect
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if conn := open.Load(); conn != nil {
			_ = (*conn).Close()
			return nil, errNoCancel
		}
		return dial(ctx, network, address)
	}
	config.AfterConnect = func(ctx context.Context, pg *pgconn.PgConn) error {
		conn := pg.Conn()
		open.Store(&conn)
		if after != nil {
			return after(ctx, pg)
		}
		return nil
	}
}

// warnedKey is where a connection keeps whether PostgreSQL has warned on it.
const warnedKey = "eventstore.warned"

// noteWarning remembers a warning. The text is of no use here, because it is translated.
func noteWarning(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.SeverityUnlocalized == "WARNING" {
		conn.CustomData()[warnedKey] = true
	}
}

// takeWarning tells whether PostgreSQL has warned since the last time.
func takeWarning(conn *pgconn.PgConn) bool {
	_, warned := conn.CustomData()[warnedKey]
	delete(conn.CustomData(), warnedKey)
	return warned
}
