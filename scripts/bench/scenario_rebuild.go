package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// rebuild is about a read model that is built anew from a long log: read, folded, written, indexed, compared with the one in use
// and swapped. Beside it are the limit, which is reading the same log by COPY and throwing it away, and the way of applying one
// record in each transaction.
func rebuild(s size) scenario {
	records := s.count(1_000_000)
	bookings, events := rebuilding("bookings", records), rebuilding("events", records)
	return scenario{
		name:      "rebuild",
		about:     fmt.Sprintf("a log of %s records", grouped(float64(records))),
		counts:    "records/s",
		reference: bookings.strategy,
		entries:   []entry{bookings, events, {"copy-read", copyRead(records)}, {"one-by-one", oneByOne(records, s.count(5_000))}},
		goals:     []goal{atLeast200k(bookings), atLeast200k(events)},
	}
}

func atLeast200k(e entry) goal {
	return goal{
		about: "records/s of " + e.strategy + ", comparison and swap included / 200,000", needs: []string{e.strategy}, bound: 1,
		ratio: func(r round) float64 { return r[e.strategy].perSecond() / 200_000 },
	}
}

func rebuilding(name string, records int) entry {
	return entry{"rebuild-" + name, func(ctx context.Context, db *database) (m measurement, err error) {
		projection, err := projections.Named(name)
		if err != nil {
			return m, err
		}
		if err := fillLog(ctx, db, records); err != nil {
			return m, fmt.Errorf("fill the log: %w", err)
		}
		pool, err := openPool(ctx, db.url, engine.RebuildConnections, engine.Session())
		if err != nil {
			return m, err
		}
		defer pool.Close()
		o := engine.RebuildOptions{Pool: pool, Holder: "bench"}
		if _, err := engine.Rebuild(ctx, projection, o); err != nil { // the one that the next is compared with
			return m, err
		}
		if err := db.settle(ctx); err != nil {
			return m, err
		}
		result, err := engine.Rebuild(ctx, projection, o)
		switch {
		case err != nil:
			return m, err
		case int(result.Records) != records || !result.Compared || result.Parked > 0:
			return m, fmt.Errorf("the rebuild gave %+v", result)
		}
		v, err := engine.Verify(ctx, pool, projection)
		switch {
		case err != nil:
			return m, err
		case len(v.Mismatches) > 0:
			return m, fmt.Errorf("the rebuild has not applied what the log has: %+v", v.Mismatches)
		}
		return measurement{
			count: records, wall: result.Took, latencies: []time.Duration{result.Took},
			note:  fmt.Sprintf("%s rows; %s records/s without comparison and swap", grouped(float64(result.Rows)), grouped(float64(records)/result.Loading.Seconds())),
			extra: map[string]float64{"rows": float64(result.Rows), "loading_s": result.Loading.Seconds()},
		}, nil
	}}
}

func copyRead(records int) func(context.Context, *database) (measurement, error) {
	return func(ctx context.Context, db *database) (m measurement, err error) {
		if err := fillLog(ctx, db, records); err != nil {
			return m, fmt.Errorf("fill the log: %w", err)
		}
		if err := db.settle(ctx); err != nil {
			return m, err
		}
		const sql = `copy (select position, stream_id, version, type, schema_version, data, recorded_at, hash from event_log order by position) to stdout (format binary)`
		began := time.Now()
		tag, err := db.conn.PgConn().CopyTo(ctx, io.Discard, sql)
		took := time.Since(began)
		if err == nil && int(tag.RowsAffected()) != records {
			err = fmt.Errorf("read %d records", tag.RowsAffected())
		}
		return measurement{count: records, wall: took, latencies: []time.Duration{took}}, err
	}
}

// oneByOne applies the first records, each with the checkpoint in a transaction of its own, and stretches that to all.
func oneByOne(records, part int) func(context.Context, *database) (measurement, error) {
	return func(ctx context.Context, db *database) (m measurement, err error) {
		if err := fillLog(ctx, db, part); err != nil {
			return m, fmt.Errorf("fill the log: %w", err)
		}
		pool, err := openPool(ctx, db.url, 1, engine.Session())
		if err != nil {
			return m, err
		}
		defer pool.Close()
		log, err := eventstore.NewLog(pool).After(ctx, 0, part)
		if err != nil {
			return m, err
		}
		if _, err := pool.Exec(ctx, `insert into projection_checkpoints (name) values ('bookings')`); err != nil {
			return m, err
		}
		began := time.Now()
		for i := range log {
			if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return applyOne(ctx, tx, &log[i]) }); err != nil {
				return m, err
			}
		}
		m.count, m.wall, m.factor = len(log), time.Since(began), float64(records)/float64(len(log))
		m.latencies = []time.Duration{m.wall}
		m.note = fmt.Sprintf("extrapolated from %s records", grouped(float64(len(log))))
		return m, nil
	}
}

func applyOne(ctx context.Context, tx pgx.Tx, r *eventstore.Record) error {
	value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		return err
	}
	switch v := value.(type) {
	case domain.TicketBooked:
		_, err = tx.Exec(ctx, `
			insert into bookings (id, event_id, user_id, status, created_at, version) values ($1, $2, $3, 'CONFIRMED', $4, $5)`,
			[16]byte(v.BookingID), [16]byte(r.StreamID), [16]byte(v.CustomerID), r.RecordedAt, r.Version)
	case domain.BookingCancelled:
		_, err = tx.Exec(ctx, `
			update bookings set status = 'CANCELLED', cancelled_at = $2, version = $3 where id = $1`, [16]byte(v.BookingID), r.RecordedAt, r.Version)
	case domain.EventScheduled, domain.DetailsChanged, domain.CapacityChanged, domain.EventCancelled:
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update projection_checkpoints set position = $1 where name = 'bookings'`, r.Position)
	return err
}
