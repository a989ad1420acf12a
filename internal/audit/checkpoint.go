package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/sync/semaphore"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Checkpoint is a row of audit_checkpoints: a signed [Statement].
type Checkpoint struct {
	Size int64           // number of records that it covers
	Root eventstore.Hash // of the Merkle tree of these records
	Note string          // size and root, signed
	At   time.Time       // of the row; not signed
}

// Checkpoints signs checkpoints and creates proofs from them.
type Checkpoints struct {
	pool *pgxpool.Pool
	keys *Keys

	signing  *semaphore.Weighted // held by Cover while it signs
	signedAt time.Time           // when Cover signed last
}

// NewCheckpoints works on the database of pool, which the caller closes.
func NewCheckpoints(pool *pgxpool.Pool, keys *Keys) *Checkpoints {
	return &Checkpoints{pool: pool, keys: keys, signing: semaphore.NewWeighted(1)}
}

// Keys returns the keys for signing and verifying.
func (c *Checkpoints) Keys() *Keys { return c.keys }

var (
	// ErrNoCheckpoint means that no checkpoint covers the record yet.
	ErrNoCheckpoint = errors.New("no checkpoint covers it yet")
	// ErrTampered means that the log, or stored data about it, differs from what was signed.
	ErrTampered = errors.New("the log is not what was signed")
	// ErrNoKey means that this program has no signing key.
	ErrNoKey = errors.New("there is no signing key")
)

const checkpointColumns = `size, root, note, created_at`

func scanCheckpoint(row pgx.CollectableRow) (c Checkpoint, err error) {
	var root []byte
	err = row.Scan(&c.Size, &root, &c.Note, &c.At)
	copy(c.Root[:], root)
	c.At = c.At.UTC()
	return c, err
}

// List returns the checkpoints larger than after, smallest first.
func (c *Checkpoints) List(ctx context.Context, after int64, limit int) ([]Checkpoint, error) {
	rows, _ := c.pool.Query(ctx, `
		select `+checkpointColumns+`
		from audit_checkpoints
		where size > $1
		order by size
		limit $2`, after, limit)
	return collect(rows, scanCheckpoint, "list checkpoints")
}

// Newest returns the newest checkpoint, or [ErrNoCheckpoint].
func (c *Checkpoints) Newest(ctx context.Context) (Checkpoint, error) {
	rows, _ := c.pool.Query(ctx, `
		select `+checkpointColumns+`
		from audit_checkpoints
		order by size desc
		limit 1`)
	newest, err := pgx.CollectExactlyOneRow(rows, scanCheckpoint)
	if errors.Is(err, pgx.ErrNoRows) {
		return Checkpoint{}, ErrNoCheckpoint
	}
	return newest, err
}

// verifyRow checks the signature of a row, and that the row equals the signed statement.
func (c *Checkpoints) verifyRow(row Checkpoint) error {
	statement, err := c.keys.Open(row.Note)
	if err != nil {
		return fmt.Errorf("checkpoint %d: %w", row.Size, err)
	}
	if statement.Size != row.Size || statement.Root != row.Root {
		return fmt.Errorf("checkpoint %d: %w: its note says size %d and root %s",
			row.Size, ErrTampered, statement.Size, statement.Root)
	}
	return nil
}

