package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/audit"
)

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

const timeForm = "2006-01-02 15:04:05"

func (a *app) auditStreamsCommand() *cobra.Command {
	var asJSON bool
	var after int64
	var limit int
	cmd := &cobra.Command{
		Use: "streams [SEARCH]", Short: "List the streams, one for each event, with their records",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			search := ""
			if len(args) > 0 {
				search = args[0]
			}
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				list, err := x.history.Streams(ctx, search, after, limit)
				if err != nil {
					return err
				}
				if !asJSON {
					if _, err := fmt.Fprintf(a.out, "%-36s  %8s  %s\n", "stream", "records", "title (by the read model)"); err != nil {
						return err
					}
				}
				for _, s := range list {
					if asJSON {
						err = a.printJSON(map[string]any{
							"id": s.ID, "position": s.Position, "records": s.Records, "title": s.Title, "status": s.Status,
							"capacity": s.Capacity, "remaining": s.Remaining, "firstAt": s.FirstAt, "lastAt": s.LastAt,
						})
					} else {
						_, err = fmt.Fprintf(a.out, "%s  %8d  %s\n", s.ID, s.Records, cell(s.Title, 32))
					}
					if err != nil {
						return err
					}
				}
				if asJSON {
					return nil
				}
				total, err := x.history.CountStreams(ctx, search)
				if err != nil {
					return err
				}
				reads, err := x.history.CountReads(ctx)
				if err == nil {
					_, err = fmt.Fprintf(a.out, "%d of %d stream(s)\nstream %s has the %d read(s) of the audit\n", len(list),
						total, eventstore.ReadsStream, reads)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	cmd.Flags().Int64Var(&after, "after", 0, "only streams that began after this `POSITION`")
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most so many")
	return cmd
}

func (a *app) auditShowCommand() *cobra.Command {
	var asJSON bool
	var at string
	cmd := &cobra.Command{
		Use: "show EVENT", Short: "Show what happened to an event, record by record, or how it was at some time",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				stream, err := x.find(ctx, args[0])
				if err != nil {
					return err
				}
				if at == "" {
					return x.show(ctx, stream, asJSON)
				}
				version, err := x.version(ctx, stream, at)
				if err != nil {
					return err
				}
				m, err := x.history.At(ctx, stream, version)
				if err != nil {
					return err
				}
				return x.showState(m, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with a record on each line")
	cmd.Flags().StringVar(&at, "at", "", "show the event as it was at this `VERSION` or time")
	return cmd
}

// show prints records as they come, so that a long stream begins at once.
func (a *auditor) show(ctx context.Context, stream uuid.UUID, asJSON bool) error {
	out := bufio.NewWriter(a.out)
	n := 0
	err := a.history.Walk(ctx, stream, 0, 0, func(m audit.Moment) error {
		if n == 0 && !asJSON {
			if _, err := fmt.Fprintf(out, "stream %s\n%7s %9s  %-19s  %-8s  %-16s %s\n", stream, "version", "position",
				"time (UTC)", "actor", "record", "left"); err != nil {
				return err
			}
		}
		n++
		if err := showMoment(out, m, asJSON); err != nil {
			return err
		}
		if n%100 == 1 {
			return out.Flush()
		}
		return nil
	})
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if n == 0 {
		return audit.ErrNoStream
	}
	return nil
}

func showMoment(out io.Writer, m audit.Moment, asJSON bool) error {
	if asJSON {
		return encodeMoment(out, m, stateJSON(m.State))
	}
	r := &m.Record
	_, err := fmt.Fprintf(out, "%7d %9d  %s  %s  %-16s %d/%d\n", r.Version, r.Position, r.RecordedAt.Format(timeForm),
		actorOf(r.Metadata), cell(r.Type, 16), m.State.Remaining(), m.State.Capacity())
	if err == nil && m.Problem != "" {
		_, err = fmt.Fprintf(out, "        ! %s\n", cell(m.Problem, 70))
	}
	if about := aboutDetails(&m); err == nil && about != "" {
		_, err = fmt.Fprintf(out, "        %s\n", cell(about, 72))
	}
	return err
}

func encodeMoment(out io.Writer, m audit.Moment, state any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{"record": m.Record, "state": state, "problem": m.Problem})
}

// aboutDetails says what an event is, where a record changes it.
func aboutDetails(m *audit.Moment) string {
	if m.Record.Type != domain.TypeEventScheduled && m.Record.Type != domain.TypeDetailsChanged || m.Unknown {
		return ""
	}
	d := m.State.Details()
	return fmt.Sprintf("%s, %s UTC, %s", d.Title, d.StartsAt.Format("2006-01-02 15:04"), d.Venue)
}

// actorOf is the beginning of the id of the user who caused a record.
func actorOf(metadata []byte) string {
	var who struct{ Actor uuid.UUID }
	if json.Unmarshal(metadata, &who) != nil {
		return "?       "
	}
	return who.Actor.String()[:8]
}
