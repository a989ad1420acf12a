package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// The savepoint is set after the read: its portal takes the place of the query's, which otherwise holds a snapshot all the
	// delay, and vacuum up with it.
	savepointSQL = `savepoint undecided`
	// The unread records of many streams, and before them the record at the version that is known of each, without its content:
	// it must still be there, with the same hash.
	newsSQL = `
		select r.position, r.stream_id, r.version, r.type, r.schema_version, r.data::text, r.metadata::text, r.recorded_at, r.hash
		from unnest($1::uuid[], $2::int[]) as known (stream_id, version)
		cross join lateral (
			select position, stream_id, version, type, schema_version, recorded_at, hash,
				case when version > known.version then data end as data,
				case when version > known.version then metadata end as metadata
			from event_log l
			where l.stream_id = known.stream_id and l.version >= known.version
			order by l.version
			limit $3
		) r`
	// A stream with more news than this is read in several turns, so that no statement takes long. What has been read stays in
	// the cache, even if the batch runs out of time.
	newsLimit = 5_000
	headSQL   = `select position from log_head`
	// Whoever holds this lock and then freezes would hold up everyone who appends.
	hurrySQL = `set local idle_in_transaction_session_timeout = '2s'`
	lockSQL  = `select from log_head for update`
	// Without a synchronous standby there is nothing to wait for, and no lock to take: what others
	// see is on disk.
	replicationSQL = `select from log_head where current_setting('synchronous_standby_names') <> '' for update`
	// A lost append is committed when all its records stand in the log one after the other. One of them could also have come
	// from another process that was given the same command.
	outcomeSQL = `
		select min(l.position - r.n)
		from unnest($1::uuid[], $2::int[], $3::bytea[]) with ordinality as r (stream_id, version, hash, n)
		cross join lateral (
			select position from event_log l
			where l.stream_id = r.stream_id and l.version = r.version and l.hash = r.hash
		) l
		having count(*) = cardinality($1::uuid[]) and min(l.position - r.n) = max(l.position - r.n)`
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
		err = b.begin(ctx)
		if err == nil || !b.drop() || pause > 100*time.Millisecond {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (b *batch[S, R]) begin(ctx context.Context) error {
	b.keys, b.broken = nil, nil // another connection can lead to another server
	news := &pgx.Batch{}
	news.Queue(`begin`)
	if b.lane.delay > 0 { // before the news, which so contain all of it
		news.Queue(headSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&b.seen) })
	}
	return b.exchange(ctx, news, savepointSQL)
}

// isAlone tells whether nobody else has appended anything since the batch was opened.
func (b *batch[S, R]) isAlone(ctx context.Context) (alone bool, err error) {
	q, e := &pgx.Batch{}, b.executor
	q.Queue(headSQL).QueryRow(func(row pgx.Row) error {
		var head int64
		err := row.Scan(&head)
		alone = head == b.seen || head == e.ownTo && b.seen >= e.ownFrom
		return err
	})
	return alone, b.send(ctx, q)
}

// lock takes the head row's lock, which no one else can append without, and then reads: what became of lost plans, and the news.
func (b *batch[S, R]) lock(ctx context.Context) (committed *plan[S, R], base int64, err error) {
	q := &pgx.Batch{}
	q.Queue(hurrySQL)
	q.Queue(lockSQL)
	for _, p := range b.lost {
		q.Queue(outcomeSQL, outcomeArgs(p.records)...).QueryRow(func(row pgx.Row) error {
			at, err := scanBase(row)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			committed, base = p, at
			return err
		})
	}
	b.news = 0
	if err := b.exchange(ctx, q); err != nil {
		return nil, 0, err
	}
	b.locked = true
	b.noteCompany()
	return committed, base, nil
}

// noteCompany remembers whether others have appended since the batch read first. It runs under the lock, one batch at a time.
func (b *batch[S, R]) noteCompany() {
	company := &b.executor.company
	switch {
	case b.news > 0:
		company.Store(companyStays)
	case company.Load() > 0:
		company.Add(-1)
	}
}

func outcomeArgs(records []Record) []any {
	args := appendArgs(records)
	return []any{args[0], args[1], args[len(args)-1]}
}

// exchange sends q, the queries for news and for keys, and then the statements of after in one message, and folds the news. Streams that the process
// does not know take one message more, for their snapshots, and long news several.
func (b *batch[S, R]) exchange(ctx context.Context, q *pgx.Batch, after ...string) error {
	ids, versions := b.known()
	if cold := coldOnes(ids, versions); !b.recalled && len(cold) > 0 && b.executor.model.Restore != nil {
		q.Queue(snapshotsSQL, cold).Query(b.restore)
		if err := b.send(ctx, q); err != nil {
			return err
		}
		q = &pgx.Batch{}
		ids, versions = b.known()
	}
	b.recalled = true
	for {
		q.Queue(newsSQL, ids, versions, newsLimit).Query(b.fold)
		b.queueKeys(q)
		for _, sql := range after {
			q.Queue(sql)
		}
		if err := b.send(ctx, q); err != nil || !b.hasMore(ids, versions) {
			return err
		}
		q = &pgx.Batch{}
		ids, versions = b.known()
	}
}

func coldOnes(ids [][16]byte, versions []int32) (cold [][16]byte) {
	for i, version := range versions {
		if version == 0 {
			cold = append(cold, ids[i])
		}
	}
	return cold
}

