package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	savepointSQL = `savepoint undecided`
	// News of many streams, each after the version that is known of it.
	newsSQL = `
		select r.position, r.stream_id, r.version, r.type, r.schema_version, r.data::text, r.metadata::text, r.recorded_at, r.hash
		from unnest($1::uuid[], $2::int[]) as known (stream_id, version)
		cross join lateral (
			select * from event_log l
			where l.stream_id = known.stream_id and l.version > known.version
			order by l.version
		) r`
	// Whoever holds this lock and then freezes would hold up everyone who appends.
	hurrySQL   = `set local idle_in_transaction_session_timeout = '2s'`
	lockSQL    = `select from log_head for update`
	outcomeSQL = `select position from event_log where stream_id = $1 and version = $2 and hash = $3`
)

// open begins the transaction and reads. A connection of the pool can have died unnoticed; nothing is written yet, so it is
// simply tried again.
func (b *batch[S, R]) open(ctx context.Context) error {
	for pause := time.Millisecond; ; pause *= 4 {
		conn, err := b.executor.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		b.conn = conn
		news := &pgx.Batch{}
		news.Queue(`begin`)
		news.Queue(savepointSQL)
		err = b.exchange(ctx, news, nil)
		if err == nil || !b.drop() || pause > 100*time.Millisecond {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// lock takes the head row's lock, which no one else can append without, and then reads.
func (b *batch[S, R]) lock(ctx context.Context, lost *plan[S, R]) (found int64, err error) {
	q := &pgx.Batch{}
	q.Queue(hurrySQL)
	q.Queue(lockSQL)
	if lost == nil {
		return 0, b.exchange(ctx, q, nil)
	}
	first := lost.records[0]
	q.Queue(outcomeSQL, [16]byte(first.StreamID), first.Version, first.Hash[:])
	err = b.exchange(ctx, q, func(results pgx.BatchResults) error {
		err := results.QueryRow().Scan(&found)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return found, err
}

// exchange sends q and the query for news in one message, and folds the news. last reads the answer of the last query of q; the
// others answer with nothing.
func (b *batch[S, R]) exchange(ctx context.Context, q *pgx.Batch, last func(pgx.BatchResults) error) (err error) {
	silent := q.Len()
	if last != nil {
		silent--
	}
	ids, versions := b.known()
	q.Queue(newsSQL, ids, versions)
	results := b.conn.SendBatch(ctx, q)
	defer func() { err = errors.Join(err, results.Close()) }()
	for range silent {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	if last != nil {
		if err := last(results); err != nil {
			return err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return b.fold(rows)
}

// known lists the streams of the batch with their versions in the cache or, where that is newer, as the batch has read them.
func (b *batch[S, R]) known() (ids [][16]byte, versions []int32) {
	if b.streams == nil {
		b.streams = make(map[uuid.UUID]*stream[S], len(b.calls))
		for _, c := range b.calls {
			if b.streams[c.StreamID] == nil {
				b.streams[c.StreamID] = &stream[S]{}
			}
		}
	}
	for id, s := range b.streams {
		if cached := b.executor.cache.get(id); cached.version > s.version {
			*s = cached
		}
		ids, versions = append(ids, id), append(versions, int32(s.version)) //nolint:gosec // the column is an int
	}
	return ids, versions
}

func (b *batch[S, R]) fold(rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return err
		}
		if b.broken[r.StreamID] != nil {
			continue
		}
		if err := b.evolve(b.streams[r.StreamID], r); err != nil {
			if b.broken == nil {
				b.broken = map[uuid.UUID]error{}
			}
			b.broken[r.StreamID] = fmt.Errorf("read version %d of stream %s: %w", r.Version, r.StreamID, err)
		}
	}
	b.keep(b.streams)
	return rows.Err()
}

func (b *batch[S, R]) evolve(s *stream[S], r Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if r.Version != s.version+1 {
		return fmt.Errorf("version %d is missing", s.version+1)
	}
	value, err := b.executor.model.Codec.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		return err
	}
	s.state, s.tail, s.position = b.executor.model.Evolve(s.state, value), tailOf(r), r.Position
	return nil
}

// commit appends the records and commits, in one message.
func (b *batch[S, R]) commit(ctx context.Context, records []Record) (base int64, err error) {
	q := &pgx.Batch{}
	q.Queue(appendSQL, appendArgs(records)...)
	q.Queue(`commit`)
	results := b.conn.SendBatch(ctx, q)
	defer func() { err = errors.Join(err, results.Close()) }()
	if base, err = scanBase(results.QueryRow()); err != nil {
		return 0, err
	}
	_, err = results.Exec()
	return base, err
}

// drop gives the connection up if it is broken, and tells so.
func (b *batch[S, R]) drop() bool {
	if b.conn != nil && !b.conn.Conn().IsClosed() {
		return false
	}
	if b.conn != nil {
		b.conn.Release()
		b.conn = nil
	}
	return true
}

// leave ends the transaction, if it is still open, and gives the connection back.
func (b *batch[S, R]) leave() {
	if b.drop() {
		return
	}
	if pg := b.conn.Conn().PgConn(); pg.TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = pg.Exec(ctx, `rollback`).ReadAll() // on failure, the pool closes the connection, and PostgreSQL rolls back
	}
	b.conn.Release()
	b.conn = nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
