package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/compact"

	"github.com/boxoffice/boxoffice/eventstore"
)

// checkInTree proves that the records of the stream are in the tree of the newest checkpoint. That
// is one inclusion proof for all of them: the root is computed from the blocks of 256 records that
// have one of the stream, as they are in the log, and from the stored nodes of the others. Stored
// nodes are not trusted: nobody can find some that lead from other records to a signed root.
func (v *verification) checkInTree(ctx context.Context, snapshot pgx.Tx) error {
	v.checkCut(v.report.Head)
	for len(v.signed) > 0 && v.signed[len(v.signed)-1].size > v.report.Head {
		v.signed = v.signed[:len(v.signed)-1]
	}
	if len(v.signed) == 0 {
		return nil
	}
	newest := v.signed[len(v.signed)-1]
	v.report.Checkpoints = 1
	t := treeReader{from: snapshot, size: newest.size, trustStored: true}
	for _, position := range v.positions {
		if position >= 1 && position <= newest.size {
			t.blocks = append(t.blocks, uint64(position-1)>>nodeHeight)
		}
	}
	slices.Sort(t.blocks)
	t.blocks = slices.Compact(t.blocks)
	root, err := t.root(ctx)
	if err == nil && root != newest.root { // by stored nodes that are wrong?
		t.trustStored = false
		root, err = t.root(ctx)
	}
	switch {
	case errors.Is(err, errMissing):
		v.found(Finding{Check: CheckPosition, Position: 1, Detail: err.Error()})
	case err != nil:
		return err
	case root == newest.root:
		v.good = newest.size
	default:
		v.streamDiverges(newest, t.suspects)
	}
	return nil
}

// streamDiverges names the blocks whose stored nodes differ. Where these were deleted, any record
// can be another one.
func (v *verification) streamDiverges(newest signedRoot, suspects []uint64) {
	tell := func(from, to int64) {
		v.found(Finding{Check: CheckCheckpoint, Position: from, Detail: fmt.Sprintf(
			"%s was signed over other records: the log does not prove that the stream's records are those that were signed; "+
				"at least one of the positions %d to %d has changed since", newest, from, to)})
	}
	if len(suspects) == 0 {
		tell(1, newest.size)
	}
	for _, block := range suspects {
		first := int64(block) << nodeHeight //nolint:gosec // a position
		tell(first+1, min(first+1<<nodeHeight, newest.size))
	}
}

// treeReader computes the root of the first size records.
type treeReader struct {
	from        eventstore.Querier
	size        int64
	blocks      []uint64 // that are read from the log; ascending
	trustStored bool     // use stored nodes for the rest

	suspects []uint64 // of blocks: the stored node is another one
}

func (t *treeReader) root(ctx context.Context) (root eventstore.Hash, err error) {
	tree := ranges.NewEmptyRange(0)
	if t.trustStored {
		if err := t.appendNodes(ctx, tree); err != nil {
			return root, err
		}
	}
	if err := appendLeaves(ctx, t.from, tree, t.size, nil); err != nil {
		return root, err
	}
	return rootOf(tree)
}

// appendNodes extends the tree with all complete blocks.
func (t *treeReader) appendNodes(ctx context.Context, tree *compact.Range) error {
	complete := uint64(t.size) >> nodeHeight << nodeHeight //nolint:gosec // positive
	var nodes []compact.NodeID
	for _, id := range compact.RangeNodes(0, complete, nil) {
		nodes = t.split(id, nodes)
	}
	stored, err := nodesStored(ctx, t.from, nodes)
	if err != nil {
		return err
	}
	for _, id := range nodes {
		first, last := id.Coverage()
		hash, isRead := stored[id], t.hasBlock(id.Coverage())
		part := ranges.NewEmptyRange(first)
		if hash != nil && !isRead {
			part, err = ranges.NewRange(first, last, [][]byte{hash})
		} else {
			err = appendLeaves(ctx, t.from, part, int64(last), nil) //nolint:gosec // a position
		}
		if err != nil {
			return err
		}
		if isRead && hash != nil && !bytes.Equal(part.Hashes()[0], hash) {
			t.suspects = append(t.suspects, first>>nodeHeight)
		}
		if err := tree.AppendRange(part, nil); err != nil {
			return err
		}
	}
	return nil
}

// split cuts a complete subtree into blocks that are read, and the largest nodes without any.
func (t *treeReader) split(id compact.NodeID, nodes []compact.NodeID) []compact.NodeID {
	if id.Level == nodeHeight || !t.hasBlock(id.Coverage()) {
		return append(nodes, id)
	}
	nodes = t.split(compact.NewNodeID(id.Level-1, id.Index*2), nodes)
	return t.split(compact.NewNodeID(id.Level-1, id.Index*2+1), nodes)
}

// hasBlock reports whether a block between two indexes of leaves is read from the log.
func (t *treeReader) hasBlock(first, last uint64) bool {
	i, _ := slices.BinarySearch(t.blocks, first>>nodeHeight)
	return i < len(t.blocks) && t.blocks[i] < last>>nodeHeight
}
