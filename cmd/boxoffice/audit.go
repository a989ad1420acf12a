package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

// Exit codes of the audit commands.
const (
	exitFound = 1 // something is wrong with the log, a file or a receipt
	exitFault = 2 // the command was not used rightly, or could not do its work
)

// errFound says that something is wrong with what was looked at.
var errFound = errors.New("something is wrong")

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Replay, verify and prove the log, also beside a running server",
		Long: "Replay, verify and prove the log, also beside a running server.\n\n" +
			"EVENT is the id of an event, the beginning of it, or a part of the title.\n" +
			"TIME is in the form of RFC 3339, such as 2026-05-17T19:30:00Z.\n" +
			"Exit codes: 0 all is well, 1 something is wrong with what was checked,\n" +
			"2 the command was used wrongly or could not do its work.",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(
		a.auditStreamsCommand(), a.auditShowCommand(), a.auditDiffCommand(), a.auditTailCommand(),
		a.auditFairnessCommand(),
		a.auditVerifyCommand(), a.auditProveCommand(), a.auditVerifyProofCommand(), a.auditCheckpointsCommand(),
		a.auditStatusCommand(), a.auditVerifyConsistencyCommand(),
		a.auditExportCommand(), a.auditVerifyExportCommand(),
	)
	return cmd
}

// withExitCode is for all errors of the audit commands.
func withExitCode(err error) error {
	switch {
	case errors.Is(err, errFound), errors.Is(err, audit.ErrTampered), errors.Is(err, audit.ErrNotSigned):
		return &exitError{exitFound, err}
	}
	return &exitError{exitFault, err}
}

// auditor is what the commands work with.
type auditor struct {
	*app
	pool        *pgxpool.Pool
	keys        *audit.Keys
	history     *audit.History
	checkpoints *audit.Checkpoints
}

// withAudit runs a tool on a database that has the schema of this program.
func (a *app) withAudit(ctx context.Context, use func(context.Context, *auditor) error) error {
	keys, err := a.auditKeys()
	if err != nil {
		return err
	}
	return a.withProjections(ctx, func(ctx context.Context, pool *pgxpool.Pool, _ *slog.Logger) error {
		return use(ctx, &auditor{a, pool, keys, audit.NewHistory(pool), audit.NewCheckpoints(pool, keys)})
	})
}

// auditKeys are those of the program on this machine, and trusted public ones.
func (a *app) auditKeys(trusted ...string) (*audit.Keys, error) {
	c, err := a.load(checkAudit)
	if err != nil {
		return nil, err
	}
	c.AuditPublicKeys = append(c.AuditPublicKeys, trusted...)
	return auditKeys(c, false)
}

// trustedKeys verify signatures by the public keys that are given; without any, by those of the
// program on this machine.
func (a *app) trustedKeys(public []string) (*audit.Keys, error) {
	if len(public) > 0 {
		return audit.NewKeys("", public...)
	}
	return a.auditKeys()
}

// find gives the stream that a person means.
func (a *auditor) find(ctx context.Context, name string) (uuid.UUID, error) {
	if id, err := uuid.Parse(name); err == nil {
		return id, nil
	}
	const few = 5
	found, err := a.history.Streams(ctx, name, 0, few+1)
	switch {
	case err != nil:
		return uuid.Nil, err
	case len(found) == 0:
		return uuid.Nil, fmt.Errorf("no event has an id that begins with %q or a title with that in it", name)
	case len(found) == 1:
		return found[0].ID, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q can mean several events:", name)
	for _, s := range found[:min(few, len(found))] {
		fmt.Fprintf(&b, "\n  %s  %s", s.ID, cell(s.Title, 40))
	}
	if len(found) > few {
		b.WriteString("\n  and more")
	}
	return uuid.Nil, errors.New(b.String())
}

// version reads VERSION or TIME; the empty text is the newest version, which is 0 here.
func (a *auditor) version(ctx context.Context, stream uuid.UUID, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	if v, err := strconv.Atoi(text); err == nil {
		if v < 1 {
			return 0, fmt.Errorf("versions begin with 1, and %d is none", v)
		}
		return v, nil
	}
	at, err := parseTime(text)
	if err != nil {
		return 0, err
	}
	v, err := a.history.VersionAt(ctx, stream, at)
	if err == nil && v == 0 {
		err = fmt.Errorf("the event was not there yet at %s", text)
	}
	return v, err
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, fmt.Errorf("%q is not a time such as 2026-05-17T19:30:00Z", text)
	}
	return at, nil
}
