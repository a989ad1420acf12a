package audit

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/compact"

	"github.com/boxoffice/boxoffice/eventstore"
)

// order goes through the log in its order: positions are complete, and roots are those of the
// checkpoints. It needs a few hundred bytes, however long the log is.
type order struct {
	last     int64 // position
	tree     *compact.Range
	treeLost bool    // a position was missing
	sizes    []int64 // tree sizes to call onRoot at, ascending
	onRoot   func(size int64, root eventstore.Hash) error
}

func newOrder() *order { return &order{tree: ranges.NewEmptyRange(0)} }

// add appends a record to the tree. After a missing one the tree is lost.
func (o *order) add(position int64, hash eventstore.Hash) error {
	o.treeLost = o.treeLost || position != o.last+1
	o.last = position
	if o.treeLost {
		return nil
	}
	if err := o.tree.Append(leafHash(position, hash), nil); err != nil {
		return err
	}
	if _, wanted := slices.BinarySearch(o.sizes, position); !wanted {
		return nil
	}
	root, err := rootOf(o.tree)
	if err != nil {
		return err
	}
	return o.onRoot(position, root)
}

// scan adds the records up to a position. It calls missing for each gap, and read after each page.
func (o *order) scan(ctx context.Context, from eventstore.Querier, upTo int64, missing func(Finding),
	read func() error) error {
	const page = 100_000
	for at := o.last; at < upTo; at += page {
		rows, err := from.Query(ctx, `
			select position, hash
			from event_log
			where position > $1 and position <= $2
			order by position`, pgx.QueryResultFormats{pgx.BinaryFormatCode}, at, min(at+page, upTo))
		if err != nil {
			return err
		}
		for rows.Next() {
			v := rows.RawValues()
			position := int64(binary.BigEndian.Uint64(v[0])) //nolint:gosec // as PostgreSQL sends it
			if position != o.last+1 {
				missing(missingPositions(o.last+1, position-1))
			}
			if err := o.add(position, eventstore.Hash(v[1])); err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func missingPositions(first, last int64) Finding {
	detail := fmt.Sprintf("positions %d to %d are missing", first, last)
	if first == last {
		detail = fmt.Sprintf("position %d is missing", first)
	}
	return Finding{Check: CheckPosition, Position: first, Detail: detail}
}
