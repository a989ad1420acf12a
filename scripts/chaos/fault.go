package main

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// fault is a way to break something. It repairs what it broke before it returns, except for processes
// that were killed: those are started again by their supervisor.
type fault struct {
	name string
	// target: faults of one target follow each other, and those of different targets overlap.
	target target
	do     func(context.Context, *harness, injection) error
	// alone: nothing else is broken meanwhile, on any target.
	alone bool
}

// target is what a fault breaks.
type target int

const (
	onProcesses target = iota
	onDatabase
	onLeader
)

// injection is one use of a fault, as it was drawn.
type injection struct {
	fault *fault
	after time.Duration // the end of the one before it, of the same target
	node  int
	lasts time.Duration
	dice  int
}

var faults = []*fault{
	{name: "kill", target: onProcesses, do: func(_ context.Context, h *harness, in injection) error {
		h.nodes[in.node].signal(syscall.SIGKILL)
		return nil
	}},
	{name: "stop", target: onProcesses, do: func(ctx context.Context, h *harness, in injection) error {
		h.freeze(ctx, in.node, in.lasts)
		return nil
	}},
	{name: "stop-all", target: onProcesses, do: func(ctx context.Context, h *harness, in injection) error {
		for _, n := range h.nodes {
			n.signal(syscall.SIGSTOP)
		}
		pause(ctx, in.lasts)
		for _, n := range h.nodes {
			n.signal(syscall.SIGCONT)
		}
		return nil
	}},
	{name: "commit-kill", target: onProcesses, do: func(ctx context.Context, h *harness, in injection) error {
		return h.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error {
			h.nodes[node].signal(syscall.SIGKILL)
			return nil
		}, in.dice%2 == 0)
	}},
	{name: "commit-stop", target: onProcesses, do: func(ctx context.Context, h *harness, in injection) error {
		stopped := -1
		err := h.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error {
			h.nodes[node].signal(syscall.SIGSTOP)
			stopped = node
			return nil
		}, in.dice%2 == 0)
		if stopped >= 0 {
			pause(ctx, in.lasts)
			h.nodes[stopped].signal(syscall.SIGCONT)
		}
		return err
	}},
	{name: "commit-cut", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error { return h.links[node].reset() }, in.dice%2 == 0)
	}},
	{name: "commit-terminate", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.atCommit(ctx, func(conn *pgx.Conn, _ int, pid int32) error {
			_, err := conn.Exec(ctx, `select pg_terminate_backend($1)`, pid)
			return err
		}, in.dice%2 == 0)
	}},
	{name: "commit-swallow", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		swallowed := -1
		err := h.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error {
			swallowed = node
			return h.links[node].addToxic(swallowAnswers)
		}, in.dice%2 == 0)
		if swallowed >= 0 {
			pause(ctx, in.lasts)
			err = errors.Join(err, h.links[swallowed].heal())
		}
		return err
	}},
	{name: "terminate", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.withConn(ctx, func(conn *pgx.Conn) error {
			for until := time.Now().Add(in.lasts); time.Now().Before(until) && ctx.Err() == nil; {
				if err := terminateSessions(ctx, conn); err != nil {
					return err
				}
				pause(ctx, 100*time.Millisecond)
			}
			return nil
		})
	}},
	{name: "restart", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		if err := h.postgres.crash(); err != nil {
			return err
		}
		pause(ctx, in.lasts)
		return h.postgres.start(context.WithoutCancel(ctx))
	}},
	{name: "backend-kill", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.withConn(ctx, func(conn *pgx.Conn) error {
			var pid int
			err := conn.QueryRow(ctx, `
				select pid from pg_stat_activity where usename = $1 order by pid offset $2 limit 1`,
				userOf(in.node), in.dice%5).Scan(&pid)
			if errors.Is(err, pgx.ErrNoRows) {
				return errors.New("the process has no session")
			}
			if err == nil {
				err = syscall.Kill(pid, syscall.SIGKILL) // PostgreSQL then ends all the others, and recovers
			}
			return err
		})
	}},
	{name: "cut", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.onLinks(ctx, in, func(l *link) error { l.cut(); return nil })
	}},
	{name: "reset", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		in.lasts = 0
		return h.onLinks(ctx, in, (*link).reset)
	}},
	{name: "delay", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.onLinks(ctx, in, func(l *link) error { return l.addToxic(delayAnswers) })
	}},
	{name: "blackhole", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		toxic := []string{swallowAnswers, swallowRequests}[in.dice%2]
		return h.onLinks(ctx, in, func(l *link) error { return l.addToxic(toxic) })
	}},
	{name: "disk-full", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.withConn(ctx, func(conn *pgx.Conn) error {
			empty, err := fillDisk(ctx, conn)
			if empty == nil {
				return err
			}
			before := h.postgres.refused.Load()
			pause(ctx, max(in.lasts, time.Second))
			// There is some room left, and on a busy machine it lasts, or the server says late that it has none.
			for until := time.Now().Add(5 * time.Second); h.postgres.refused.Load() == before &&
				time.Now().Before(until) && pause(ctx, 50*time.Millisecond); {
			}
			err = errors.Join(err, empty())
			if err == nil && h.postgres.refused.Load() == before {
				err = errors.New("nobody needed space")
			}
			return err
		})
	}},
	{name: "exhaust", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		var taken []*pgx.Conn
		defer func() {
			for _, conn := range taken {
				_ = conn.Close(context.Background())
			}
		}()
		for range connectionsMax { // and make the processes need new ones
			conn, err := connect(ctx, h.url)
			if err != nil && len(taken) == 0 {
				return err
			}
			if err != nil {
				break
			}
			taken = append(taken, conn)
			if len(taken) == 1 {
				if err := terminateSessions(ctx, conn); err != nil {
					return err
				}
			}
		}
		pause(ctx, in.lasts)
		return nil
	}},
	{name: "cut-message", target: onDatabase, alone: true, do: func(ctx context.Context, h *harness, in injection) error {
		return h.cutMessage(ctx, in)
	}},
	{name: frozenStandby, target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.freezeStandby(ctx, in)
	}},
	{name: "restore", target: onDatabase, do: func(ctx context.Context, h *harness, in injection) error {
		return h.restoreDump(ctx, in)
	}},
	{name: "slow-ping", target: onDatabase, alone: true, do: func(ctx context.Context, h *harness, in injection) error {
		return h.slowPing(ctx, in)
	}},
}

