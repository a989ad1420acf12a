package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

func (a *app) auditTailCommand() *cobra.Command {
	var asJSON, follow bool
	var lines int
	cmd := &cobra.Command{
		Use: "tail", Short: "Show the newest records, and those that come", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				head, err := x.history.Head(ctx)
				if err != nil {
					return err
				}
				after, err := x.tail(ctx, max(0, head-int64(lines)), asJSON)
				if err != nil || !follow {
					return err
				}
				// Looking four times a second costs next to nothing, and needs nothing that could
				// break.
				look := time.NewTicker(250 * time.Millisecond)
				defer look.Stop()
				for {
					select {
					case <-ctx.Done():
						return nil
					case <-look.C:
					}
					if after, err = x.tail(ctx, after, asJSON); err != nil {
						if ctx.Err() != nil {
							return nil
						}
						return err
					}
				}
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print records as JSON, in the form of exports")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with the records that come, until Ctrl-C")
	cmd.Flags().IntVarP(&lines, "lines", "n", 10, "begin with so many of the newest records")
	return cmd
}

// tail prints what comes after a position, and tells the last one.
func (a *auditor) tail(ctx context.Context, after int64, asJSON bool) (int64, error) {
	for {
		const page = 1_000
		records, _, err := a.history.Records(ctx, audit.Filter{}, after, page)
		if err != nil {
			return after, err
		}
		for _, r := range records {
			if asJSON {
				err = a.printJSON(r)
			} else {
				_, err = fmt.Fprintf(a.out, "%9d  %s  %s  %-16s %s…/%d\n", r.Position, r.RecordedAt.Format(timeForm),
					actorOf(r.Metadata), cell(r.Type, 16), r.StreamID.String()[:8], r.Version)
			}
			if err != nil {
				return after, err
			}
			after = r.Position
		}
		if len(records) < page {
			return after, nil
		}
	}
}
