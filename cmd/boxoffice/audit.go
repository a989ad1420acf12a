package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/projections"
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
			"Exit codes: 0 all is well, 1 something is wrong with what was looked at,\n2 the command was used wrongly or could not do its work.",
	}
	cmd.AddCommand(
		a.auditStreamsCommand(), a.auditShowCommand(), a.auditDiffCommand(), a.auditTailCommand(),
		a.auditVerifyCommand(), a.auditProveCommand(), a.auditVerifyProofCommand(), a.auditCheckpointsCommand(),
		a.auditExportCommand(), a.auditVerifyExportCommand(),
	)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitFault, err} })
	for _, c := range cmd.Commands() {
		run, args := c.RunE, c.Args
		c.Args = func(cmd *cobra.Command, given []string) error { return withExitCode(args(cmd, given)) }
		c.RunE = func(cmd *cobra.Command, given []string) error { return withExitCode(run(cmd, given)) }
	}
	return cmd
}

func withExitCode(err error) error {
	switch {
	case err == nil:
		return nil
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

func (a *app) auditKeys(trusted ...string) (*audit.Keys, error) {
	c, err := config.Load(a.flags)
	if err != nil {
		return nil, err
	}
	c.AuditPublicKeys = append(c.AuditPublicKeys, trusted...)
	return auditKeys(c, false)
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
		fmt.Fprintf(&b, "\n  %s  %s", s.ID, cut(s.Title, 40))
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
		return at, fmt.Errorf("%q is neither a version nor a time such as 2026-05-17T19:30:00Z", text)
	}
	return at, nil
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var asJSON bool
	var checkpoint string
	var trusted []string
	cmd := &cobra.Command{
		Use: "verify [EVENT]", Short: "Check the whole log, or one event's stream", Args: cobra.MaximumNArgs(1),
		Long: "Check the whole log, or one event's stream: that no position and no version is missing, that each hash follows from the record and the\n" +
			"hash before it, that this program can read every record, that no record breaks a rule, that the log is what checkpoints were signed over,\n" +
			"and that the read models are what the streams come to. What is wrong is named, the first bad record first.",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) (err error) {
				o := audit.VerifyOptions{Pool: x.pool}
				if o.Keys, err = a.auditKeys(trusted...); err != nil {
					return err
				}
				if len(names) > 0 {
					if o.Stream, err = x.find(ctx, names[0]); err != nil {
						return err
					}
				}
				if o.Against, err = readNote(checkpoint); err != nil {
					return err
				}
				bar := newRebuildBar(a.err)
				o.Observe = func(p audit.VerifyProgress) { bar.observe(projections.RebuildProgress(p)) }
				report, err := audit.Verify(ctx, o)
				bar.finish()
				if err != nil {
					return err
				}
				return a.showReport(report, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "compare with this signed checkpoint too, a `FILE` that was kept elsewhere")
	cmd.Flags().StringSliceVar(&trusted, "public-key", nil, "believe checkpoints that were signed with this `KEY`, besides the program's own")
	return cmd
}

// readNote reads a checkpoint that was kept in a file.
func readNote(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	note, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	return string(note), err
}

func (a *app) showReport(r *audit.Report, asJSON bool) error {
	if asJSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		var b strings.Builder
		what := fmt.Sprintf("%d stream(s), up to position %d", r.Streams, r.Head)
		if r.StreamID != uuid.Nil {
			what = "stream " + r.StreamID.String()
		}
		fmt.Fprintf(&b, "%d record(s) of %s\nin %.2f s (%.0f records/s)\n", r.Records, what, r.Seconds, float64(r.Records)/r.Seconds)
		if r.StreamID == uuid.Nil {
			signatures := "signatures checked"
			if !r.SignaturesChecked {
				signatures = "signatures NOT checked: no key is at hand"
			}
			fmt.Fprintf(&b, "checkpoints   %d compared; %s\n", r.Checkpoints, signatures)
			fmt.Fprintf(&b, "Merkle root   %s\n", orDash(r.Root))
		}
		for _, m := range r.ReadModels {
			fmt.Fprintf(&b, "%-13s %d row(s), as of position %d\n", m.Name, m.Rows, m.Position)
		}
		writeFindings(&b, r.Findings, r.More)
		if _, err := io.WriteString(a.out, b.String()); err != nil {
			return err
		}
	}
	return foundError(len(r.Findings) + r.More)
}

func foundError(n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d finding(s)", errFound, n)
}

func writeFindings(b *strings.Builder, findings []audit.Finding, more int) {
	if len(findings) == 0 {
		b.WriteString("nothing is wrong\n")
		return
	}
	for _, f := range findings {
		fmt.Fprintf(b, "\nposition %d: %s\n", f.Position, f.Check)
		if f.StreamID != uuid.Nil {
			fmt.Fprintf(b, "  stream %s, version %d\n", f.StreamID, f.Version)
		}
		wrap(b, f.Detail, "  ")
	}
	if more > 0 {
		fmt.Fprintf(b, "\nand %d more\n", more)
	}
}

// wrap writes words in lines of at most 80 columns.
func wrap(b *strings.Builder, text, indent string) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

func (a *app) auditExportCommand() *cobra.Command {
	var s audit.Selection
	var stream, since, until, format, out string
	cmd := &cobra.Command{
		Use: "export", Short: "Write records for other programs, and for a check without the database", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) (err error) {
				if stream != "" {
					if s.Stream, err = x.find(ctx, stream); err != nil {
						return err
					}
				}
				var err1, err2 error
				s.Since, err1 = parseTime(since)
				s.Until, err2 = parseTime(until)
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				if out == "" || out == "-" {
					_, err = audit.Export(ctx, x.pool, s, audit.Format(format), a.out)
					return err
				}
				return x.exportTo(ctx, out, s, audit.Format(format))
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&stream, "stream", "", "only this `EVENT`")
	f.Int64Var(&s.After, "after", 0, "only records after this `POSITION`")
	f.Int64Var(&s.UpTo, "up-to", 0, "only records up to this `POSITION`")
	f.StringVar(&since, "since", "", "only records from this `TIME` on")
	f.StringVar(&until, "until", "", "only records before this `TIME`")
	f.StringVar(&format, "format", string(audit.JSONL), strings.Join(audit.Formats(), " or "))
	f.StringVarP(&out, "out", "o", "", "write to this `FILE`, which must not be there yet; otherwise to the standard output")
	return cmd
}

func (a *auditor) exportTo(ctx context.Context, path string, s audit.Selection, f audit.Format) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the file that the user names
	if err != nil {
		return err
	}
	lines, err := audit.Export(ctx, a.pool, s, f, file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half an export looks like a whole one
	}
	_, err = fmt.Fprintf(a.out, "%d record(s) written to %s\n", lines, path)
	return err
}

