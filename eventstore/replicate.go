package eventstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// GapError says that records are missing between the end of the log and those that were to be added.
type GapError struct {
	Head int64 // of the log
	Next int64 // the position that came, and should have been Head+1
}

func (e *GapError) Error() string {
	return fmt.Sprintf("the log ends at position %d, and position %d came next", e.Head, e.Next)
}

// ForeignError says that a record does not continue the log: it was changed on its way, or is of another log.
type ForeignError struct {
	Position int64
	Reason   string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("position %d is not of this log: %s", e.Position, e.Reason)
}

// Replicate adds records of another log as they are: with their positions, versions, times and hashes, in the order of that log.
// Those that are here already are compared and left out, so that records may come again. Each must continue the log and the hash chain of
// its stream; from the first that doesn't, nothing is added, and the error is a [*GapError] or a [*ForeignError]. head is where the log
// then ends.
func (l *Log) Replicate(ctx context.Context, records []Record) (head int64, err error) {
	var refused error
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, hurrySQL); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, headSQL+` for update`).Scan(&head); err != nil {
			return err
		}
		known := 0
		for known < len(records) && records[known].Position <= head {
			known++
		}
		if refused, err = sameHashes(ctx, tx, records[:known]); err != nil || refused != nil {
			return err
		}
		tails, err := tailsOf(ctx, tx, records[known:])
		if err != nil {
			return err
		}
		var next []Record
		next, refused = following(head, tails, records[known:])
		if len(next) == 0 {
			return nil
		}
		base, err := scanBase(tx.QueryRow(ctx, appendSQL, appendArgs(next)...))
		if err == nil && base != head {
			err = fmt.Errorf("the log moved to %d under its lock", base)
		}
		head = next[len(next)-1].Position
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("replicate %d records: %w", len(records), err)
	}
	return head, refused
}

// sameHashes compares records with those that the log has at their positions.
func sameHashes(ctx context.Context, tx pgx.Tx, records []Record) (refused, err error) {
	if len(records) == 0 {
		return nil, nil
	}
	positions := make([]int64, len(records))
	came := make(map[int64]Hash, len(records))
	for i := range records {
		positions[i], came[records[i].Position] = records[i].Position, records[i].Hash
	}
	var position int64
	var hash Hash
	rows, _ := tx.Query(ctx, `select position, hash from event_log where position = any($1) order by position`, positions)
	_, err = pgx.ForEachRow(rows, []any{&position, (*hashScanner)(&hash)}, func() error {
		if refused == nil && came[position] != hash {
			refused = &ForeignError{position, "the log has another record there"}
		}
		return nil
	})
	return refused, err
}

// tailsOf reads the ends of the streams that the records belong to.
func tailsOf(ctx context.Context, tx pgx.Tx, records []Record) (map[uuid.UUID]Tail, error) {
	tails := make(map[uuid.UUID]Tail)
	var ids [][16]byte
	for i := range records {
		if _, seen := tails[records[i].StreamID]; !seen {
			tails[records[i].StreamID] = Tail{}
			ids = append(ids, records[i].StreamID)
		}
	}
	var id [16]byte
	var at Tail
	rows, _ := tx.Query(ctx, `
		select s.id, l.version, l.hash
		from unnest($1::uuid[]) as s (id)
		cross join lateral (
			select version, hash from event_log where stream_id = s.id order by version desc limit 1
		) l`, ids)
	_, err := pgx.ForEachRow(rows, []any{&id, &at.Version, (*hashScanner)(&at.Hash)}, func() error { tails[id] = at; return nil })
	return tails, err
}

// following are the records up to the first that does not continue the log.
func following(head int64, tails map[uuid.UUID]Tail, records []Record) ([]Record, error) {
	for i := range records {
		r := &records[i]
		at := tails[r.StreamID]
		switch {
		case r.Position != head+1:
			return records[:i], &GapError{head, r.Position}
		case r.Version != at.Version+1:
			return records[:i], &ForeignError{r.Position, fmt.Sprintf("version %d of stream %s came after version %d", r.Version, r.StreamID, at.Version)}
		case r.Hash != r.Sum(at.Hash):
			return records[:i], &ForeignError{r.Position, "its hash does not follow from the record and the hash before it"}
		}
		head = r.Position
		tails[r.StreamID] = tailOf(r)
	}
	return records, nil
}
