package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The log is the list of leaves of a Merkle tree as in RFC 6962 (SHA-256). The leaf of the record
// at position p, which has index p-1, is 40 bytes:
//
//	position (8 bytes, big-endian) ‖ hash of the record (32 bytes)
//
// The hash, see [eventstore.Record.Sum], covers the exact bytes of the record and of all earlier
// records of its stream; the leaf adds the position. So a root covers every byte of the log and its
// order, and a proof does not reveal other records. Ranges can be joined only when they come from
// one factory.
var ranges = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// leafHash returns the hash of a record's leaf in the tree: SHA-256 of a zero byte and the leaf.
func leafHash(position int64, hash eventstore.Hash) []byte {
	leaf := make([]byte, 0, 8+len(hash))
	leaf = binary.BigEndian.AppendUint64(leaf, uint64(position)) //nolint:gosec // positions are positive
	return rfc6962.DefaultHasher.HashLeaf(append(leaf, hash[:]...))
}

// nodeHeight is the height of the lowest stored nodes: roots of complete subtrees of 256 records.
// Lower nodes are computed from the log on demand, with one short read.
const nodeHeight = 8

// appendLeaves extends a range with the leaves of the log up to a position, and visits the nodes
// that become complete. The error is [ErrTampered] when a record is missing.
func appendLeaves(
	ctx context.Context, from eventstore.Querier, to *compact.Range, upTo int64, visit compact.VisitFn,
) error {
	const page = 100_000
	for end(to) < upTo {
		next := min(end(to)+page, upTo)
		var (
			position int64
			hash     []byte
		)
		rows, _ := from.Query(ctx, `
			select position, hash
			from event_log
			where position > $1 and position <= $2
			order by position`, end(to), next)
		_, err := pgx.ForEachRow(rows, []any{&position, &hash}, func() error {
			if position != end(to)+1 {
				return missingRecord(end(to) + 1)
			}
			return to.Append(leafHash(position, eventstore.Hash(hash)), visit)
		})
		if err != nil {
			return err
		}
		if end(to) < next {
			return missingRecord(end(to) + 1)
		}
	}
	return nil
}

var errMissing = errors.New("a record is missing")

func missingRecord(position int64) error {
	return fmt.Errorf("%w: %w: position %d", ErrTampered, errMissing, position)
}

func end(tree *compact.Range) int64 { return int64(tree.End()) } //nolint:gosec // positions are int64

func rootOf(r *compact.Range) (root eventstore.Hash, err error) {
	if r.End() == 0 {
		copy(root[:], rfc6962.DefaultHasher.EmptyRoot())
		return root, nil
	}
	hash, err := r.GetRootHash(nil)
	copy(root[:], hash)
	return root, err
}

// joinHashes and splitHashes encode and decode a stored compact range.
func joinHashes(hashes [][]byte) []byte {
	var b []byte
	for _, h := range hashes {
		b = append(b, h...)
	}
	return b
}

func splitHashes(b []byte) (hashes [][]byte, err error) {
	const size = len(eventstore.Hash{})
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%d bytes are not hashes", len(b))
	}
	for ; len(b) > 0; b = b[size:] {
		hashes = append(hashes, b[:size:size])
	}
	return hashes, nil
}
