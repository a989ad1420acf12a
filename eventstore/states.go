package eventstore

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// states reads the streams of one batch, and the keys of its commands.
type states[S, R any] struct {
	unread[S, R]
	wanted []Key             // of commands in the batch
	keys   map[Key]storedKey // of commands that were executed before
}

func newStates[S, R any](l *store[S, R], calls []*call[S, R]) states[S, R] {
	s := states[S, R]{unread: unread[S, R]{store: l, streams: make(map[uuid.UUID]*stream[S], len(calls))}}
	for _, c := range calls {
		known := s.streams[c.StreamID]
		if known == nil {
			known = &stream[S]{}
			s.streams[c.StreamID] = known
		}
		if c.loaded != nil && c.loaded.Version > known.Version {
			*known = *c.loaded
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
// and brings the streams to what is committed. Those with many unread records take several messages.
func (s *states[S, R]) read(ctx context.Context, t *transaction, q *pgx.Batch, finish func(*pgx.Batch)) error {
	s.takeCached()
	s.records = 0
	ids := make([]uuid.UUID, 0, len(s.streams))
	for id := range s.streams {
		ids = append(ids, id)
	}
	for {
		var more []uuid.UUID
		s.queue(q, ids, unreadLimit, &more)
		s.queueKeys(q)
		if finish != nil {
			finish(q)
		}
		err := t.send(ctx, q)
		s.keepRead(ids, more, err)
		if err != nil || len(more) == 0 {
			return err
		}
		q, ids = &pgx.Batch{}, more
	}
}

// keepRead caches what was read of some streams. After an error, and of those that have more, it is
// not the whole history.
func (s *states[S, R]) keepRead(ids, more []uuid.UUID, err error) {
	for _, id := range ids {
		if s.broken[id] == nil {
			s.keep(id, s.streams[id], err == nil && !slices.Contains(more, id))
		}
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
