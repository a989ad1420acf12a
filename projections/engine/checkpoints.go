package engine

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// model is what a process knows of a read model. It comes from the database, or from this process's
// own commits: never from a notification.
type model struct {
	position int64
	known    bool  // false: the position is what was known before the connection was lost
	moves    int   // how often position has grown
	restarts int64 // how often it was found further back than before
	parked   map[uuid.UUID]int64
	unknown  UnknownRecord // that the last holder of the lease did not know
}

// mostParked bounds how many parked streams are known by their ids.
const mostParked = 1000

// model returns what is known of a read model. The caller holds mu.
func (n *Notifier) model(name string) *model {
	m := n.models[name]
	if m == nil {
		m = &model{}
		n.models[name] = m
	}
	return m
}

// observe remembers a position that projections had at some time. It is false if one of them was
// said to be further before.
func (n *Notifier) observe(position int64, projections ...string) (ok bool) {
	n.mu.Lock()
	isNew := false
	ok = true
	for _, name := range projections {
		m := n.model(name)
		if !m.known || m.position < position {
			n.set(m, position)
			isNew = true
		}
		ok = ok && m.position == position
	}
	n.mu.Unlock()
	if isNew {
		n.Checkpoints.Broadcast()
	}
	return ok
}

// set notes a position. One that is further back than before is that of another history. The caller
// holds mu.
func (n *Notifier) set(m *model, position int64) {
	if position < m.position {
		m.restarts++
	}
	m.position, m.known = position, true
	m.moves++
}

// begin notes where this process takes a projection up, as the holder of its lease, and tells others:
// the database may have been restored while nobody held it.
func (n *Notifier) begin(projection string, checkpoint int64) {
	n.mu.Lock()
	n.set(n.model(projection), checkpoint)
	n.moved[projection] = true
	n.mu.Unlock()
	n.Checkpoints.Broadcast()
	n.tellOthers(n.advanced)
}

// Reached returns the lowest checkpoint of the projections; known is false while one of them is
// unknown.
func (n *Notifier) Reached(projections ...string) (position int64, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, name := range projections {
		m := n.models[name] // names come from notifications too
		if m == nil || !m.known {
			return 0, false
		}
		if i == 0 || m.position < position {
			position = m.position
		}
	}
	return position, true
}

// Restarts counts how often a checkpoint was found further back than it had been: after a failover
// that lost commits, or a restore. What is remembered by positions is wrong then.
func (n *Notifier) Restarts() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := int64(0)
	for _, m := range n.models {
		all += m.restarts
	}
	return all
}

// RestartsOf is [Notifier.Restarts] for one projection.
func (n *Notifier) RestartsOf(projection string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.model(projection).restarts
}

// logEnd is the end of the log, when it was read last.
func (n *Notifier) logEnd() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.end
}

// forget makes the positions be read again: after a crash of the server, projections may be further
// back than they were.
func (n *Notifier) forget() {
	n.mu.Lock()
	for _, m := range n.models {
		m.known = false
	}
	n.mu.Unlock()
	n.Checkpoints.Broadcast()
}

// reread has the checkpoints and the parked streams read from the database soon. It does not block.
func (n *Notifier) reread() { offer(n.unread) }

// parkedAt is the first position that a read model lacks because a stream is parked: that one or,
// for [uuid.Nil], any. 0: none is.
func (n *Notifier) parkedAt(stream uuid.UUID) (first int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.models {
		for id, position := range m.parked {
			if (stream == uuid.Nil || id == stream || len(m.parked) == mostParked) && (first == 0 || position < first) {
				first = position
			}
		}
	}
	return first
}

// checkpoint is a row of what ReadCheckpoints reads. There is one for each parked stream, and one if
// there is none.
type checkpoint struct {
	name          string
	position, end int64
	stream        *uuid.UUID
	parked        *int64
	unknown       UnknownRecord
}

// ReadCheckpoints reads from the database how far the projections are, and what they have parked.
// One that has never run is at 0.
func (n *Notifier) ReadCheckpoints(ctx context.Context, from *pgxpool.Pool) error {
	n.mu.Lock()
	moves := make(map[string]int, len(n.names))
	for _, name := range n.names {
		moves[name] = n.model(name).moves
	}
	n.mu.Unlock()
	rows, _ := from.Query(ctx, `
		select wanted.name, coalesce(c.position, 0), h.position, p.stream_id, p.position,
			coalesce(u.position, 0), coalesce(u.type, ''), coalesce(u.schema_version, 0)
		from unnest($1::text[]) as wanted (name)
		cross join log_head h
		left join projection_checkpoints c using (name)
		left join event_log u on u.position = c.unknown_record
		left join lateral (
			select stream_id, position from parked_records where projection = wanted.name order by position limit $2
		) p on true`, n.names, mostParked)
	read, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c checkpoint, err error) {
		u := &c.unknown
		err = row.Scan(&c.name, &c.position, &c.end, &c.stream, &c.parked, &u.Position, &u.Type, &u.SchemaVersion)
		u.Projection = c.name
		return c, err
	})
	if err != nil {
		return err
	}
	if n.replace(moves, read) {
		n.Checkpoints.Broadcast()
	}
	return nil
}

// replace notes what was read. A position further back is true only if the projection has not moved
// since the reading began.
func (n *Notifier) replace(moves map[string]int, read []checkpoint) (changed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range n.names {
		n.model(name).parked = nil
	}
	for _, c := range read {
		n.end = c.end
		m := n.model(c.name)
		hasMoved := m.moves != moves[c.name]
		if c.position > m.position || !hasMoved && (c.position < m.position || !m.known) {
			n.set(m, c.position)
			changed = true
		}
		m.unknown = c.unknown
		if c.stream != nil {
			if m.parked == nil {
				m.parked = make(map[uuid.UUID]int64)
			}
			m.parked[*c.stream] = *c.parked
		}
	}
	return changed
}
