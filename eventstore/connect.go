package eventstore

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

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
		conn, err := dial(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetKeepAliveConfig(keepAlive) // not every system has all of it
		}
		return conn, err
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

// keepAlive finds a dead peer of a quiet connection within 15 s; the default takes minutes.
// [Session] has the server do the same.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 6 * time.Second, Interval: 3 * time.Second, Count: 3}

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
