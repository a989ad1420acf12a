package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func (a *app) projectionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "projections", Short: "Look after the read models, also beside a running server",
		Long: "Look after the read models, also beside a running server.\n\nThe projections are " +
			strings.Join(projections.Names(), " and ") + ".",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "status", Short: "Tell how far the read models are, who keeps them up to date, and what can't be applied",
			Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.withProjections(cmd.Context(), a.showStatus) },
		},
		&cobra.Command{
			Use: "verify [NAME]", Short: "Check that each record of the log was applied exactly once",
			Args: cobra.MaximumNArgs(1), ValidArgs: projections.Names(),
			RunE: func(cmd *cobra.Command, names []string) error {
				return a.withProjections(cmd.Context(), func(ctx context.Context, pool *pgxpool.Pool, _ *slog.Logger) error {
					return a.verify(ctx, pool, names)
				})
			},
		},
		&cobra.Command{
			Use: "retry [NAME]", Short: "Apply parked records again, after the reason was mended", Args: cobra.MaximumNArgs(1),
			ValidArgs: projections.Names(),
			RunE: func(cmd *cobra.Command, names []string) error {
				return a.withProjections(cmd.Context(), func(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) error {
					return a.retry(ctx, pool, logger, names)
				})
			},
		},
		a.rebuildCommand(),
		a.projectCommand(),
	)
	return cmd
}

// named finds the projections with these names, or all if there is no name.
func named(names []string) (found []engine.Projection, err error) {
	for _, name := range names {
		p, err := projections.Named(name)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	if len(names) == 0 {
		return projections.All(), nil
	}
	return found, nil
}

// withProjections runs a tool on a database that has the schema of this program.
func (a *app) withProjections(ctx context.Context, use func(context.Context, *pgxpool.Pool, *slog.Logger) error) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	if err := hasDatabase(c); err != nil {
		return err
	}
	logger := a.logger(c)
	return a.withDatabase(ctx, func(ctx context.Context, d *database) error {
		pending, err := migrations.Pending(ctx, d.url)
		if err != nil {
			return err
		}
		if pending {
			return errors.New("the schema of the database is older than this program; run boxoffice migrate first")
		}
		pool, err := d.pool(ctx, "projection tools", engine.RebuildConnections, engine.Session())
		if err != nil {
			return err
		}
		defer pool.Close()
		return use(ctx, pool, logger)
	})
}

// processName tells people which process holds a lease.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

func (a *app) showStatus(ctx context.Context, pool *pgxpool.Pool, _ *slog.Logger) error {
	all, err := engine.Statuses(ctx, pool, projections.Names())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, //nolint:errcheck // Flush reports it
		"projection\tposition\tlag (records)\tlag (ms)\tparked streams\trun by")
	for _, s := range all {
		runBy := s.Holder
		switch {
		case runBy != "":
		case s.Unknown:
			runBy = "nobody: the next record is of a newer version of this program"
		default:
			runBy = "nobody"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\n", //nolint:errcheck // Flush reports it
			s.Name, s.Position, s.Records, s.Behind.Milliseconds(), s.Parked, cell(runBy, 80))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range all {
		if err := a.showParked(ctx, pool, s); err != nil {
			return err
		}
	}
	return nil
}

// maxParkedShown bounds how many parked streams are shown.
const maxParkedShown = 20

func (a *app) showParked(ctx context.Context, pool *pgxpool.Pool, s engine.Status) error {
	if s.Parked == 0 {
		return nil
	}
	parked, err := engine.ParkedStreams(ctx, pool, s.Name, maxParkedShown)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s can't apply these streams; mend the reason, then run boxoffice projections retry %[1]s\n",
		s.Name)
	for _, p := range parked {
		reason, _, _ := strings.Cut(p.Reason, "\n")
		fmt.Fprintf(&b, "  %s from version %d (position %d, request %s, %s)\n    %s\n", p.StreamID, p.Version, p.Position,
			orDash(printable(p.CorrelationID)), p.Since.UTC().Format(time.RFC3339), printable(reason))
	}
	if more := s.Parked - len(parked); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	_, err = io.WriteString(a.out, b.String())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) verify(ctx context.Context, pool *pgxpool.Pool, names []string) error {
	all, err := named(names)
	if err != nil {
		return err
	}
	wrong := 0
	for _, p := range all {
		v, err := engine.Verify(ctx, pool, p)
		if err != nil {
			return err
		}
		wrong += len(v.Mismatches)
		var b strings.Builder
		fmt.Fprintf(&b, "%s: %d records applied up to position %d, %d range(s) differ from the log\n",
			p.Name(), v.Applied, v.Position, len(v.Mismatches))
		for _, m := range v.Mismatches {
			fmt.Fprintf(&b, "  positions %d to %d: %s\n", m.First, m.Last, describe(m))
		}
		if _, err := io.WriteString(a.out, b.String()); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return errors.New("a read model is not what the log says; rebuild it with boxoffice projections rebuild")
	}
	return nil
}