// frozenStandby needs a standby, which other runs do without.
const frozenStandby = "frozen-standby"

// terminateSessions ends those of all processes.
func terminateSessions(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity where usename like 'node%'`)
	return err
}

// freeze lets a process stand still.
func (h *harness) freeze(ctx context.Context, node int, lasts time.Duration) {
	h.nodes[node].signal(syscall.SIGSTOP)
	pause(ctx, lasts)
	h.nodes[node].signal(syscall.SIGCONT)
}

// onLinks does something to the link of one process, or at times of all, and repairs it.
func (h *harness) onLinks(ctx context.Context, in injection, do func(*link) error) (err error) {
	links := h.links[in.node : in.node+1]
	if in.dice%3 == 0 {
		links = h.links
	}
	for _, l := range links {
		err = errors.Join(err, do(l))
	}
	pause(ctx, in.lasts)
	for _, l := range links {
		err = errors.Join(err, l.heal())
	}
	return err
}

// atCommit calls do at the moment that matters most: a process has sent its records together with
// COMMIT and has no answer yet. Nothing can be inserted while the lock is held, so the process waits
// there. The commit happens after do, or with late, while do runs.
func (h *harness) atCommit(ctx context.Context, do func(conn *pgx.Conn, node int, pid int32) error, late bool) error {
	return h.withConn(ctx, func(conn *pgx.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it may have ended
		if _, err := tx.Exec(ctx, `set local lock_timeout = '2s'; lock table event_log in share mode`); err != nil {
			return err
		}
		var user string
		var pid int32
		for until := time.Now().Add(2 * time.Second); pid == 0; {
			err := tx.QueryRow(ctx, `
				select a.usename, a.pid from pg_locks l join pg_stat_activity a using (pid)
				where l.relation = 'event_log'::regclass and not l.granted and a.usename like 'node%'
				limit 1`).Scan(&user, &pid)
			switch {
			case err == nil:
			case !errors.Is(err, pgx.ErrNoRows):
				return err
			case time.Now().After(until):
				return errors.New("nobody appends")
			case !pause(ctx, 2*time.Millisecond):
				return ctx.Err()
			}
		}
		node := slices.IndexFunc(h.nodes, func(n *node) bool { return userOf(n.number) == user })
		if late {
			if err := tx.Rollback(ctx); err != nil {
				return err
			}
		}
		return do(conn, node, pid)
	})
}
