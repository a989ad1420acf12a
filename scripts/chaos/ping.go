package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// slowPing freezes the session over which a process asks whether the database answers. All others
// work, so nobody may be told that the database does not.
func (a *arena) slowPing(ctx context.Context, s strike) error {
	for _, n := range a.nodes { // what was broken before must not count
		if err := n.waitReady(ctx, 10*time.Second); err != nil {
			return err
		}
	}
	return a.withConn(ctx, func(conn *pgx.Conn) error {
		var pid int
		if err := conn.QueryRow(ctx, `
			select pid from pg_stat_activity where usename = $1 and application_name = 'boxoffice health' limit 1`,
			userOf(s.node)).Scan(&pid); err != nil {
			return fmt.Errorf("the process has no such session: %w", err)
		}
		from := a.recorder.now()
		defer syscall.Kill(pid, syscall.SIGCONT) //nolint:errcheck // it may have ended
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return err
		}
		pause(ctx, 2*time.Second)
		a.remember(&a.spans.Calm, from)
		return nil
	})
}
