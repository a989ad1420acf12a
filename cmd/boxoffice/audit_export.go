package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

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
	f.StringVarP(&out, "out", "o", "", "write to this new `FILE` instead of standard output")
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
	cmd := &cobra.Command{
		Use: "verify-export FILE", Short: "Check an exported file without the database",
		Long: "Check an exported file without the database. The hashes show that no record was changed on its own.\n" +
			"Only a signed checkpoint (--checkpoint) with a key that you trust (--public-key) shows that the whole\n" +
			"file was not invented. It needs a file with every position from 1.",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "compare with this signed checkpoint, a `FILE`")
	return a.checksFile(cmd, func(_ string, file io.Reader, keys *audit.Keys) error {
		note, err := readNote(checkpoint)
		if err != nil {
			return err
		}
		r, err := audit.VerifyExport(file, keys, note)
		if err != nil {
			return err
		}
		if asJSON {
			err = a.printJSON(r)
		} else {
			err = a.showExport(r)
		}
		if err != nil {
			return err
		}
		return foundError(len(r.Findings) + r.More)
	})
}

func (a *app) showExport(r *audit.ExportReport) error {
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
	_, err := io.WriteString(a.out, b.String())
	return err
}

// checksFile completes a command that checks a FILE, or the standard input, without the database.
func (a *app) checksFile(cmd *cobra.Command, check func(name string, file io.Reader,
	keys *audit.Keys) error) *cobra.Command {
	var trusted []string
	cmd.Flags().StringSliceVar(&trusted, "public-key", nil, "believe checkpoints that were signed with this `KEY`")
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(_ *cobra.Command, names []string) (err error) {
		keys, err := a.trustedKeys(trusted)
		if err != nil {
			return err
		}
		file := io.NopCloser(os.Stdin)
		if names[0] != "-" {
			if file, err = os.Open(names[0]); err != nil {
				return err
			}
		}
		defer file.Close() //nolint:errcheck // read only
		return check(names[0], file, keys)
	}
	return cmd
}
