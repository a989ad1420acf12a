package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Receipt proves to somebody who has nothing but a public key that a record is in the log: its
// bytes give the hash, the hash and the position give the leaf, the path leads from the leaf to the
// root, and the checkpoint with this root is signed.
type Receipt struct {
	Record     Line     `json:"record"`
	LeafHash   string   `json:"leafHash" doc:"Hash of the record's leaf in the Merkle tree, in hexadecimal"`
	TreeSize   int64    `json:"treeSize" doc:"Records that the checkpoint covers"`
	Path       []string `json:"path" nullable:"false" doc:"Inclusion proof of RFC 6962: hashes from the leaf's sibling up, in hexadecimal"`
	Checkpoint string   `json:"checkpoint" doc:"The signed checkpoint, a note as in C2SP's tlog-checkpoint"`
	PublicKey  string   `json:"publicKey,omitempty" doc:"The key that the checkpoint is signed with. Whoever verifies should have it from elsewhere"`
}

// ErrNoRecord means that the log has nothing at the position.
var ErrNoRecord = errors.New("the log has no such record")

// Prove gives the receipt of a record by the newest checkpoint. The error is [ErrNoRecord],
// [ErrNoCheckpoint], or [ErrTampered] when the log does not contain what the checkpoint was signed
// over.
func (c *Checkpoints) Prove(ctx context.Context, position int64) (*Receipt, error) {
	record, err := recordAt(ctx, c.pool, position)
	if err != nil {
		return nil, err
	}
	checkpoint, err := c.Newest(ctx)
	if err != nil {
		return nil, err
	}
	if checkpoint.Size < position {
		return nil, ErrNoCheckpoint
	}
	if err := c.believe(checkpoint); err != nil {
		return nil, err
	}
	nodes, err := proof.Inclusion(uint64(position-1), uint64(checkpoint.Size)) //nolint:gosec // both are positive, from the log
	if err != nil {
		return nil, err
	}
	path, err := c.hashes(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("prove position %d: %w", position, err)
	}
	receipt := &Receipt{
		Record: record, LeafHash: hex.EncodeToString(LeafHash(position, record.Hash)), TreeSize: checkpoint.Size,
		Path: make([]string, len(path)), Checkpoint: checkpoint.Note, PublicKey: c.keys.Public(),
	}
	for i, hash := range path {
		receipt.Path[i] = hex.EncodeToString(hash)
	}
	if _, err := receipt.Verify(c.keys); err != nil { // also catches what happened to the stored nodes
		return nil, fmt.Errorf("prove position %d: %w", position, err)
	}
	return receipt, nil
}

// Verify checks a receipt with nothing but the keys.
func (r *Receipt) Verify(keys *Keys) (Statement, error) {
	said, err := keys.Open(r.Checkpoint)
	if err != nil {
		return said, err
	}
	record := &r.Record.Record
	if sum := record.Sum(r.Record.PreviousHash); sum != record.Hash {
		return said, fmt.Errorf("%w: the bytes of the record have the hash %s, not %s", ErrTampered, sum, record.Hash)
	}
	if r.Record.Position < 1 || r.Record.Position > said.Size {
		return said, fmt.Errorf("%w: the checkpoint covers positions 1 to %d", ErrTampered, said.Size)
	}
	path := make([][]byte, len(r.Path))
	for i, text := range r.Path {
		if path[i], err = hex.DecodeString(text); err != nil {
			return said, fmt.Errorf("hash %d of the path: %w", i+1, err)
		}
	}
	leaf := LeafHash(record.Position, record.Hash)
	if err := proof.VerifyInclusion(hasher, uint64(record.Position-1), uint64(said.Size), leaf, path, said.Root[:]); err != nil { //nolint:gosec // checked above
		return said, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return said, nil
}

// hashes gives those of a proof's nodes: high ones are stored, low ones follow from some hundred
// records.
func (c *Checkpoints) hashes(ctx context.Context, nodes proof.Nodes) ([][]byte, error) {
	hashes := make([][]byte, len(nodes.IDs))
	var heights []int16
	var indexes []int64
	for _, id := range nodes.IDs {
		if id.Level >= nodeHeight {
			heights, indexes = append(heights, int16(id.Level)), append(indexes, int64(id.Index)) //nolint:gosec // below 64, and below a position
		}
	}
	stored := map[compact.NodeID][]byte{}
	var (
		height int16
		index  int64
		hash   []byte
	)
	rows, _ := c.pool.Query(ctx, `
		select n.height, n.index, n.hash
		from unnest($1::smallint[], $2::bigint[]) as wanted (height, index)
		join audit_tree_nodes n using (height, index)`, heights, indexes)
	if _, err := pgx.ForEachRow(rows, []any{&height, &index, &hash}, func() error {
		stored[compact.NewNodeID(uint(height), uint64(index))] = hash //nolint:gosec // as they were written
		hash = nil
		return nil
	}); err != nil {
		return nil, err
	}
	for i, id := range nodes.IDs {
		var err error
		if hashes[i] = stored[id]; hashes[i] == nil {
			if hashes[i], err = c.compute(ctx, id); err != nil {
				return nil, err
			}
		}
	}
	return nodes.Rehash(hashes, hasher.HashChildren)
}

// compute hashes a complete subtree from its records.
func (c *Checkpoints) compute(ctx context.Context, id compact.NodeID) ([]byte, error) {
	first, last := id.Coverage()
	tree := ranges.NewEmptyRange(first)
	var (
		position int64
		hash     []byte
	)
	rows, _ := c.pool.Query(ctx, `select position, hash from event_log where position > $1 and position <= $2 order by position`, int64(first), int64(last)) //nolint:gosec // positions
	if _, err := pgx.ForEachRow(rows, []any{&position, &hash}, func() error {
		return tree.Append(LeafHash(position, eventstore.Hash(hash)), nil)
	}); err != nil {
		return nil, err
	}
	if tree.End() != last {
		return nil, fmt.Errorf("%w: records are missing between the positions %d and %d", ErrTampered, first+1, last)
	}
	return tree.Hashes()[0], nil
}

// Cover makes sure that a checkpoint covers a position, by signing one when that is needed. Whoever
// has just booked need not wait for the next interval; that many ask at once must not lead to many
// checkpoints, so there is one each second at most.
func (c *Checkpoints) Cover(ctx context.Context, position int64) error {
	if covered, err := c.covers(ctx, position); covered || err != nil {
		return err
	}
	if !c.keys.canSign() {
		return ErrNoCheckpoint
	}
	if c.covering.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	defer c.covering.Release(1)
	if covered, err := c.covers(ctx, position); covered || err != nil { // by whoever had the turn before
		return err
	}
	timer := time.NewTimer(time.Until(c.covered.Add(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	_, err := c.Write(ctx)
	c.covered = time.Now()
	return err
}

func (c *Checkpoints) covers(ctx context.Context, position int64) (bool, error) {
	newest, err := c.Newest(ctx)
	if errors.Is(err, ErrNoCheckpoint) {
		return false, nil
	}
	return newest.Size >= position, err
}