// hasMore tells whether a stream gave as much news as it was asked for, or has to be read from its start.
func (b *batch[S, R]) hasMore(ids [][16]byte, versions []int32) bool {
	for i, id := range ids {
		known, read := int(versions[i]), b.streams[id].version
		if b.broken[id] == nil && (read-known >= newsLimit-1 || read < known) {
			return true
		}
	}
	return false
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

// fold brings the streams up to date with the records of rows. A stream with a record that can't be read is broken, and stays as it was.
// A stream whose known record is not there any more starts from nothing.
func (b *batch[S, R]) fold(rows pgx.Rows) error {
	news := map[uuid.UUID]*newsOf[R]{}
	isThere := make(map[uuid.UUID]bool, len(b.streams))
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return err
		}
		s := b.streams[r.StreamID]
		if r.Version == s.version {
			isThere[r.StreamID] = r.Hash == s.hash
			continue
		}
		n := news[r.StreamID]
		if n == nil {
			n = &newsOf[R]{end: s.tail}
			news[r.StreamID] = n
		}
		n.add(r, b.executor.model.Codec)
		b.news++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for id, s := range b.streams {
		if s.version > 0 && !isThere[id] {
			b.executor.options.Logger.Error("the log has another history than before: the stream is read anew", "stream", id, "version", s.version)
			b.executor.cache.drop(id)
			*s = stream[S]{}
			delete(news, id)
		}
	}
	for id, n := range news {
		s := b.streams[id]
		if n.err == nil {
			n.err = guarded(func() error { s.state = b.executor.model.Evolve(s.state, n.values...); return nil })
		}
		if n.err != nil {
			if b.broken == nil {
				b.broken = map[uuid.UUID]error{}
			}
			b.broken[id] = fmt.Errorf("read version %d of stream %s: %w", n.end.version+1, id, n.err)
			continue
		}
		s.tail, s.position = n.end, n.position
	}
	b.keep(b.streams)
	return nil
}

// newsOf are the records of one stream that were not known.
type newsOf[R any] struct {
	values   []R
	end      tail // of the stream, with them
	position int64
	err      error
}

func (n *newsOf[R]) add(r Record, codec Codec[R]) {
	if n.err != nil {
		return
	}
	n.err = guarded(func() error {
		if r.Version != n.end.version+1 {
			return errors.New("it is missing")
		}
		value, err := codec.Decode(r.Type, r.SchemaVersion, r.Data)
		if err == nil {
			n.values, n.end, n.position = append(n.values, value), tailOf(r), r.Position
		}
		return err
	})
}

// guarded makes a panic of the caller's model an error of the stream that it is about.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do()
}

// commit appends the records of the plan with their keys and commits, in one message. Once
// PostgreSQL has answered the COMMIT without a warning, it does not matter what happens to the
// connection.
func (b *batch[S, R]) commit(ctx context.Context, p *plan[S, R]) (base int64, err error) {
	q, committed := &pgx.Batch{}, false
	sql, args := appendSQL, appendArgs(p.records)
	if len(p.keys) > 0 {
		sql, args = appendWithKeysSQL, append(args, keyArgs(p.keys)...)
	}
	pg := b.conn.Conn().PgConn()
	q.Queue(sql, args...).QueryRow(func(row pgx.Row) (err error) {
		base, err = scanBase(row)
		takeWarning(pg) // only what is said of the COMMIT counts
		return err
	})
	q.Queue(`commit`).Exec(func(pgconn.CommandTag) error {
		committed = true
		return nil
	})
	if err := b.send(ctx, q); !committed {
		return 0, err
	}
	return base, b.checkWarning(ctx)
}

var errNotReplicated = errors.New("PostgreSQL has committed, and warned that the synchronous standby may not have it")

// checkWarning treats a COMMIT that came with a warning like one without an answer: it closes the
// connection. PostgreSQL warns when somebody has ended the wait for the standby, for example with
// pg_cancel_backend.
func (b *batch[S, R]) checkWarning(ctx context.Context) error {
	if !takeWarning(b.conn.Conn().PgConn()) {
		return nil
	}
	_ = b.conn.Conn().Close(ctx)
	return errNotReplicated
}

// awaitReplication commits the transaction. When it returns nil, a synchronous standby has
// everything that the transaction has read. Records can be visible before that: after a restart of
// the primary, or when somebody has ended the wait of their COMMIT. A COMMIT waits for the standby
// only if its transaction has written something; a row lock is enough. It is the head row's, so
// that at most one connection waits for a standby that is away, and the others fail with
// lock_timeout.
func (b *batch[S, R]) awaitReplication(ctx context.Context) error {
	q, committed := &pgx.Batch{}, false
	pg := b.conn.Conn().PgConn()
	q.Queue(replicationSQL).Exec(func(pgconn.CommandTag) error {
		takeWarning(pg)
		return nil
	})
	q.Queue(`commit`).Exec(func(pgconn.CommandTag) error {
		committed = true
		return nil
	})
	if err := b.send(ctx, q); !committed {
		return err
	}
	b.locked = false
	return b.checkWarning(ctx)
}

// send carries a message out. Should nothing ever come back on this connection, there must be time left to try another one.
func (b *batch[S, R]) send(ctx context.Context, q *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, b.executor.options.Patience*3/5)
	defer cancel()
	return b.conn.SendBatch(ctx, q).Close()
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
	b.locked = false
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
