package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// signedRoot is a root that a checkpoint was signed over.
type signedRoot struct {
	size int64
	root eventstore.Hash
	kept bool // outside of the database
}

func (s signedRoot) String() string {
	if s.kept {
		return "the checkpoint that was kept elsewhere"
	}
	return fmt.Sprintf("checkpoint %d", s.size)
}

// openKept verifies the checkpoints that were kept outside of the database.
func (v *verification) openKept() error {
	notes := slices.Clone(v.Against)
	if v.Checkpoints != nil {
		if last := v.Checkpoints.Last(); last.Size > 0 {
			notes = append(notes, last.Note)
		}
	}
	for _, signed := range notes {
		s, err := v.Keys.Open(signed)
		if err != nil {
			return err
		}
		v.kept = append(v.kept, s)
	}
	return nil
}

// planCheckpoints lists the roots to compare. A row that is not signed by a trusted key is a finding
// and nothing else: what it says of the log does not count.
func (v *verification) planCheckpoints(ctx context.Context, snapshot pgx.Tx) error {
	origin, err := originOf(ctx, snapshot)
	if err != nil {
		return err
	}
	v.report.SignaturesChecked = v.Keys.CanVerify()
	reject := func(err error) {
		after := int64(0)
		if n := len(v.signed); n > 0 {
			after = v.signed[n-1].size
		}
		v.rejected = append(v.rejected, Finding{Check: CheckCheckpoint, Position: after + 1, Detail: err.Error()})
	}
	rows, _ := snapshot.Query(ctx, `select `+checkpointColumns+` from audit_checkpoints order by size`)
	for rows.Next() {
		row, err := scanCheckpoint(rows)
		if err != nil {
			rows.Close()
			return fmt.Errorf("read checkpoints: %w", err)
		}
		if err := v.checkpoints.verifyRow(row, origin); err != nil {
			reject(err)
		} else {
			v.signed = append(v.signed, signedRoot{row.Size, row.Root, false})
		}
	}
	if rows.Err() != nil {
		return fmt.Errorf("read checkpoints: %w", rows.Err())
	}
	for _, s := range v.kept {
		if err := checkOrigin(s, origin); err != nil {
			reject(err)
		} else {
			v.signed = append(v.signed, signedRoot{s.Size, s.Root, true})
		}
	}
	slices.SortStableFunc(v.signed, func(a, b signedRoot) int { return cmp.Compare(a.size, b.size) })
	for _, s := range v.signed {
		v.sizes = append(v.sizes, s.size)
	}
	v.sizes = slices.Compact(v.sizes)
	return nil
}

// compareRoot compares the root at the size of a checkpoint. Sizes ascend.
func (v *verification) compareRoot(size int64, root eventstore.Hash) error {
	for ; v.compared < len(v.signed) && v.signed[v.compared].size <= size; v.compared++ {
		s := v.signed[v.compared]
		if s.size < size {
			continue
		}
		v.report.Checkpoints++
		switch {
		case s.root != root:
			v.diverge(s)
		case !v.diverged:
			v.good = size
		}
	}
	return nil
}

func (v *verification) diverge(s signedRoot) {
	if !v.diverged {
		from := v.good + 1
		if from > s.size { // two checkpoints of one size differ
			from = s.size
		}
		v.found(Finding{Check: CheckCheckpoint, Position: from, Detail: fmt.Sprintf(
			"%s was signed over other records: at least one of the positions %d to %d has changed since", s, from, s.size)})
	}
	v.diverged = true
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
	v.checkCut(v.last)
	for _, f := range v.rejected {
		v.found(f)
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

// checkCut compares the length of the log with the largest checkpoint.
func (v *verification) checkCut(length int64) {
	if n := len(v.signed); n > 0 && v.signed[n-1].size > length {
		v.found(Finding{Check: CheckCheckpoint, Position: length + 1, Detail: fmt.Sprintf(
			"a checkpoint was signed over %d records, and the log has %d: some were deleted", v.signed[n-1].size, length)})
	}
}