func describe(m engine.Mismatch) string {
	if m.OthersApplied {
		return fmt.Sprintf("%d records, as in the log, but not the same", m.Applied)
	}
	return fmt.Sprintf("%d records were applied, and the log has %d", m.Applied, m.Log)
}

func (a *app) retry(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger, names []string) error {
	all, err := named(names)
	if err != nil {
		return err
	}
	left := 0
	for _, p := range all {
		r, err := engine.Retry(ctx, p, engine.RetryOptions{Pool: pool, Logger: logger, Holder: processName()})
		if err != nil {
			return err
		}
		left += r.Left
		_, err = fmt.Fprintf(a.out, "%s: %d parked stream(s), %d record(s) applied, %d stream(s) parked still\n",
			p.Name(), r.Streams, r.Applied, r.Left)
		if err != nil {
			return err
		}
	}
	if left > 0 {
		return errors.New("some streams still can't be applied; boxoffice projections status tells why")
	}
	return nil
}

func (a *app) rebuildCommand() *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use: "rebuild NAME", Short: "Build a read model anew from the log, compare, and put it in place",
		Args: cobra.ExactArgs(1), ValidArgs: projections.Names(),
		Long: "Rebuild a read model from the log, compare it with the one in use, and put it in its place. Meanwhile\n" +
			"the one in use is read and kept up to date. When rows differ they are shown and nothing changes,\n" +
			"unless --accept-differences is given.",
		RunE: func(cmd *cobra.Command, names []string) error {
			return a.withProjections(cmd.Context(), func(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) error {
				return a.rebuild(ctx, names[0], engine.RebuildOptions{
					Pool: pool, Logger: logger, Holder: processName(), AcceptDifferences: accept,
				})
			})
		},
	}
	cmd.Flags().BoolVar(&accept, "accept-differences", false,
		"put the new rows in place although some differ, as after a defect was mended")
	return cmd
}

func (a *app) rebuild(ctx context.Context, name string, o engine.RebuildOptions) error {
	p, err := projections.Named(name)
	if err != nil {
		return err
	}
	bar := newRebuildBar(a.err)
	o.Observe = bar.observe
	r, err := engine.Rebuild(ctx, p, o)
	bar.finish()
	var different *engine.DifferenceError
	if errors.As(err, &different) {
		for i := range different.Examples {
			d := &different.Examples[i]
			d.InUse, d.Rebuilt = printable(d.InUse), printable(d.Rebuilt)
		}
	}
	if err != nil {
		return err
	}
	compared := "compared, no differences"
	switch {
	case !r.Compared:
		compared = "nothing in use to compare with"
	case r.Differences > 0:
		compared = fmt.Sprintf("%d row(s) differed, and were replaced", r.Differences)
	}
	_, err = fmt.Fprintf(a.out, "%s: %d records, %d rows, %d parked stream(s); %s\n"+
		"loaded in %.2f s (%.0f records/s), in place after %.2f s\n",
		name, r.Records, r.Rows, r.Parked, compared, r.Loading.Seconds(), float64(r.Records)/r.Loading.Seconds(),
		r.Took.Seconds())
	return err
}

// rebuildBar shows the progress of a rebuild on a terminal, and nothing elsewhere.
type rebuildBar struct {
	to    io.Writer
	phase string
	bar   *progressbar.ProgressBar
}

func newRebuildBar(to io.Writer) *rebuildBar {
	if isTerminal(to) {
		return &rebuildBar{to: to}
	}
	return &rebuildBar{}
}

func (b *rebuildBar) observe(p engine.RebuildProgress) {
	if b.to == nil {
		return
	}
	if p.Phase != b.phase || b.bar == nil {
		b.finish()
		b.phase, b.bar = p.Phase, b.open(p)
	}
	if p.Total > 0 {
		_ = b.bar.Set64(p.Done) // a bar that can't be drawn is no reason to stop
	}
}

func (b *rebuildBar) open(p engine.RebuildProgress) *progressbar.ProgressBar {
	total := p.Total
	if total == 0 {
		total = -1 // a spinner
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.to),
		progressbar.OptionSetDescription(p.Phase),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("records"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

func (b *rebuildBar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
