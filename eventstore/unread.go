package eventstore

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// The unread records of many streams, and before them the record at the version that is known of
	// each, without its content: it must still be there, with the same hash.
	unreadSQL = `
		select r.position, r.stream_id, r.version, r.type, r.schema_version, r.data, null::json as metadata,
			r.recorded_at, r.hash
		from unnest($1::uuid[], $2::int[]) as known (stream_id, version)
		cross join lateral (
			select position, stream_id, version, type, schema_version, recorded_at, hash,
				case when version > known.version then data end as data
			from event_log l
			where l.stream_id = known.stream_id and l.version >= known.version
			order by l.version
			limit $3
		) r`
	// unreadLimit is how many records a statement reads, over all its streams. What is longer is read
	// in several statements, so that none takes long, and what one has read is kept if the next fails.
	unreadLimit = 5_000
	// longLimit is the same for a statement that reads one long stream, after which others go ahead. It
	// is larger because one fold of many records is several times as quick as many of few.
	longLimit = 60_000
)

// store is what an executor knows of streams, and how it reads them.
type store[S, R any] struct {
	model     *Model[S, R]
	cache     *cache[S]
	snapshots *snapshotter[S, R]
	logger    *slog.Logger
	loading   atomic.Int32 // streams that are being loaded, or wait for it
}

// keep puts a committed state into the cache. current tells that it was the newest one just now.
// While many streams wait to be loaded, only a long one gets a snapshot: writing them takes a good
// part of the time that reading does. The others stay due.
func (s *store[S, R]) keep(id uuid.UUID, known *stream[S], current bool) {
	if s.loading.Load() <= longLoads || known.Version-known.snapshot >= snapshotStep {
		s.snapshots.offer(id, known)
	}
	s.cache.put(id, *known, s.model.Size(known.state), current)
}

// unread reads what some streams have in the log beyond their states.
type unread[S, R any] struct {
	*store[S, R]
	streams map[uuid.UUID]*stream[S] // as last read
	broken  map[uuid.UUID]error      // streams that can't be read
	records int                      // that were read
}

// queue adds the query for the unread records of some streams to a message, limit records in all. Its
// answer brings the streams up to date, and gives to more those that may have further records.
func (u *unread[S, R]) queue(q *pgx.Batch, ids []uuid.UUID, limit int, more *[]uuid.UUID) {
	streams, versions := make([][16]byte, len(ids)), make([]int32, len(ids))
	for i, id := range ids {
		streams[i], versions[i] = id, int32(u.streams[id].Version) //nolint:gosec // the column is an int
	}
	limit = max(2, limit/max(1, len(ids))) // each stream gives its known record, and one more at least
	q.Queue(unreadSQL, streams, versions, limit).Query(func(rows pgx.Rows) error {
		read, err := u.fold(rows, ids)
		*more = nil
		for i, id := range ids {
			startAgain := u.streams[id].Version < int(versions[i])
			if u.broken[id] == nil && (read[id] >= limit || startAgain) {
				*more = append(*more, id)
			}
		}
		return err
	})
}

// fold brings the streams up to date with the records of rows, and counts how many rows each has. A
// stream with a record that can't be read is broken, and stays as it was. A stream whose known
// record is not there any more starts from nothing. When the rows end with an error, those that
// have arrived count.
func (u *unread[S, R]) fold(rows pgx.Rows, ids []uuid.UUID) (read map[uuid.UUID]int, err error) {
	histories := make(map[uuid.UUID]*history[R], len(ids))
	for _, id := range ids {
		histories[id] = &history[R]{known: u.streams[id].Tail, end: u.streams[id].Tail}
	}
	scanner := &scanner{types: make(map[string]string), borrow: true}
	for rows.Next() {
		r := scanner.record(rows.RawValues())
		histories[r.StreamID].add(&r, u.model.Codec)
	}
	err = rows.Err()
	read = make(map[uuid.UUID]int, len(ids))
	for id, h := range histories {
		read[id] = h.rows
		switch known := u.streams[id]; {
		case known.Version == 0 || h.isThere:
			u.records += len(h.values)
			u.evolve(id, known, h)
		case err == nil:
			u.logger.Error("the log has another history than before: the stream is read again",
				"stream", id, "version", known.Version)
			u.cache.drop(id)
			*known = stream[S]{}
		}
	}
	return read, err
}

func (u *unread[S, R]) evolve(id uuid.UUID, known *stream[S], h *history[R]) {
	err := h.err
	if err == nil && len(h.values) > 0 {
		err = guarded(func() error {
			known.state = u.model.Evolve(known.state, h.values...)
			known.Tail, known.position = h.end, h.position
			return nil
		})
	}
	if err != nil {
		if u.broken == nil {
			u.broken = map[uuid.UUID]error{}
		}
		u.broken[id] = fmt.Errorf("read version %d of stream %s: %w", h.end.Version+1, id, err)
	}
}

// history is what the rows of a statement say of one stream.
type history[R any] struct {
	known    Tail
	rows     int
	isThere  bool // the known record, with the known hash
	values   []R  // of the records after it
	end      Tail // of the stream, with them
	position int64
	err      error
}

func (h *history[R]) add(r *Record, codec Codec[R]) {
	h.rows++
	if h.rows == 1 && h.known.Version > 0 {
		h.isThere = r.Version == h.known.Version && r.Hash == h.known.Hash
		return
	}
	if h.err != nil {
		return
	}
	h.err = guarded(func() error {
		if r.Version != h.end.Version+1 {
			return errors.New("it is missing")
		}
		value, err := codec.Decode(r.Type, r.SchemaVersion, r.Data)
		if err == nil {
			h.values, h.end, h.position = append(h.values, value), tailOf(r), r.Position
		}
		return err
	})
}
