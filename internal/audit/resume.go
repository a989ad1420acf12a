package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/mod/sumdb/note"

	"github.com/boxoffice/boxoffice/eventstore"
)

// resume returns the tree that the next checkpoint extends: that of the last checkpoint which this
// process knows, or of the newest one in the database where that is an extension of it.
func (c *Checkpoints) resume(ctx context.Context) (*compact.Range, error) {
	if err := c.loadKept(ctx); err != nil {
		return nil, err
	}
	newest, rejected, err := c.newestRow(ctx)
	if err != nil {
		return nil, err
	}
	last := c.Last()
	if last.Size == 0 {
		if newest.Size == 0 {
			return ranges.NewEmptyRange(0), unknownKeyError(rejected)
		}
		last = newest
	}
	if newest.Size < last.Size {
		c.report(last.Size, fmt.Errorf("%w: the newest checkpoint, over %d records, is not in the database any more",
			ErrTampered, last.Size))
	}
	if origin, err := originOf(ctx, c.pool); err != nil {
		return nil, err
	} else if err := c.checkOrigin(last, origin); err != nil {
		return nil, err
	}
	tree := c.tree
	if tree == nil || newest.Size < last.Size { // from the log itself
		if tree, err = c.treeOf(ctx, last); err != nil {
			return nil, err
		}
		c.setLast(last, tree)
	}
	tree = clone(tree)
	if newest.Size < last.Size {
		return tree, nil
	}
	if err := appendLeaves(ctx, c.pool, tree, newest.Size, nil); err != nil {
		return nil, err
	}
	if root, err := rootOf(tree); err != nil || root != newest.Root {
		return nil, errors.Join(err, fmt.Errorf("%w: the checkpoint over %d records in the database is not an extension of "+
			"the one over %d records", ErrTampered, newest.Size, last.Size))
	}
	c.setLast(newest, tree)
	return clone(tree), nil
}

// setLast makes a checkpoint the last one. The tree is that of its records.
func (c *Checkpoints) setLast(s Checkpoint, tree *compact.Range) {
	c.tree = clone(tree)
	c.mu.Lock()
	changed := c.last.Note != s.Note
	c.last = s
	c.mu.Unlock()
	if changed {
		c.writeKept(s)
	}
}

func clone(tree *compact.Range) *compact.Range {
	copied, err := ranges.NewRange(0, tree.End(), slices.Clone(tree.Hashes()))
	if err != nil {
		panic(err) // a range has the hashes of its bounds
	}
	return copied
}

// unknownKeyError is the error about checkpoints of which none is by a trusted key, when at least one is of
// another key or another log: that key may have to be trusted. Other rows are not checkpoints.
func unknownKeyError(rejected []error) error {
	for _, err := range rejected {
		var unknown *note.UnverifiedNoteError
		if errors.As(err, &unknown) || errors.Is(err, errOtherLog) {
			return err
		}
	}
	return nil
}

// newestRow returns the newest checkpoint in the database that is signed; its size is 0 when there
// is none. Newer rows that are not signed are reported and skipped.
func (c *Checkpoints) newestRow(ctx context.Context) (Checkpoint, []error, error) {
	return c.findRow(ctx, 0, func(Checkpoint) bool { return true })
}

// findRow returns the newest signed row up to a size, where 0 is any, that is accepted.
func (c *Checkpoints) findRow(ctx context.Context, upTo int64, accept func(Checkpoint) bool) (
	found Checkpoint, rejected []error, err error,
) {
	const page = 16
	origin, err := originOf(ctx, c.pool)
	if err != nil {
		return found, nil, err
	}
	for {
		rows, _ := c.pool.Query(ctx, `
			select `+checkpointColumns+`
			from audit_checkpoints
			where size <= $1 or $1 = 0
			order by size desc
			limit $2`, upTo, page)
		list, err := collect(rows, scanCheckpoint, "read checkpoints")
		if err != nil {
			return found, nil, err
		}
		for _, row := range list {
			if err := c.verifyRow(row, origin); err != nil {
				c.report(row.Size, err)
				rejected = append(rejected, err)
			} else if accept(row) {
				return row, rejected, nil
			}
			upTo = row.Size - 1
		}
		if len(list) < page || upTo == 0 {
			return found, rejected, nil
		}
	}
}

