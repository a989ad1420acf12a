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
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Receipt proves that a record is in the log, with nothing but a public key. The hash follows from
// the bytes of the record, the leaf from hash and position, and the root from leaf and path; the
// checkpoint with this root is signed.
type Receipt struct {
	Record     Line     `json:"record"`
	LeafHash   string   `json:"leafHash" doc:"Hash of the record's leaf in the Merkle tree, in hexadecimal"`
	TreeSize   int64    `json:"treeSize" doc:"Number of records that the checkpoint covers"`
	Path       []string `json:"path" nullable:"false" doc:"Inclusion proof of RFC 6962, from the leaf up, in hexadecimal"`
	Checkpoint string   `json:"checkpoint" doc:"The signed checkpoint, a note as in C2SP's tlog-checkpoint"`
	PublicKey  string   `json:"publicKey,omitempty" doc:"The key that it is signed with. To verify, use a copy from another source"`
}

// ErrNoRecord means that the log has no record at the position.
var ErrNoRecord = errors.New("the log has no such record")

// Prove returns the receipt of a record for the newest checkpoint. The error is [ErrNoRecord],
// [ErrNoCheckpoint], or [ErrTampered] when the log differs from what was signed.
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
	_, key, err := c.keys.open(checkpoint.Note)
	if err != nil {
		return nil, err
	}
	nodes, err := proof.Inclusion(uint64(position-1), uint64(checkpoint.Size)) //nolint:gosec // both are positive
	if err != nil {
		return nil, err
	}
	path, err := c.hashes(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("prove position %d: %w", position, err)
	}
	receipt := &Receipt{
		Record: record, LeafHash: hex.EncodeToString(leafHash(position, record.Hash)), TreeSize: checkpoint.Size,
		Path: hexadecimal(path), Checkpoint: checkpoint.Note, PublicKey: key,
	}
	if _, err := receipt.Verify(c.keys); err != nil { // also detects changes of the stored nodes
		c.metrics.tampered(foundByProof)
		return nil, fmt.Errorf("prove position %d: %w", position, err)
	}
	return receipt, nil
}

// Verify checks a receipt without the log.
func (r *Receipt) Verify(keys *Keys) (Statement, error) {
	statement, err := keys.Open(r.Checkpoint)
	if err != nil {
		return statement, err
	}
	record := &r.Record.Record
	if sum := record.Sum(r.Record.PreviousHash); sum != record.Hash {
		return statement, fmt.Errorf("%w: the bytes of the record have the hash %s, not %s", ErrTampered, sum, record.Hash)
	}
	if r.Record.Position < 1 || r.Record.Position > statement.Size {
		return statement, fmt.Errorf("%w: the checkpoint covers positions 1 to %d", ErrTampered, statement.Size)
	}
	path, err := fromHexadecimal(r.Path)
	if err != nil {
		return statement, err
	}
	leaf := leafHash(record.Position, record.Hash)
	index, size := uint64(record.Position-1), uint64(statement.Size) //nolint:gosec // checked above
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf, path, statement.Root[:])
	if err != nil {
		return statement, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return statement, nil
}

// hashes returns the hashes of the nodes of a proof. High nodes are stored; low ones are computed
// from at most some hundred records.
func (c *Checkpoints) hashes(ctx context.Context, nodes proof.Nodes) ([][]byte, error) {
	stored, err := nodesStored(ctx, c.pool, nodes.IDs)
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		if hashes[i] = stored[id]; hashes[i] != nil {
			continue
		}
		first, last := id.Coverage()
		tree := ranges.NewEmptyRange(first)
		if err := appendLeaves(ctx, c.pool, tree, int64(last), nil); err != nil { //nolint:gosec // a position
			return nil, err
		}
		hashes[i] = tree.Hashes()[0]
	}
	return nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
}

// nodesStored returns those of the nodes that are stored.
func nodesStored(
	ctx context.Context, from eventstore.Querier, ids []compact.NodeID,
) (map[compact.NodeID][]byte, error) {
	var wanted storedNodes
	for _, id := range ids {
		wanted.add(id, nil)
	}
	stored := map[compact.NodeID][]byte{}
	var (
		height int16
		index  int64
		hash   []byte
	)
	rows, _ := from.Query(ctx, `
		select n.height, n.index, n.hash
		from unnest($1::smallint[], $2::bigint[]) as wanted (height, index)
		join audit_tree_nodes n using (height, index)`, wanted.heights, wanted.indexes)
	_, err := pgx.ForEachRow(rows, []any{&height, &index, &hash}, func() error {
		stored[compact.NewNodeID(uint(height), uint64(index))] = hash //nolint:gosec // as they were written
		hash = nil
		return nil
	})
	return stored, err
}

// Cover makes sure that a checkpoint covers a position, and signs one if necessary, so that nobody
// has to wait for the next interval. Concurrent callers share checkpoints: there is at most one
// each second.
func (c *Checkpoints) Cover(ctx context.Context, position int64) error {
	if covered, err := c.covers(ctx, position); covered || err != nil {
		return err
	}
	if !c.keys.canSign() {
		return ErrNoCheckpoint
	}
	if c.signing.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	defer c.signing.Release(1)
	if covered, err := c.covers(ctx, position); covered || err != nil { // by the previous holder
		return err
	}
	timer := time.NewTimer(time.Until(c.signedAt.Add(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	_, err := c.Write(ctx)
	c.signedAt = time.Now()
	return err
}

func (c *Checkpoints) covers(ctx context.Context, position int64) (bool, error) {
	newest, err := c.Newest(ctx)
	if errors.Is(err, ErrNoCheckpoint) {
		return false, nil
	}
	return newest.Size >= position, err
}
