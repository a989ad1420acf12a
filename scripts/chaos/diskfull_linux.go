package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/procfs"
)

// A disk can't be filled without harm to others, or a file system of one's own without privileges.
// What PostgreSQL sees of a full disk is that files don't grow, and that can be had for its
// processes alone: by a limit of the size of files. At 16 MB, segments of the write-ahead log fit
// in, so that the server lives on, and a table of more than that can't grow.
const fullAt = 16 << 20

// fillDisk lets no table grow beyond what it has, until empty. The log must be larger than the
// limit for that.
func fillDisk(ctx context.Context, conn *pgx.Conn) (empty func() error, err error) {
	var pid, size int
	for range 2 {
		if err := conn.QueryRow(ctx, `select pg_backend_pid(), pg_relation_size('event_log')`).Scan(&pid, &size); err != nil {
			return nil, err
		}
		if size < fullAt {
			err = enlarge(ctx, conn)
		}
	}
	if size < fullAt {
		return nil, fmt.Errorf("the log has %d bytes only: %w", size, err)
	}
	session, err := procfs.NewProc(pid)
	if err != nil {
		return nil, err
	}
	stat, err := session.Stat()
	if err != nil {
		return nil, err
	}
	limit := func(size string) error { return limitFiles(context.WithoutCancel(ctx), conn, stat.PPID, size) }
	return func() error { return limit("unlimited") }, limit(strconv.Itoa(fullAt))
}

// enlarge makes the log larger by rows that its trigger refuses, and that so leave nothing but
// their space, which nothing takes as long as there is no vacuum. Five of them fill a page to its
// last bytes: where they left some, bookings would find room.
func enlarge(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, `alter table event_log set (autovacuum_enabled = off)`); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `
		insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select 1e15 + n, gen_random_uuid(), 1, 'Filler', 1, to_json(repeat('x', 1500)), '{}', now(), sha256('')
		from generate_series(1, $1 / 1500) n`, fullAt)
	return err
}

// limitFiles limits a server, of which those to come inherit it, and the sessions that it has. What
// works in the background only writes where there is space already, which a full disk does not keep
// it from.
func limitFiles(ctx context.Context, conn *pgx.Conn, server int, size string) error {
	if err := limitProcess(ctx, server, size); err != nil {
		return err
	}
	rows, _ := conn.Query(ctx, `select pid from pg_stat_activity where backend_type = 'client backend'`)
	sessions, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	for _, pid := range sessions {
		err := limitProcess(ctx, pid, size)
		if _, ended := procfs.NewProc(pid); err != nil && ended == nil {
			return err
		}
	}
	return nil
}

// limitProcess is done by a program and not by a call, because it takes the user that the server
// runs as: root alone may not.
func limitProcess(ctx context.Context, pid int, size string) error {
	cmd := exec.CommandContext(ctx, "prlimit", "--pid", strconv.Itoa(pid), "--fsize="+size+":")
	about, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ownerOf(about)}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("limit process %d: %w: %s", pid, err, said)
	}
	return nil
}