// report logs, once, what is wrong with a checkpoint.
func (c *Checkpoints) report(size int64, err error) {
	const most = 1_000
	c.mu.Lock()
	known := c.rejected[size] || len(c.rejected) >= most
	if !known {
		c.rejected[size] = true
	}
	c.mu.Unlock()
	if !known {
		c.metrics.tampered(foundByCheckpoints)
		c.options.Logger.Error("a stored checkpoint is wrong", "error", err)
	}
}

// verifyRow checks the signature of a row, and that the row equals the signed statement about the
// log with this origin.
func (c *Checkpoints) verifyRow(row Checkpoint, origin string) error {
	statement, err := c.keys.Open(row.Note)
	if !c.keys.CanVerify() { // nothing can be verified; callers say so
		text, _, _ := strings.Cut(row.Note, "\n\n")
		statement, err = parseStatement(text + "\n")
	}
	if err != nil {
		return fmt.Errorf("checkpoint %d: %w", row.Size, err)
	}
	if statement.Size != row.Size || statement.Root != row.Root {
		return fmt.Errorf("checkpoint %d: %w: its note says size %d and root %s",
			row.Size, ErrTampered, statement.Size, statement.Root)
	}
	return checkOrigin(statement, origin)
}

var errOtherLog = errors.New("it was signed for another log")

// checkOrigin compares the log of a statement with the present one, whose origin is empty without
// records: an empty log contradicts no origin.
func checkOrigin(s Statement, origin string) error {
	if origin != "" && !s.isOf(origin) {
		return fmt.Errorf("checkpoint %d: %w: %w: %s, and this is %s", s.Size, ErrTampered, errOtherLog, s.Origin, origin)
	}
	return nil
}

func (c *Checkpoints) checkOrigin(s Checkpoint, origin string) error {
	statement, err := c.keys.Open(s.Note)
	if err != nil {
		return err
	}
	return checkOrigin(statement, origin)
}

// originOf returns the origin of the log, which follows from its first record; empty when there is
// none. It is not kept: a log whose first record was exchanged is another log.
func originOf(ctx context.Context, from eventstore.Querier) (string, error) {
	rows, _ := from.Query(ctx, `select hash from event_log where position = 1`)
	first, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return "", fmt.Errorf("read the first record: %w", err)
	}
	if len(first) == 0 {
		return "", nil
	}
	return Origin + "/" + hex.EncodeToString(first[0][:8]), nil
}

// treeOf computes the tree of a checkpoint, from the log and the nearest stored tree before it. The
// error is [ErrTampered] when the log does not lead to the signed root.
func (c *Checkpoints) treeOf(ctx context.Context, s Checkpoint) (*compact.Range, error) {
	tree := ranges.NewEmptyRange(0)
	_, _, err := c.findRow(ctx, s.Size, func(row Checkpoint) bool {
		stored, err := storedTree(row)
		if err != nil {
			c.report(-row.Size, err)
			return false
		}
		tree = stored
		return true
	})
	if err != nil {
		return nil, err
	}
	after := end(tree)
	if err := appendLeaves(ctx, c.pool, tree, s.Size, nil); err != nil {
		return nil, err
	}
	if root, err := rootOf(tree); err != nil || root != s.Root {
		return nil, errors.Join(err, fmt.Errorf(
			"%w: at least one of the positions %d to %d has changed since they were signed", ErrTampered, after+1, s.Size))
	}
	return tree, nil
}

// storedTree decodes the tree of a row, which must have the row's root.
func storedTree(row Checkpoint) (*compact.Range, error) {
	hashes, err := splitHashes(row.compactRange)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %d: %w: %w", row.Size, ErrTampered, err)
	}
	tree, err := ranges.NewRange(0, uint64(row.Size), hashes) //nolint:gosec // positive by the table's check
	if err != nil {
		return nil, fmt.Errorf("checkpoint %d: %w: %w", row.Size, ErrTampered, err)
	}
	if root, err := rootOf(tree); err != nil || root != row.Root {
		return nil, fmt.Errorf("checkpoint %d: %w: its compact range has another root", row.Size, ErrTampered)
	}
	return tree, nil
}
