package reactors

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Status is the state of a reactor.
type Status struct {
	Name     string
	Position int64         // up to which it has handled the log; 0 for a reactor of a queue
	Waiting  int64         // messages that it has not handled yet
	Behind   time.Duration // how long the oldest of them has been waiting
	Holder   string        // of the lease; empty: nobody runs it
	Poisoned int           // messages that it could not handle; see [PoisonedMessages]
}

// Statuses returns the states of reactors, whichever process runs them. Their names and queues are
// all that counts.
func Statuses(ctx context.Context, pool *pgxpool.Pool, reactors []Reactor) ([]Status, error) {
	names, queues := make([]string, len(reactors)), make([]string, len(reactors))
	for i, r := range reactors {
		names[i], queues[i] = r.Name, r.Queue
	}
	// A reactor that has never run begins at the head, or knows better.
	rows, _ := pool.Query(ctx, `
		select w.name, coalesce(o.position, 0),
			case when w.queue = '' then h.position - coalesce(o.position, h.position) else q.messages end,
			greatest('0', clock_timestamp() - case
				when w.queue = '' then
					(select recorded_at from event_log where position = coalesce(o.position, h.position) + 1)
				else q.oldest
			end),
			coalesce(case when o.lease_until > clock_timestamp() then o.holder end, ''),
			(select count(*) from poisoned_messages p where p.reactor = w.name)
		from unnest($1::text[], $2::text[]) with ordinality as w (name, queue, n)
		cross join log_head h
		left join reactor_offsets o on o.name = w.name
		left join lateral (
			select count(*) as messages, min(queued_at) as oldest from reactor_queue where topic = w.queue
		) q on true
		order by n`, names, queues)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Status])
	if err != nil {
		return nil, fmt.Errorf("read the state of the reactors: %w", err)
	}
	return all, nil
}