// Write signs a checkpoint of the present log, and reports whether one was written: none when there
// are no new records. It reads the records since the last checkpoint. Several processes may call
// it: for one size, only the first writes.
func (c *Checkpoints) Write(ctx context.Context) (written bool, err error) {
	if !c.keys.canSign() {
		return false, ErrNoKey
	}
	tree, err := c.resume(ctx)
	if err != nil {
		return false, fmt.Errorf("write a checkpoint: %w", err)
	}
	head, err := eventstore.NewLog(c.pool).Head(ctx)
	if err != nil || head <= end(tree) {
		return false, err
	}
	err = eventstore.Commit(ctx, c.pool, func(tx pgx.Tx) error {
		if err := c.extend(ctx, tx, tree, head); err != nil {
			return err
		}
		s := Statement{Size: head}
		if s.Root, err = rootOf(tree); err != nil {
			return err
		}
		signed, err := c.keys.sign(s)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into audit_checkpoints (size, root, compact_range, note)
			values ($1, $2, $3, $4)
			on conflict (size) do nothing`, s.Size, s.Root[:], joinHashes(tree.Hashes()), signed)
		written = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write a checkpoint: %w", err)
	}
	return written, nil
}

// resume returns the tree of the newest checkpoint, whose signature it verifies. Otherwise the next
// checkpoint would sign whatever a forger has stored.
func (c *Checkpoints) resume(ctx context.Context) (*compact.Range, error) {
	newest, err := c.Newest(ctx)
	if errors.Is(err, ErrNoCheckpoint) {
		return ranges.NewEmptyRange(0), nil
	}
	if err != nil {
		return nil, err
	}
	if err := c.verifyRow(newest); err != nil {
		return nil, err
	}
	var stored []byte
	if err := c.pool.QueryRow(ctx, `select compact_range from audit_checkpoints where size = $1`,
		newest.Size).Scan(&stored); err != nil {
		return nil, err
	}
	hashes, err := splitHashes(stored)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %d: %w: %w", newest.Size, ErrTampered, err)
	}
	tree, err := ranges.NewRange(0, uint64(newest.Size), hashes) //nolint:gosec // positive by the table's check
	if err != nil {
		return nil, fmt.Errorf("checkpoint %d: %w: %w", newest.Size, ErrTampered, err)
	}
	if root, err := rootOf(tree); err != nil || root != newest.Root {
		return nil, fmt.Errorf("checkpoint %d: %w: its compact range has another root", newest.Size, ErrTampered)
	}
	return tree, nil
}

func end(tree *compact.Range) int64 { return int64(tree.End()) } //nolint:gosec // positions are int64

// extend adds the records up to a position to the tree, and stores the nodes that become complete.
func (c *Checkpoints) extend(ctx context.Context, tx pgx.Tx, tree *compact.Range, upTo int64) error {
	const page = 100_000
	for end(tree) < upTo {
		var (
			heights  []int16
			indexes  []int64
			hashes   [][]byte
			position int64
			hash     []byte
		)
		before := end(tree)
		rows, _ := tx.Query(ctx, `
			select position, hash
			from event_log
			where position > $1 and position <= $2
			order by position`, before, min(before+page, upTo))
		_, err := pgx.ForEachRow(rows, []any{&position, &hash}, func() error {
			if position != end(tree)+1 {
				return fmt.Errorf("%w: position %d is missing", ErrTampered, end(tree)+1)
			}
			return tree.Append(LeafHash(position, eventstore.Hash(hash)), func(id compact.NodeID, hash []byte) {
				if id.Level >= nodeHeight {
					heights = append(heights, int16(id.Level)) //nolint:gosec // below 64
					indexes = append(indexes, int64(id.Index)) //nolint:gosec // below a position
					hashes = append(hashes, hash)
				}
			})
		})
		if err != nil {
			return err
		}
		if end(tree) == before {
			return fmt.Errorf("%w: position %d is missing", ErrTampered, before+1)
		}
		if _, err := tx.Exec(ctx, `
			insert into audit_tree_nodes (height, index, hash)
			select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
			on conflict do nothing`, heights, indexes, hashes); err != nil {
			return err
		}
	}
	return nil
}

// Run writes a checkpoint at every interval, and a last one when ctx ends.
func (c *Checkpoints) Run(ctx context.Context, every time.Duration, logger *slog.Logger) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	write := func(ctx context.Context) {
		if _, err := c.Write(ctx); err != nil && ctx.Err() == nil {
			level := slog.LevelWarn
			if errors.Is(err, ErrTampered) || errors.Is(err, ErrNotSigned) {
				level = slog.LevelError
			}
			logger.Log(ctx, level, "the audit checkpoint was not written", "error", err)
		}
	}
	for {
		write(ctx)
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			write(last)
			return
		case <-ticks.C:
		}
	}
}

func collect[T any](rows pgx.Rows, scan pgx.RowToFunc[T], what string) ([]T, error) {
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return list, nil
}
