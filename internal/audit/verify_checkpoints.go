package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

func (v *verification) planCheckpoints(ctx context.Context, snapshot pgx.Tx) error {
	rows, _ := snapshot.Query(ctx, `select size from audit_checkpoints order by size`)
	sizes, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	v.report.SignaturesChecked = len(v.Keys.trusted) > 0
	if v.against.Size > 0 {
		sizes = append(sizes, v.against.Size)
		slices.Sort(sizes)
	}
	v.sizes = slices.Compact(sizes)
	return nil
}

// compareRoot compares the root at the size of a checkpoint.
func (v *verification) compareRoot(ctx context.Context, size int64, root eventstore.Hash) error {
	if size == v.against.Size {
		v.report.Checkpoints++
		if root != v.against.Root {
			v.diverge(size, "the checkpoint that was kept elsewhere")
		}
	}
	row, err := v.nextCheckpoint(ctx, size)
	if err != nil {
		return fmt.Errorf("read checkpoint %d: %w", size, err)
	}
	if row == nil { // only the one in Against
		return nil
	}
	v.report.Checkpoints++
	if len(v.Keys.trusted) > 0 {
		err = v.checkpoints.verifyRow(*row)
	}
	switch {
	case err != nil:
		v.found(Finding{Check: CheckCheckpoint, Position: v.good + 1, Detail: err.Error()})
	case row.Root != root:
		v.diverge(size, fmt.Sprintf("checkpoint %d", size))
	case !v.diverged:
		v.good = size
	}
	return nil
}

func (v *verification) diverge(size int64, name string) {
	if !v.diverged {
		v.found(Finding{Check: CheckCheckpoint, Position: v.good + 1, Detail: fmt.Sprintf(
			"%s was signed over other records: at least one of the positions %d to %d has changed since", name, v.good+1, size)})
	}
	v.diverged = true
}

func (v *verification) nextCheckpoint(ctx context.Context, size int64) (*Checkpoint, error) {
	const page = 500
	for len(v.page) > 0 && v.page[0].Size < size {
		v.page = v.page[1:]
	}
	if len(v.page) == 0 {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		var err error
		if v.page, err = v.checkpoints.List(ctx, size-1, page); err != nil {
			return nil, err
		}
	}
	if len(v.page) == 0 || v.page[0].Size != size {
		return nil, nil
	}
	return &v.page[0], nil
}

// checkEnd compares the end of the log with its head and with the checkpoints.
func (v *verification) checkEnd(last int64) error {
	head := v.report.Head
	if v.last < head {
		v.found(missingPositions(v.last+1, head))
	}
	if last > head {
		v.found(Finding{Check: CheckPosition, Position: head + 1,
			Detail: fmt.Sprintf("the log goes on to position %d, and its head says %d", last, head)})
	}
	if n := len(v.sizes); n > 0 && v.sizes[n-1] > v.last {
		v.found(Finding{Check: CheckCheckpoint, Position: v.last + 1, Detail: fmt.Sprintf(
			"a checkpoint was signed over %d records, and the log has %d: some were deleted", v.sizes[n-1], v.last)})
	}
	if !v.treeLost {
		root, err := rootOf(v.tree)
		if err != nil {
			return err
		}
		v.report.Root = root.String()
	}
	return nil
}
