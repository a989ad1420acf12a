package main

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// fault is a way to break something. It ends with what it broke being mended, except for processes
// that were killed: those are started again by their supervisor.
type fault struct {
	name string
	// lane: faults of one lane follow each other, and the lanes run at the same time.
	lane lane
	do   func(context.Context, *arena, strike) error
	// alone: nothing else is broken meanwhile, in any lane.
	alone bool
}

type lane int

const (
	onProcesses lane = iota
	onDatabase
	onLeader
)

// strike is one use of a fault, as it was drawn.
type strike struct {
	fault *fault
	after time.Duration // the one before it in its lane
	node  int
	lasts time.Duration
	dice  int
}

var faults = []*fault{
	{name: "kill", lane: onProcesses, do: func(_ context.Context, a *arena, s strike) error {
		a.nodes[s.node].signal(syscall.SIGKILL)
		return nil
	}},
	{name: "stop", lane: onProcesses, do: func(ctx context.Context, a *arena, s strike) error {
		a.freeze(ctx, s.node, s.lasts)
		return nil
	}},
	{name: "stop-all", lane: onProcesses, do: func(ctx context.Context, a *arena, s strike) error {
		for _, n := range a.nodes {
			n.signal(syscall.SIGSTOP)
		}
		pause(ctx, s.lasts)
		for _, n := range a.nodes {
			n.signal(syscall.SIGCONT)
		}
		return nil
	}},
	{name: "commit-kill", lane: onProcesses, do: func(ctx context.Context, a *arena, s strike) error {
		return a.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error {
			a.nodes[node].signal(syscall.SIGKILL)
			return nil
		}, s.dice%2 == 0)
	}},
	{name: "commit-stop", lane: onProcesses, do: func(ctx context.Context, a *arena, s strike) error {
		stopped := -1
		err := a.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error {
			a.nodes[node].signal(syscall.SIGSTOP)
			stopped = node
			return nil
		}, s.dice%2 == 0)
		if stopped >= 0 {
			pause(ctx, s.lasts)
			a.nodes[stopped].signal(syscall.SIGCONT)
		}
		return err
	}},
	{name: "commit-cut", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error { return a.links[node].reset() }, s.dice%2 == 0)
	}},
	{name: "commit-terminate", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.atCommit(ctx, func(conn *pgx.Conn, _ int, pid int32) error {
			_, err := conn.Exec(ctx, `select pg_terminate_backend($1)`, pid)
			return err
		}, s.dice%2 == 0)
	}},
	{name: "commit-swallow", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		swallowed := -1
		err := a.atCommit(ctx, func(_ *pgx.Conn, node int, _ int32) error {
			swallowed = node
			return a.links[node].poison(swallowAnswers)
		}, s.dice%2 == 0)
		if swallowed >= 0 {
			pause(ctx, s.lasts)
			err = errors.Join(err, a.links[swallowed].mend())
		}
		return err
	}},
	{name: "terminate", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.withConn(ctx, func(conn *pgx.Conn) error {
			for until := time.Now().Add(s.lasts); time.Now().Before(until) && ctx.Err() == nil; {
				if err := terminateSessions(ctx, conn); err != nil {
					return err
				}
				pause(ctx, 100*time.Millisecond)
			}
			return nil
		})
	}},
	{name: "restart", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		if err := a.postgres.crash(); err != nil {
			return err
		}
		pause(ctx, s.lasts)
		return a.postgres.start(context.WithoutCancel(ctx))
	}},
	{name: "backend-kill", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.withConn(ctx, func(conn *pgx.Conn) error {
			var pid int
			err := conn.QueryRow(ctx, `
				select pid from pg_stat_activity where usename = $1 order by pid offset $2 limit 1`,
				userOf(s.node), s.dice%5).Scan(&pid)
			if errors.Is(err, pgx.ErrNoRows) {
				return errors.New("the process has no session")
			}
			if err == nil {
				err = syscall.Kill(pid, syscall.SIGKILL) // PostgreSQL then ends all the others, and recovers
			}
			return err
		})
	}},
	{name: "cut", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.onLinks(ctx, s, func(l *link) error { l.cut(); return nil })
	}},
	{name: "reset", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		s.lasts = 0
		return a.onLinks(ctx, s, (*link).reset)
	}},
	{name: "delay", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.onLinks(ctx, s, func(l *link) error { return l.poison(delayAnswers) })
	}},
	{name: "blackhole", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		toxic := []string{swallowAnswers, swallowRequests}[s.dice%2]
		return a.onLinks(ctx, s, func(l *link) error { return l.poison(toxic) })
	}},
	{name: "disk-full", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.withConn(ctx, func(conn *pgx.Conn) error {
			empty, err := fillDisk(ctx, conn)
			if empty == nil {
				return err
			}
			before := a.postgres.refused.Load()
			pause(ctx, max(s.lasts, time.Second))
			// There is some room left, and on a busy machine it lasts, or the server says late that it has none.
			for until := time.Now().Add(5 * time.Second); a.postgres.refused.Load() == before &&
				time.Now().Before(until) && pause(ctx, 50*time.Millisecond); {
			}
			err = errors.Join(err, empty())
			if err == nil && a.postgres.refused.Load() == before {
				err = errors.New("nobody needed space")
			}
			return err
		})
	}},
	{name: "exhaust", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		var taken []*pgx.Conn
		defer func() {
			for _, conn := range taken {
				_ = conn.Close(context.Background())
			}
		}()
		for range connectionsMax { // and make the processes need new ones
			conn, err := connect(ctx, a.url)
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
		pause(ctx, s.lasts)
		return nil
	}},
	{name: "cut-message", lane: onDatabase, alone: true, do: func(ctx context.Context, a *arena, s strike) error {
		return a.cutMessage(ctx, s)
	}},
	{name: frozenStandby, lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.freezeStandby(ctx, s)
	}},
	{name: "restore", lane: onDatabase, do: func(ctx context.Context, a *arena, s strike) error {
		return a.restoreDump(ctx, s)
	}},
	{name: "slow-ping", lane: onDatabase, alone: true, do: func(ctx context.Context, a *arena, s strike) error {
		return a.slowPing(ctx, s)
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
func (a *arena) freeze(ctx context.Context, node int, lasts time.Duration) {
	a.nodes[node].signal(syscall.SIGSTOP)
	pause(ctx, lasts)
	a.nodes[node].signal(syscall.SIGCONT)
}

// onLinks does something to the link of one process, or at times of all, and mends it.
func (a *arena) onLinks(ctx context.Context, s strike, do func(*link) error) (err error) {
	links := a.links[s.node : s.node+1]
	if s.dice%3 == 0 {
		links = a.links
	}
	for _, l := range links {
		err = errors.Join(err, do(l))
	}
	pause(ctx, s.lasts)
	for _, l := range links {
		err = errors.Join(err, l.mend())
	}
	return err
}

func (a *arena) withConn(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := connect(ctx, a.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	return do(conn)
}

// atCommit strikes in the one moment that matters most: a process has sent its records together
// with COMMIT and has no answer yet. Nothing can be inserted while the lock is held, so there it
// waits. Strike first, and the commit happens with nobody to hear of it; or, with late, strike as
// soon as the commit goes on.
func (a *arena) atCommit(ctx context.Context, do func(conn *pgx.Conn, node int, pid int32) error, late bool) error {
	return a.withConn(ctx, func(conn *pgx.Conn) error {
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
		node := slices.IndexFunc(a.nodes, func(n *node) bool { return userOf(n.number) == user })
		if late {
			if err := tx.Rollback(ctx); err != nil {
				return err
			}
		}
		return do(conn, node, pid)
	})
}
