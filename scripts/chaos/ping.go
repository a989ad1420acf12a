package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// slowConnection leaves a process, whose second connection may take a second, some margin. On a
// machine that is slower a stuck session looks like a database that is gone.
const slowConnection = 300 * time.Millisecond

func (h *harness) timeConnection(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	err := h.withConn(ctx, func(*pgx.Conn) error { return nil })
	return time.Since(began), err
}

// slowPing freezes the session over which a process asks whether the database answers. All others
// work, so nobody may be told that the database does not.
func (h *harness) slowPing(ctx context.Context, in injection) error {
	for _, n := range h.nodes { // what was broken before must not count
		if err := n.waitReady(ctx, 10*time.Second); err != nil {
			return err
		}
	}
	return h.withConn(ctx, func(conn *pgx.Conn) error {
		var pid int
		if err := conn.QueryRow(ctx, `
			select pid from pg_stat_activity where usename = $1 and application_name = 'boxoffice health' limit 1`,
			userOf(in.node)).Scan(&pid); err != nil {
			return fmt.Errorf("the process has no such session: %w", err)
		}
		from := h.recorder.now()
		defer syscall.Kill(pid, syscall.SIGCONT) //nolint:errcheck // it may have ended
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			return err
		}
		for until := time.Now().Add(2 * time.Second); time.Now().Before(until); {
			took, err := h.timeConnection(ctx)
			if err != nil {
				return err
			}
			if took > slowConnection {
				return fmt.Errorf("nothing can be said: another connection took %s", took)
			}
			pause(ctx, 100*time.Millisecond)
		}
		h.addSpan(&h.spans.Calm, from)
		return nil
	})
}
