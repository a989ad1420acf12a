package audit

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// withReadModels opens the read models, whose rows are compared with each stream that check has
// gone through, and closes them.
func (v *verification) withReadModels(ctx context.Context, snapshot pgx.Tx, check func() error) error {
	if err := v.planReadModels(ctx, snapshot); err != nil {
		return err
	}
	var name string
	if err := snapshot.QueryRow(ctx, `select pg_export_snapshot()`).Scan(&name); err != nil {
		return err
	}
	return inSnapshot(ctx, v.Pool, name, func(ctx context.Context, tx pgx.Tx) error {
		if err := v.openReadModels(ctx, tx); err != nil {
			return err
		}
		if err := check(); err != nil {
			return err
		}
		v.Observe(VerifyProgress{"read models", v.records, v.records})
		for i, c := range v.models {
			if c == nil {
				continue
			}
			if err := c.End(ctx); err != nil {
				return err
			}
			v.report.ReadModels[i].Rows += c.TakeRows()
		}
		return nil
	})
}

// planReadModels reads the positions of the read models, at which their rows are compared.
func (v *verification) planReadModels(ctx context.Context, snapshot pgx.Tx) error {
	rows, _ := snapshot.Query(ctx, `
		select name, position, 0::bigint
		from projection_checkpoints
		where name = any($1)
		order by position, name`, projections.Names())
	models, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ReadModelReport])
	if err != nil {
		return err
	}
	before := v.report.ReadModels
	v.report.ReadModels = []ReadModelReport{}
	for _, m := range models {
		if at := slices.IndexFunc(before, func(b ReadModelReport) bool { return b.Name == m.Name }); at >= 0 {
			m.Rows = before[at].Rows
		}
		v.report.ReadModels = append(v.report.ReadModels, m)
		v.freeze = append(v.freeze, m.Position)
	}
	return nil
}

func (v *verification) openReadModels(ctx context.Context, tx pgx.Tx) error {
	for i := range v.report.ReadModels {
		m := &v.report.ReadModels[i]
		if m.Position > v.head {
			v.found(Finding{Check: CheckReadModel, Position: v.head + 1, Detail: fmt.Sprintf(
				"%s has applied the log up to position %d, and its head says %d", m.Name, m.Position, v.head)})
			v.models = append(v.models, nil)
			continue
		}
		differs := func(streamID uuid.UUID, version int, detail string) {
			v.found(Finding{Check: CheckReadModel, Position: m.Position, StreamID: streamID, Version: version,
				Detail: m.Name + ": " + detail})
		}
		c, err := projections.CompareStates(ctx, tx, m.Name, v.Stream, v.after, differs)
		if err != nil {
			return err
		}
		v.models = append(v.models, c)
	}
	return nil
}

// finishStream compares the read models with a stream that is checked.
func (v *verification) finishStream(ctx context.Context) func(*progress) error {
	return func(p *progress) error {
		v.report.Streams++
		for i, c := range v.models {
			if c == nil || p.id == eventstore.ReadsStream {
				continue
			}
			if err := c.Next(ctx, p.id, p.frozen[i]); err != nil {
				return fmt.Errorf("stream %s: %w", p.id, err)
			}
			v.report.ReadModels[i].Rows += c.TakeRows()
		}
		v.after = p.id
		return v.save(false)
	}
}
