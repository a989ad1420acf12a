package engine

import (
	"github.com/jackc/pgx/v5"
)

// rangeSize is how many positions are counted together. It is part of what is stored.
const rangeSize = 10_000

// appliedRanges counts and hashes applied records by ranges of positions. The key is the first
// position of a range. The sums do not depend on the order of the records.
type appliedRanges map[int64]rangeSum

type rangeSum struct {
	records int64
	hash    uint64
}

// sum is that of one range and one read model.
type sum struct {
	name  string
	first int64
	rangeSum
}

func (a appliedRanges) add(position int64, hash uint64) {
	first := (position-1)/rangeSize*rangeSize + 1
	sum := a[first]
	a[first] = rangeSum{sum.records + 1, sum.hash ^ hash}
}

const (
	addSumsSQL     = `insert into applied_ranges as a (projection, first_position, records, hash) `
	addToStoredSQL = `
		on conflict (projection, first_position) do update
			set records = a.records + excluded.records, hash = a.hash # excluded.hash`
)

// queue adds the sums to those stored for the read model called name. See [Verify].
func (a appliedRanges) queue(b *pgx.Batch, name string) {
	if len(a) == 1 { // a page that is short
		for first, sum := range a {
			b.Queue(addSumsSQL+`values ($1, $2, $3, $4)`+addToStoredSQL,
				name, first, sum.records, int64(sum.hash)) //nolint:gosec // the same bits
		}
		return
	}
	var firsts, records, hashes []int64
	for first, sum := range a {
		firsts, records = append(firsts, first), append(records, sum.records)
		hashes = append(hashes, int64(sum.hash)) //nolint:gosec // the same bits
	}
	b.Queue(addSumsSQL+`select $1, * from unnest($2::bigint[], $3::bigint[], $4::bigint[])`+addToStoredSQL,
		name, firsts, records, hashes)
}