func (a *app) auditVerifyExportCommand() *cobra.Command {
	var asJSON bool
	var checkpoint string
	var trusted []string
	cmd := &cobra.Command{
		Use: "verify-export FILE", Short: "Check an exported file without the database", Args: cobra.ExactArgs(1),
		Long: "Check an exported file without the database. Hashes show that nothing was changed by itself; that nobody made up all of it shows a\n" +
			"signed checkpoint (--checkpoint) with a key that you trust (--public-key), for a file that has every position from 1 on.",
		RunE: func(_ *cobra.Command, names []string) error {
			keys, err := a.offlineKeys(trusted)
			if err != nil {
				return err
			}
			note, err := readNote(checkpoint)
			if err != nil {
				return err
			}
			file, err := openOrStdin(names[0])
			if err != nil {
				return err
			}
			defer file.Close() //nolint:errcheck // read only
			r, err := audit.VerifyExport(file, keys, note)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(r)
			} else {
				var b strings.Builder
				fmt.Fprintf(&b, "%d record(s) of %d stream(s), positions %d to %d", r.Records, r.Streams, r.First, r.Last)
				if r.Missing > 0 {
					fmt.Fprintf(&b, ", of which %d are not in the file", r.Missing)
				}
				b.WriteString("\n")
				if r.Incomplete > 0 {
					fmt.Fprintf(&b, "%d stream(s) begin in the midst, so that rules can't be checked there\n", r.Incomplete)
				}
				if r.Root != "" {
					fmt.Fprintf(&b, "Merkle root   %s\n", r.Root)
				}
				if r.SignedUpTo > 0 {
					fmt.Fprintf(&b, "signed        up to position %d\n", r.SignedUpTo)
				}
				writeFindings(&b, r.Findings, r.More)
				_, err = io.WriteString(a.out, b.String())
			}
			if err != nil {
				return err
			}
			return foundError(len(r.Findings) + r.More)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "compare with this signed checkpoint, a `FILE`")
	cmd.Flags().StringSliceVar(&trusted, "public-key", nil, "believe checkpoints that were signed with this `KEY`")
	return cmd
}

// offlineKeys are those that are given; without any, those of the program on this machine.
func (a *app) offlineKeys(trusted []string) (*audit.Keys, error) {
	if len(trusted) > 0 {
		return audit.NewKeys("", trusted...)
	}
	return a.auditKeys()
}

func openOrStdin(path string) (io.ReadCloser, error) {
	if path == "-" {
		return os.Stdin, nil
	}
	return os.Open(path) //nolint:gosec // the file that the user names
}
