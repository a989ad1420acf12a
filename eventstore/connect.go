package eventstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Either side finds a dead peer within 15 s, whether it waits for an answer (user timeout) or is
// quiet (keepalives). The defaults take minutes.
const peerTimeout = 15 * time.Second

var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 6 * time.Second, Interval: 3 * time.Second, Count: 3}

// ConfigureConn prepares a connection of whatever kind to PostgreSQL, or to a pooler in front of
// it. Each end notices within 15 s when the other one is gone. The settings are applied with one
// more statement after connecting, because poolers such as PgBouncer refuse most of them as startup
// parameters. A setting that the server is too old for (see [TransactionTimeout]) is left out.
func ConfigureConn(c *pgx.ConnConfig, settings map[string]string) {
	dial := c.DialFunc
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetKeepAliveConfig(keepAlive) // not every system has all of it
			_ = setUserTimeout(tcp, peerTimeout)
		}
		return conn, err
	}
	all := map[string]string{
		"tcp_user_timeout":        ms(peerTimeout),
		"tcp_keepalives_idle":     strconv.FormatInt(int64(keepAlive.Idle.Seconds()), 10),
		"tcp_keepalives_interval": strconv.FormatInt(int64(keepAlive.Interval.Seconds()), 10),
		"tcp_keepalives_count":    strconv.Itoa(keepAlive.Count),
	}
	maps.Copy(all, settings)
	sql, after := settingsSQL(all), c.AfterConnect
	c.AfterConnect = func(ctx context.Context, pg *pgconn.PgConn) error {
		if _, err := pg.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("set the session up: %w", err)
		}
		if after != nil {
			return after(ctx, pg)
		}
		return nil
	}
}

// Ping waits for the answer to a Sync. Unlike that to an empty statement, PostgreSQL gives it without
// a transaction.
func Ping(ctx context.Context, conn *pgx.Conn) error {
	pipeline := conn.PgConn().StartPipeline(ctx)
	if err := pipeline.Sync(); err != nil {
		return errors.Join(err, pipeline.Close())
	}
	return pipeline.Close() // reads the answer
}

// settingsSQL sets parameters of a session. Names and values are constants of the program.
func settingsSQL(settings map[string]string) string {
	var calls []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
		call := fmt.Sprintf("set_config(%s, %s, false)", quote(name), quote(settings[name]))
		if name == transactionTimeout {
			call = "case when current_setting('server_version_num')::int >= 170000 then " + call + " end"
		}
		calls = append(calls, call)
	}
	return "select " + strings.Join(calls, ", ")
}
