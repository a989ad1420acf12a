package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func (a *app) auditVerifyCommand() *cobra.Command {
	var asJSON bool
	var checkpoint string
	var trusted []string
	cmd := &cobra.Command{
		Use: "verify [EVENT]", Short: "Check the whole log, or one event's stream", Args: cobra.MaximumNArgs(1),
		Long: "Check the whole log, or the stream of one event: positions and versions have no gaps, each hash\n" +
			"follows from the record and the hash before it, this program can read every record, no record breaks\n" +
			"a rule, the log matches the signed checkpoints, and the read models match the streams. The records of\n" +
			"one stream have to be in the tree of the newest checkpoint. A checkpoint that a server has kept in\n" +
			"DATA_DIR is compared too. Problems are listed, the first bad record first.",
		RunE: func(cmd *cobra.Command, names []string) error {
			keys, err := a.auditKeys(trusted...)
			if err != nil {
				return err
			}
			kept, err := a.keptNotes(checkpoint, keys)
			if err != nil {
				return err
			}
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) (err error) {
				o := audit.VerifyOptions{Pool: x.pool, Keys: keys, Against: kept}
				if len(names) > 0 {
					if o.Stream, err = x.find(ctx, names[0]); err != nil {
						return err
					}
				}
				bar := newRebuildBar(a.err)
				o.Observe = func(p audit.VerifyProgress) { bar.observe(engine.RebuildProgress(p)) }
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
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "",
		"compare with the signed checkpoints in this `FILE` too, which was kept elsewhere")
	cmd.Flags().StringSliceVar(&trusted, "public-key", nil,
		"believe checkpoints that were signed with this `KEY`, besides the program's own")
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
		fmt.Fprintf(&b, "%d record(s) of %s\nin %.2f s (%.0f records/s)\n", r.Records, what, r.Seconds,
			float64(r.Records)/r.Seconds)
		signatures := "signatures checked"
		if !r.SignaturesChecked {
			signatures = "signatures NOT checked: no key is at hand"
		}
		fmt.Fprintf(&b, "checkpoints   %d compared; %s\n", r.Checkpoints, signatures)
		fmt.Fprintf(&b, "signed        up to position %d\n", r.SignedUpTo)
		if r.StreamID == uuid.Nil {
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
		fmt.Fprintf(b, "\nposition %d: %s\n", f.Position, printable(f.Check))
		if f.StreamID != uuid.Nil {
			fmt.Fprintf(b, "  stream %s, version %d\n", f.StreamID, f.Version)
		}
		wrap(b, f.Detail, "  ")
	}
	if more > 0 {
		fmt.Fprintf(b, "\nand %d more\n", more)
	}
}

// wrap writes words in lines of at most 80 columns. They may be those of other people.
func wrap(b *strings.Builder, text, indent string) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		word = printable(word)
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
