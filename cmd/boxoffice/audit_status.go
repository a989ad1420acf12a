package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

func (a *app) auditStatusCommand() *cobra.Command {
	var asJSON bool
	var checkpoint string
	cmd := &cobra.Command{
		Use: "status", Short: "Show whether the log extends all that was signed", Args: cobra.NoArgs,
		Long: "Show whether the log extends the newest checkpoint: the one in the database, the one that a server has\n" +
			"kept in DATA_DIR, and those in a file that was kept elsewhere. It reads what came since; boxoffice audit\n" +
			"verify reads everything.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				kept, err := a.keptNotes(checkpoint, x.keys)
				if err != nil {
					return err
				}
				s, err := x.checkpoints.Status(ctx, kept...)
				if err != nil {
					return err
				}
				if asJSON {
					err = a.printJSON(s)
				} else {
					err = a.showAuditStatus(s)
				}
				if err == nil && len(s.Problems) > 0 {
					err = foundError(len(s.Problems))
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the status as JSON")
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "",
		"compare with the signed checkpoints in this `FILE` too, which was kept elsewhere")
	return cmd
}

func (a *app) showAuditStatus(s *audit.Status) error {
	var b strings.Builder
	fmt.Fprintf(&b, "log           %s, %d record(s)\n", orDash(s.Origin), s.Head)
	if s.Size == 0 {
		b.WriteString("checkpoint    none\n")
	} else {
		fmt.Fprintf(&b, "checkpoint    over %d record(s), %d are not covered\n", s.Size, max(0, s.Head-s.Size))
		if !s.At.IsZero() {
			fmt.Fprintf(&b, "written       %s, %s ago\n", s.At.Format(timeForm), time.Since(s.At).Round(time.Second))
		}
		fmt.Fprintf(&b, "root          %s\n", s.Root)
		fmt.Fprintf(&b, "key           %s\n", s.Key)
	}
	if len(s.Problems) == 0 {
		b.WriteString("the log extends all that was signed\n")
	}
	for _, problem := range s.Problems {
		b.WriteString("\nTAMPERED\n")
		wrap(&b, problem, "  ")
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}

// keptNotes are the checkpoints that are known from outside of the database: of a file, and of the
// server on this machine.
func (a *app) keptNotes(path string, keys *audit.Keys) ([]string, error) {
	text, err := readNote(path)
	if err != nil {
		return nil, err
	}
	notes, err := audit.NotesIn(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c, err := a.load(checkAudit)
	if err != nil {
		return nil, err
	}
	own, err := audit.ReadKept(keptCheckpoint(c), keys)
	if err == nil && own.Size > 0 {
		notes = append(notes, own.Note)
	}
	if !keys.CanVerify() {
		err = nil // so that the server's can't be verified
	}
	return notes, err
}
