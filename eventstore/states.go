package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// The unread records of many streams, and before them the record at the version that is known of
	// each, without its content: it must still be there, with the same hash.
	unreadSQL = `
		select r.position, r.stream_id, r.version, r.type, r.schema_version, r.data::text, r.metadata::text,
			r.recorded_at, r.hash
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
	// A stream with more unread records than this is read in several statements, so that none takes
	// long. What has been read stays in the cache, even if the batch runs out of time.
	unreadLimit = 5_000
)

// loader is what the batches of an executor share to read streams.
type loader[S, R any] struct {
	model     *Model[S, R]
	cache     *cache[S]
	snapshots *snapshotter[S, R]
	logger    *slog.Logger
}

// keep puts a committed state into the cache.
func (l *loader[S, R]) keep(id uuid.UUID, s *stream[S]) {
	l.snapshots.offer(id, s)
	l.cache.put(id, *s, l.model.Size(s.state))
}

// states reads the streams of one batch, and the keys of its commands.
type states[S, R any] struct {
	*loader[S, R]
	wanted []Key // of commands in the batch

	streams  map[uuid.UUID]*stream[S] // as last read
	broken   map[uuid.UUID]error      // streams that can't be read
	keys     map[Key]storedKey        // of commands that were executed before
	recalled bool                     // what the snapshots know is in streams
	unread   int                      // records that the last read brought
}

func newStates[S, R any](l *loader[S, R], calls []*call[S, R]) states[S, R] {
	s := states[S, R]{loader: l, streams: make(map[uuid.UUID]*stream[S], len(calls))}
	for _, c := range calls {
		if s.streams[c.StreamID] == nil {
			s.streams[c.StreamID] = &stream[S]{}
		}
		if c.Once != nil {
			s.wanted = append(s.wanted, c.Once.Key)
		}
	}
	return s
}

// takeCached brings the streams to the cache, where that is newer, and tells whether all are known.
func (s *states[S, R]) takeCached() (all bool) {
	all = true
	for id, known := range s.streams {
		if cached := s.cache.get(id); cached.Version > known.Version {
			*known = cached
		}
		all = all && known.Version > 0 && s.broken[id] == nil
	}
	return all
}

// forget drops what only the last connection's server vouches for: another connection can lead to
// another server.
func (s *states[S, R]) forget() { s.keys, s.broken = nil, nil }

// read sends q, the queries for unread records and for keys, and what finish adds, in one message,
// and brings the streams to what is committed. Streams that the process does not know take one
// message more, for their snapshots, and long ones several.
func (s *states[S, R]) read(ctx context.Context, t *transaction, q *pgx.Batch, finish func(*pgx.Batch)) error {
	s.unread = 0
	ids, versions := s.known()
	if cold := coldOnes(ids, versions); !s.recalled && len(cold) > 0 && s.model.Restore != nil {
		q.Queue(snapshotsSQL, cold).Query(s.restore)
		if err := t.send(ctx, q); err != nil {
			return err
		}
		q = &pgx.Batch{}
		ids, versions = s.known()
	}
	s.recalled = true
	for {
		q.Queue(unreadSQL, ids, versions, unreadLimit).Query(s.fold)
		s.queueKeys(q)
		if finish != nil {
			finish(q)
		}
		if err := t.send(ctx, q); err != nil || !s.hasMore(ids, versions) {
			return err
		}
		q = &pgx.Batch{}
		ids, versions = s.known()
	}
}

// queueKeys looks keys up. It must come after the query for unread records: a state that shows a
// command's effect must not be known without its key.
func (s *states[S, R]) queueKeys(q *pgx.Batch) {
	if len(s.wanted) == 0 {
		return
	}
	owners, names := make([][16]byte, len(s.wanted)), make([]string, len(s.wanted))
	for i, k := range s.wanted {
		owners[i], names[i] = k.Owner, k.Name
	}
	q.Queue(keysSQL, owners, names).Query(func(rows pgx.Rows) error {
		if s.keys == nil {
			s.keys = map[Key]storedKey{}
		}
		return scanKeys(rows, s.keys)
	})
}

func coldOnes(ids [][16]byte, versions []int32) (cold [][16]byte) {
	for i, version := range versions {
		if version == 0 {
			cold = append(cold, ids[i])
		}
	}
	return cold
}

// hasMore tells whether a stream gave as many records as it was asked for, or has to be read from
// its start.
func (s *states[S, R]) hasMore(ids [][16]byte, versions []int32) bool {
	for i, id := range ids {
		known, read := int(versions[i]), s.streams[id].Version
		if s.broken[id] == nil && (read-known >= unreadLimit-1 || read < known) {
			return true
		}
	}
	return false
}

// known lists the streams of the batch with their versions in the cache or, where that is newer, as
// the batch has read them.
func (s *states[S, R]) known() (ids [][16]byte, versions []int32) {
	s.takeCached()
	for id, known := range s.streams {
		ids, versions = append(ids, id), append(versions, int32(known.Version)) //nolint:gosec // the column is an int
	}
	return ids, versions
}

// restore starts streams from their snapshots. One that can't be used is passed over: the log has
// everything.
func (s *states[S, R]) restore(rows pgx.Rows) error {
	for rows.Next() {
		id, restored, refused, err := s.snapshots.scanSnapshot(rows)
		if err != nil {
			return err
		}
		if refused != nil {
			s.logger.Warn("a snapshot was not used", "stream", id, "version", restored.Version, "error", refused)
			continue
		}
		*s.streams[id] = restored
	}
	return rows.Err()
}

// fold brings the streams up to date with the records of rows. A stream with a record that can't be
// read is broken, and stays as it was. A stream whose known record is not there any more starts
// from nothing.
func (s *states[S, R]) fold(rows pgx.Rows) error {
	unread, isThere, err := s.collect(rows)
	if err != nil {
		return err
	}
	for id, known := range s.streams {
		if known.Version > 0 && !isThere[id] {
			s.logger.Error("the log has another history than before: the stream is read again",
				"stream", id, "version", known.Version)
			s.cache.drop(id)
			*known = stream[S]{}
			delete(unread, id)
		}
	}
	for id, u := range unread {
		if err := s.evolve(s.streams[id], u); err != nil {
			if s.broken == nil {
				s.broken = map[uuid.UUID]error{}
			}
			s.broken[id] = fmt.Errorf("read version %d of stream %s: %w", u.end.Version+1, id, err)
		}
	}
	for id, known := range s.streams {
		if s.broken[id] == nil {
			s.keep(id, known)
		}
	}
	return nil
}

// collect sorts the rows by stream. isThere tells whether the record at the known version has the
// known hash.
func (s *states[S, R]) collect(rows pgx.Rows) (
	unread map[uuid.UUID]*unreadRecords[R], isThere map[uuid.UUID]bool, err error,
) {
	unread, isThere = map[uuid.UUID]*unreadRecords[R]{}, make(map[uuid.UUID]bool, len(s.streams))
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, nil, err
		}
		known := s.streams[r.StreamID]
		if r.Version == known.Version {
			isThere[r.StreamID] = r.Hash == known.Hash
			continue
		}
		u := unread[r.StreamID]
		if u == nil {
			u = &unreadRecords[R]{end: known.Tail}
			unread[r.StreamID] = u
		}
		u.add(&r, s.model.Codec)
		s.unread++
	}
	return unread, isThere, rows.Err()
}

func (s *states[S, R]) evolve(known *stream[S], u *unreadRecords[R]) error {
	if u.err != nil {
		return u.err
	}
	return guarded(func() error {
		known.state = s.model.Evolve(known.state, u.values...)
		known.Tail, known.position = u.end, u.position
		return nil
	})
}

// unreadRecords are the records of one stream that were not known.
type unreadRecords[R any] struct {
	values   []R
	end      Tail // of the stream, with them
	position int64
	err      error
}

func (u *unreadRecords[R]) add(r *Record, codec Codec[R]) {
	if u.err != nil {
		return
	}
	u.err = guarded(func() error {
		if r.Version != u.end.Version+1 {
			return errors.New("it is missing")
		}
		value, err := codec.Decode(r.Type, r.SchemaVersion, r.Data)
		if err == nil {
			u.values, u.end, u.position = append(u.values, value), tailOf(r), r.Position
		}
		return err
	})
}
