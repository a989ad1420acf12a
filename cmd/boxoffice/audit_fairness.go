package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

func (a *app) auditFairnessCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "fairness EVENT", Short: "Show who was offered tickets that became free, and check that it was their turn",
		Args: cobra.ExactArgs(1),
		Long: "Replay an event's stream, and show each record that freed tickets, to whom they were offered, and why:\n" +
			"free tickets go at once to the first on the waiting list that they are enough for. The replay judges\n" +
			"the records by themselves, without the rules that the program decides by. It does not check that\n" +
			"the records are those that were written: boxoffice audit verify does.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				stream, err := x.find(ctx, args[0])
				if err != nil {
					return err
				}
				out := bufio.NewWriter(a.out)
				encoder := json.NewEncoder(out)
				report, err := x.history.Fairness(ctx, stream, func(s audit.FairnessStep) error {
					if asJSON {
						return encoder.Encode(s)
					}
					_, err := out.WriteString(fairnessText(&s))
					return err
				})
				if err == nil {
					if asJSON {
						err = encoder.Encode(report)
					} else {
						_, err = out.WriteString(fairnessSummary(&report))
					}
				}
				if err := errors.Join(err, out.Flush()); err != nil {
					return err
				}
				return foundError(len(report.Findings) + report.More)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line; the last one is the summary")
	return cmd
}

func fairnessText(s *audit.FairnessStep) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%7d %9d  %s  %s\n", s.Version, s.Position, s.At.Format(timeForm), printable(s.Type))
	line := func(format string, args ...any) { wrap(&b, fmt.Sprintf(format, args...), "        ") }
	if o := s.Offer; o != nil {
		line("%s to customer %s, entry %s, until %s UTC", audit.LinesText(s.Lines), s.CustomerID, o.EntryID,
			o.ExpiresAt.Format(timeForm))
		line("joined as number %d, at version %d; %d waited longer; %d free", o.Number, o.Joined, o.Before, s.Free)
		for _, skipped := range o.Skipped {
			line("- number %d%s: wants %s, %s", skipped.Number, others(skipped.Others), audit.LinesText(skipped.Lines),
				lacking(&skipped))
		}
	} else {
		what := "the organizer"
		if s.CustomerID != nil {
			what = fmt.Sprintf("%s of customer %s", audit.LinesText(s.Lines), s.CustomerID)
		}
		line("freed by %s; %d free, %d waiting: %s", what, s.Free, s.Waiting, s.Outcome)
	}
	if s.Problem != "" {
		line("WRONG: %s", s.Problem)
	}
	return b.String()
}

func others(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

func lacking(s *audit.Skipped) string {
	if s.Type == 0 {
		return fmt.Sprintf("%d free", s.Free)
	}
	return fmt.Sprintf("%d of type %d free", s.Free, s.Type)
}

func fairnessSummary(r *audit.FairnessReport) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d record(s) of stream %s\nfreed         by %d record(s)\noffers        %d\n"+
		"waiting list  %d joined, %d waiting\n", r.Records, r.StreamID, r.Freed, r.Offers, r.Joined, r.Waiting)
	writeFindings(&b, r.Findings, r.More)
	return b.String()
}
