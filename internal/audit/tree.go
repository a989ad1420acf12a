package audit

import (
	"encoding/binary"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The log is the list of leaves of a Merkle tree as in RFC 6962 (SHA-256). The leaf of the record
// at position p, which has index p-1, is 40 bytes:
//
//	position (8 bytes, big-endian) ‖ hash of the record (32 bytes)
//
// The hash, see [eventstore.Record.Sum], covers the exact bytes of the record and, through the hash
// before it, those of all earlier records of its stream. The position, which it does not cover, is
// in the leaf. So a root stands for every byte of the log and for its order, and a proof can be
// handed out without showing anybody else's records.
var (
	hasher = rfc6962.DefaultHasher
	ranges = &compact.RangeFactory{Hash: hasher.HashChildren}
)

// LeafHash is the hash of a record's leaf in the tree: SHA-256 over a zero byte and the leaf.
func LeafHash(position int64, hash eventstore.Hash) []byte {
	leaf := make([]byte, 0, 8+len(hash))
	leaf = binary.BigEndian.AppendUint64(leaf, uint64(position)) //nolint:gosec // positions are positive
	return hasher.HashLeaf(append(leaf, hash[:]...))
}

// nodeHeight is the height of the lowest nodes that are stored: roots of complete subtrees of 256
// records. What is below is computed from the log when it is needed, which is one short read.
const nodeHeight = 8

func rootOf(r *compact.Range) (root eventstore.Hash, err error) {
	if r.End() == 0 {
		copy(root[:], hasher.EmptyRoot())
		return root, nil
	}
	hash, err := r.GetRootHash(nil)
	copy(root[:], hash)
	return root, err
}

// joinHashes and splitHashes are the stored form of a compact range.
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
