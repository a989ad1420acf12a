package projections

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// fact is all that a projection sees of a record, and the same whether it arrives live or in a rebuild.
type fact struct {
	Position   int64
	StreamID   uuid.UUID
	Version    int
	RecordedAt time.Time
	Value      domain.Record

	hash uint64 // the beginning of the record's
}

func factOf(r *eventstore.Record) (fact, error) {
	value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		return fact{}, fmt.Errorf("position %d: %w", r.Position, err)
	}
	return fact{r.Position, r.StreamID, r.Version, r.RecordedAt, value, binary.BigEndian.Uint64(r.Hash[:])}, nil
}

func factsOf(records []eventstore.Record) ([]fact, error) {
	facts := make([]fact, len(records))
	for i := range records {
		var err error
		if facts[i], err = factOf(&records[i]); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// rangeSize is how many positions are counted together. It is part of what is stored.
const rangeSize = 10_000

// tally counts and hashes facts by ranges of positions, named by their first. Order doesn't matter, so it can be added up.
type tally map[int64]rangeSum

type rangeSum struct {
	records int64
	hash    uint64
}

func (t tally) add(facts []fact) {
	for i := range facts {
		first := (facts[i].Position-1)/rangeSize*rangeSize + 1
		sum := t[first]
		t[first] = rangeSum{sum.records + 1, sum.hash ^ facts[i].hash}
	}
}

// queue adds the tally to what the projection called name has applied.
func (t tally) queue(b *pgx.Batch, name string) {
	var firsts, records, hashes []int64
	for first, sum := range t {
		firsts, records, hashes = append(firsts, first), append(records, sum.records), append(hashes, int64(sum.hash)) //nolint:gosec // the same bits
	}
	b.Queue(`
		insert into applied_ranges as a (projection, first_position, records, hash)
		select $1, * from unnest($2::bigint[], $3::bigint[], $4::bigint[])
		on conflict (projection, first_position) do update
			set records = a.records + excluded.records, hash = a.hash # excluded.hash`, name, firsts, records, hashes)
}
