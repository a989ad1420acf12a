package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// rowSet holds the rows that records change.
type rowSet[Row, V any] struct {
	table            *Table[Row, V]
	byKey            map[uuid.UUID]*Row
	created, fetched []*Row // by the records, and from the database; in the order in which they came
	before           []Row  // fetched, as they were; none if they are many
	arena            []Row
}

func (t *Table[Row, V]) newRowSet() *rowSet[Row, V] {
	return &rowSet[Row, V]{table: t, byKey: make(map[uuid.UUID]*Row)}
}

// arenaSize is how many rows are allocated together at most: as many as there are already. Millions
// of small objects would keep the garbage collector busy, and so would room for hundreds of rows
// where one booking changes two.
const arenaSize = 256

func (s *rowSet[Row, V]) add(key uuid.UUID) *Row {
	if len(s.arena) == 0 {
		s.arena = make([]Row, min(max(1, len(s.byKey)), arenaSize))
	}
	row := &s.arena[0]
	s.arena = s.arena[1:]
	s.byKey[key] = row
	return row
}

// missing adds the rows that the records create, and returns the keys of those that must exist
// already.
func (s *rowSet[Row, V]) missing(records []Record[V]) (keys [][16]byte) {
	wanted := make(map[uuid.UUID]bool)
	for i := range records {
		key, creates, ok := s.table.Key(&records[i])
		if !ok || s.byKey[key] != nil || wanted[key] {
			continue
		}
		if creates {
			s.created = append(s.created, s.add(key))
		} else {
			wanted[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// rowCache keeps rows as a delivery has left them. They hold while it has its lease, because nobody
// else writes to the read model.
type rowCache struct{ rows map[uuid.UUID]any }

// cachedRows bounds a cache. When it is full it starts anew.
const cachedRows = 1_000

func (c *rowCache) clear() {
	if c != nil {
		clear(c.rows)
	}
}

// recall adds rows that are cached, and returns the keys of the others.
func (s *rowSet[Row, V]) recall(c *rowCache, keys [][16]byte) (missing [][16]byte) {
	if c == nil {
		return keys
	}
	for _, key := range keys {
		cached, ok := c.rows[key].(Row)
		if !ok {
			missing = append(missing, key)
			continue
		}
		row := s.add(key)
		*row = cached
		s.fetched = append(s.fetched, row)
	}
	return missing
}

// remember caches the rows.
func (s *rowSet[Row, V]) remember(c *rowCache) {
	if c == nil {
		return
	}
	if c.rows == nil || len(c.rows)+len(s.byKey) > cachedRows {
		c.rows = make(map[uuid.UUID]any)
	}
	if len(s.byKey) > cachedRows {
		return
	}
	for key, row := range s.byKey {
		c.rows[key] = *row
	}
}

// fetch reads rows of the read model called name.
func (s *rowSet[Row, V]) fetch(ctx context.Context, from querier, name string, keys [][16]byte) error {
	if len(keys) == 0 {
		return nil
	}
	rows, _ := from.Query(ctx, `select `+s.table.ColumnList("")+` from `+name+` where id = any($1)`, keys)
	fetched, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Row, error) {
		var r Row
		fields := s.table.Fields(&r)
		if err := Scan(row, fields...); err != nil {
			return nil, err
		}
		kept := s.add(*fields[0].(*uuid.UUID))
		*kept = r
		return kept, nil
	})
	if err != nil {
		return fmt.Errorf("load rows: %w", err)
	}
	s.fetched = append(s.fetched, fetched...)
	for _, key := range keys {
		if s.byKey[key] == nil {
			return fmt.Errorf("%s has no row %s", name, uuid.UUID(key))
		}
	}
	return nil
}

// keepBefore keeps rows as they are before the records change them, if they are few.
func (s *rowSet[Row, V]) keepBefore() {
	if len(s.fetched) > fewRows {
		return
	}
	for _, row := range s.fetched {
		s.before = append(s.before, *row)
	}
}

func (s *rowSet[Row, V]) reduce(records []Record[V]) (countChanges bool) {
	for i := range records {
		if key, _, ok := s.table.Key(&records[i]); ok {
			s.table.Reduce(s.byKey[key], &records[i])
			countChanges = countChanges || s.table.InvalidatesCount != nil && s.table.InvalidatesCount(records[i].Value)
		}
	}
	return countChanges
}
