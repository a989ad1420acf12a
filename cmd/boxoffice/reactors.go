package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
)

func (a *app) reactorsCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "reactors", Short: "Look after what follows from the log, such as mails, also beside a running server",
		Args: cobra.NoArgs, RunE: help,
	}
	retry := &cobra.Command{
		Use: "retry {ID… | --all}", Short: "Have poisoned messages handled again, after the reason was mended",
		Args: idsOrAll(&all),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withProjections(cmd.Context(), func(ctx context.Context, pool *pgxpool.Pool, _ *slog.Logger) error {
				ids, err := idsOf(args)
				if err != nil {
					return err
				}
				n, err := reactors.Retry(ctx, pool, ids...)
				if err == nil {
					err = engine.Wake(ctx, pool)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "%d message(s) will be handled again\n", n)
				return err
			})
		},
	}
	retry.Flags().BoolVar(&all, "all", false, "all of them")
	cmd.AddCommand(
		&cobra.Command{
			Use: "status", Short: "Tell how far the reactors are, who runs them, and what they could not handle",
			Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.withProjections(cmd.Context(), a.showReactors) },
		},
		retry,
		&cobra.Command{
			Use: "skip ID…", Short: "Drop poisoned messages: what they would have done is not done", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return a.withProjections(cmd.Context(), func(ctx context.Context, pool *pgxpool.Pool, _ *slog.Logger) error {
					ids, err := idsOf(args)
					if err != nil {
						return err
					}
					n, err := reactors.Skip(ctx, pool, ids...)
					if err != nil {
						return err
					}
					_, err = fmt.Fprintf(a.out, "%d message(s) dropped\n", n)
					return err
				})
			},
		},
	)
	return cmd
}

// idsOrAll wants one of both, so that a forgotten id is not all of them.
func idsOrAll(all *bool) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if *all == (len(args) > 0) {
			return errors.New("name the messages by the ids that boxoffice reactors status shows, or give --all")
		}
		return nil
	}
}

func idsOf(args []string) (ids []int64, err error) {
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not an id; boxoffice reactors status shows them", printable(arg))
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (a *app) showReactors(ctx context.Context, pool *pgxpool.Pool, _ *slog.Logger) error {
	all, err := reactors.Statuses(ctx, pool, allReactors())
	if err != nil {
		return err
	}
	poisoned, err := reactors.PoisonedMessages(ctx, pool, maxParkedShown)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "reactor\tposition\twaiting\tlag (ms)\tpoisoned\trun by") //nolint:errcheck // Flush reports it
	total := 0
	for _, s := range all {
		total += s.Poisoned
		runBy := s.Holder
		if runBy == "" {
			runBy = "nobody"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\n", //nolint:errcheck // Flush reports it
			s.Name, s.Position, s.Waiting, s.Behind.Milliseconds(), s.Poisoned, cell(runBy, 80))
	}
	if err := w.Flush(); err != nil || len(poisoned) == 0 {
		return err
	}
	var b strings.Builder
	b.WriteString("\nCould not be handled; mend the reason, then run boxoffice reactors retry, or skip them\n")
	for _, p := range poisoned {
		reason, _, _ := strings.Cut(p.Reason, "\n")
		again := ""
		if p.Retrying {
			again = ", will be handled again"
		}
		fmt.Fprintf(&b, "  %d: %s, message %s (request %s, %s%s)\n    %s\n", p.ID, printable(p.Reactor),
			printable(p.MessageID), orDash(printable(p.CorrelationID)), p.Since.UTC().Format(time.RFC3339), again,
			printable(reason))
	}
	if more := total - len(poisoned); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	_, err = io.WriteString(a.out, b.String())
	return err
}
