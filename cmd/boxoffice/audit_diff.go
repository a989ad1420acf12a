package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

func (a *app) auditDiffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "diff EVENT FROM TO", Short: "Compare an event at two versions or times", Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				stream, err := x.find(ctx, args[0])
				if err != nil {
					return err
				}
				from, err := x.version(ctx, stream, args[1])
				if err != nil {
					return err
				}
				to, err := x.version(ctx, stream, args[2])
				if err != nil {
					return err
				}
				d, err := x.history.Diff(ctx, stream, from, to)
				if err != nil {
					return err
				}
				return x.showDiff(ctx, d, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *auditor) showDiff(ctx context.Context, d audit.Difference, asJSON bool) error {
	from, to := stateJSON(d.From.State), stateJSON(d.To.State)
	if asJSON {
		return a.diffJSON(ctx, d, from, to)
	}
	out := bufio.NewWriter(a.out)
	line := func(format string, args ...any) { fmt.Fprintf(out, format, args...) } //nolint:errcheck // Flush tells
	line("version %d to %d\n", d.From.Record.Version, d.To.Record.Version)
	for _, f := range []struct {
		name         string
		before, then any
	}{
		{"status", from.Status, to.Status}, {"title", from.Details.Title, to.Details.Title},
		{"description", from.Details.Description, to.Details.Description},
		{"venue", from.Details.Venue, to.Details.Venue},
		{"begins", from.Details.StartsAt.Format(time.RFC3339), to.Details.StartsAt.Format(time.RFC3339)},
		{"ends", optionalTime(from.Details.EndsAt), optionalTime(to.Details.EndsAt)},
		{"category", from.Details.Category, to.Details.Category},
		{"organizer", from.Details.OrganizerName, to.Details.OrganizerName},
		{"image", from.Details.Image, to.Details.Image},
		{"proof of work", from.Details.RequireProofOfWork, to.Details.RequireProofOfWork},
		{"time zone", from.Details.TimeZone, to.Details.TimeZone}, {"price", from.Details.Price, to.Details.Price},
		{"per customer", from.Details.MaxPerCustomer, to.Details.MaxPerCustomer},
		{"sale opens", optionalTime(from.Details.SaleOpensAt), optionalTime(to.Details.SaleOpensAt)},
		{"sale closes", optionalTime(from.Details.SaleClosesAt), optionalTime(to.Details.SaleClosesAt)},
		{"types", typesLine(d.From.State), typesLine(d.To.State)},
		{"tickets", from.Capacity, to.Capacity}, {"sold", from.Sold, to.Sold}, {"held", from.Held, to.Held},
		{"left", from.Remaining, to.Remaining}, {"waiting", from.Waiting, to.Waiting},
	} {
		if f.before != f.then {
			line("- %-12s %s\n+ %-12s %s\n", f.name, cell(fmt.Sprint(f.before), 64), f.name, cell(fmt.Sprint(f.then), 64))
		}
	}
	err := a.history.EachChange(ctx, &d, 0, func(b audit.BookingChange) error {
		sign, state := "-", ""
		if b.Made {
			sign = "+"
			if b.Cancelled {
				state = " (cancelled)"
			}
		}
		line("%s booking %s%s\n  by      %s\n", sign, b.ID, state, b.CustomerID)
		return nil
	})
	return errors.Join(err, out.Flush())
}

// diffJSON writes the bookings as they come.
func (a *auditor) diffJSON(ctx context.Context, d audit.Difference, from, to shownState) error {
	out := bufio.NewWriter(a.out)
	head, err := json.Marshal(map[string]any{
		"from": map[string]any{"version": d.From.Record.Version, "state": from},
		"to":   map[string]any{"version": d.To.Record.Version, "state": to},
	})
	if err != nil {
		return err
	}
	out.Write(head[:len(head)-1]) //nolint:errcheck,gosec // Flush tells
	for _, list := range []struct {
		name string
		made bool
	}{{"booked", true}, {"cancelled", false}} {
		fmt.Fprintf(out, ",%q:[", list.name) //nolint:errcheck // Flush tells
		comma := ""
		err := a.history.EachChange(ctx, &d, 0, func(b audit.BookingChange) error {
			if b.Made != list.made {
				return nil
			}
			one, err := json.Marshal(b.Booking)
			if err == nil {
				_, err = fmt.Fprintf(out, "%s%s", comma, one)
			}
			comma = ","
			return err
		})
		if err != nil {
			return err
		}
		out.WriteString("]") //nolint:errcheck,gosec // Flush tells
	}
	out.WriteString("}\n") //nolint:errcheck,gosec // Flush tells
	return out.Flush()
}
