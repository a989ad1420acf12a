package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// restoreDump takes a dump and, some time later, puts it in the place of the database, on the server
// that goes on running. What came between is lost by intent.
func (h *harness) restoreDump(ctx context.Context, in injection) error {
	bin := h.postgres.server.Load().BinDir()
	address, err := url.Parse(h.url)
	if err != nil {
		return err
	}
	database := pgx.Identifier{strings.TrimPrefix(address.Path, "/")}.Sanitize()
	within := func(name string) string {
		at := *address
		at.Path = "/" + name
		return at.String()
	}
	run := func(program string, args ...string) error {
		if out, err := exec.CommandContext(ctx, filepath.Join(bin, program), args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, out)
		}
		return nil
	}
	file := filepath.Join(h.dir, "dump")
	from := h.recorder.now()
	if err := run("pg_dump", "-Fc", "-f", file, "-d", h.url); err != nil {
		return err
	}
	if !pause(ctx, in.lasts) {
		return ctx.Err()
	}
	conn, err := connect(ctx, within("template1"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	for _, sql := range []string{
		`drop database if exists restored with (force)`, `create database restored template template0`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := run("pg_restore", "-d", within("restored"), file); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // halfway there would be no database
	h.signups.beginRestore()
	for _, sql := range []string{
		`drop database ` + database + ` with (force)`, `alter database restored rename to ` + database,
	} {
		if err := retry(ctx, func() error { _, err := conn.Exec(ctx, sql); return err }); err != nil {
			return err
		}
	}
	h.addSpan(&h.spans.Restores, from)
	h.signups.endRestore(from)
	return nil
}

// retry does something again for as long as somebody is connected to the database.
func retry(ctx context.Context, do func() error) (err error) {
	if !waitUntil(ctx, 10*time.Second, func() bool { err = do(); return err == nil }) {
		return errors.Join(errors.New("the database can't be replaced"), err)
	}
	return nil
}
