package audit

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/projections"
)

// planReadModels reads the positions of the read models, at which their rows will be compared.
func (v *verification) planReadModels(ctx context.Context, snapshot pgx.Tx) error {
	rows, _ := snapshot.Query(ctx, `
		select name, position, 0::bigint
		from projection_checkpoints
		where name = any($1)
		order by name`, projections.Names())
	models, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ReadModelReport])
	if err != nil {
		return err
	}
	v.report.ReadModels = append([]ReadModelReport{}, models...)
	for _, m := range models {
		v.statesAt = append(v.statesAt, m.Position)
	}
	slices.Sort(v.statesAt)
	v.statesAt = slices.Compact(v.statesAt)
	return nil
}

// keepStates keeps the states of all streams at a position.
func (v *verification) keepStates(position int64) {
	states := make(map[uuid.UUID]projections.Stream, len(v.seen))
	for _, p := range v.seen {
		states[p.id] = projections.Stream{
			State: p.replay.State(), Version: p.version, CreatedAt: p.first, UpdatedAt: p.at, Unknown: p.unknown,
		}
	}
	v.states[position] = states
}

func (v *verification) compareReadModels(ctx context.Context, snapshot pgx.Tx) error {
	v.Observe(VerifyProgress{"read models", v.records, v.records})
	for i := range v.report.ReadModels {
		m := &v.report.ReadModels[i]
		if m.Position > v.report.Head {
			v.found(Finding{Check: CheckReadModel, Position: v.report.Head + 1,
				Detail: fmt.Sprintf("%s has applied the log up to position %d, and its head says %d", m.Name, m.Position,
					v.report.Head)})
			continue
		}
		var err error
		m.Rows, err = projections.CompareStates(ctx, snapshot, m.Name, v.Stream, v.states[m.Position],
			func(streamID uuid.UUID, detail string) {
				v.found(Finding{Check: CheckReadModel, Position: m.Position, StreamID: streamID,
					Version: v.states[m.Position][streamID].Version, Detail: m.Name + ": " + detail})
			})
		if err != nil {
			return err
		}
	}
	return nil
}
