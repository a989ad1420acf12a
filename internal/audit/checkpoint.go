package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/sync/semaphore"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Checkpoint is a signed [Statement], mostly a row of audit_checkpoints.
type Checkpoint struct {
	Size int64           // number of records that it covers
	Root eventstore.Hash // of the Merkle tree of these records
	Note string          // size and root, signed
	At   time.Time       // when it was written; not signed

	compactRange []byte // of the tree, as stored
}

// Options configure [Checkpoints].
type Options struct {
	// KeptAt is a file outside of the database for the newest checkpoint, so that a restart does not
	// forget it. Empty: none.
	KeptAt string
	// Witnessed, when set, returns checkpoints that were signed before: see [Witnesses.Newest].
	Witnessed func(*Keys) ([]Checkpoint, error)
	// Signed, when set, is called with each checkpoint that was signed here, and must be quick.
	Signed func(Checkpoint)
	// Logger takes what is wrong with stored checkpoints. Nil: nothing is logged.
	Logger *slog.Logger
	// Registerer takes the metrics. Nil: none are kept.
	Registerer prometheus.Registerer
}

// Checkpoints signs checkpoints and creates proofs from them. It signs only extensions of the
// newest checkpoint that it knows: see [Checkpoints.Write].
type Checkpoints struct {
	pool    *pgxpool.Pool
	keys    *Keys
	options Options
	metrics *metrics

	signing  *semaphore.Weighted // held by Cover while it signs
	signedAt time.Time           // when Cover signed last

	writing *semaphore.Weighted // held by resume and what follows it
	tree    *compact.Range      // of last; nil until it was computed
	loaded  bool                // what earlier processes have signed was read
	unkept  bool                // the file KeptAt could not be written

	mu       sync.Mutex
	last     Checkpoint     // the newest one that is known; size 0: none
	rejected map[int64]bool // sizes of rows that were reported
	alarm    error          // of the last Write, when something was tampered with
}

// NewCheckpoints works on the database of pool, which the caller closes.
func NewCheckpoints(pool *pgxpool.Pool, keys *Keys) *Checkpoints {
	c, _ := OpenCheckpoints(pool, keys, Options{}) // fails only for metrics
	return c
}

// OpenCheckpoints is [NewCheckpoints] with options. The error is that of the registration of
// metrics.
func OpenCheckpoints(pool *pgxpool.Pool, keys *Keys, o Options) (*Checkpoints, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Checkpoints{pool: pool, keys: keys, options: o, metrics: newMetrics(),
		signing: semaphore.NewWeighted(1), writing: semaphore.NewWeighted(1), rejected: map[int64]bool{}}
	if o.Registerer != nil {
		return c, o.Registerer.Register(c.metrics)
	}
	return c, nil
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

const checkpointColumns = `size, root, note, created_at, compact_range`

func scanCheckpoint(row pgx.CollectableRow) (c Checkpoint, err error) {
	var root []byte
	err = row.Scan(&c.Size, &root, &c.Note, &c.At, &c.compactRange)
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

// Newest returns the newest checkpoint with a valid signature, or [ErrNoCheckpoint].
func (c *Checkpoints) Newest(ctx context.Context) (Checkpoint, error) {
	newest, _, err := c.newestRow(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	if known := c.Last(); known.Size > newest.Size { // its row was deleted, or could not be written
		newest = known
	}
	if newest.Size == 0 {
		return Checkpoint{}, ErrNoCheckpoint
	}
	return newest, nil
}

// Last returns the newest checkpoint that this process has signed or verified, whatever the
// database says meanwhile; its size is 0 before the first one.
func (c *Checkpoints) Last() Checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Write signs a checkpoint of the present log, and reports whether one was written: none when there
// are no new records. It reads the records since the last checkpoint. Several processes may call
// it: for one size, only the first writes.
//
// The tree of a new checkpoint is that of the last one that this process knows, extended by what the
// log has since. So whatever happens to the database, it signs no other history than before. The
// error is [ErrTampered] when the log, or the newest checkpoint in the database, is not an extension
// of the last one, and [ErrNotSigned] when only unknown keys have signed checkpoints.
func (c *Checkpoints) Write(ctx context.Context) (written bool, err error) {
	if !c.keys.canSign() {
		return false, ErrNoKey
	}
	if c.writing.Acquire(ctx, 1) != nil {
		return false, context.Cause(ctx)
	}
	defer c.writing.Release(1)
	defer func() { c.wrote(err) }()
	tree, err := c.resume(ctx)
	if err != nil {
		return false, fmt.Errorf("write a checkpoint: %w", err)
	}
	head, err := eventstore.NewLog(c.pool).Head(ctx)
	if err != nil {
		return false, err
	}
	if head < end(tree) {
		return false, fmt.Errorf("write a checkpoint: %w", shortenedError(head, end(tree)))
	}
	if head == end(tree) {
		return false, nil
	}
	signed, written, err := c.sign(ctx, tree, head)
	if err != nil {
		return false, fmt.Errorf("write a checkpoint: %w", err)
	}
	if written {
		c.setLast(signed, tree)
		if c.options.Signed != nil {
			c.options.Signed(signed)
		}
	}
	return written, nil
}

// wrote notes the outcome of Write.
func (c *Checkpoints) wrote(err error) {
	c.metrics.wrote(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.alarm = nil
	case errors.Is(err, ErrTampered):
		c.alarm = err
	}
}

// Alarm returns why the last attempt to write a checkpoint found that something was tampered with;
// nil when it did not.
func (c *Checkpoints) Alarm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alarm
}

func shortenedError(head, signed int64) error {
	return fmt.Errorf("%w: it has %d records, and a checkpoint was signed over %d", ErrTampered, head, signed)
}

// sign extends the tree up to head and stores a checkpoint of it. None is written when there is
// one, of another process; a row that is not signed is as good as none.
func (c *Checkpoints) sign(ctx context.Context, tree *compact.Range, head int64) (
	s Checkpoint, written bool, err error,
) {
	err = eventstore.Commit(ctx, c.pool, func(tx pgx.Tx) error {
		if err := extend(ctx, tx, tree, head); err != nil {
			return err
		}
		origin, err := originOf(ctx, tx)
		if err != nil {
			return err
		}
		s = Checkpoint{Size: head, At: time.Now().UTC(), compactRange: joinHashes(tree.Hashes())}
		if s.Root, err = rootOf(tree); err != nil {
			return err
		}
		if s.Note, err = c.keys.sign(Statement{origin, head, s.Root}); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into audit_checkpoints (size, root, compact_range, note)
			values ($1, $2, $3, $4)
			on conflict (size) do nothing`, s.Size, s.Root[:], s.compactRange, s.Note)
		if written = tag.RowsAffected() == 1; written || err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `select `+checkpointColumns+` from audit_checkpoints where size = $1`, head)
		there, err := pgx.CollectExactlyOneRow(rows, scanCheckpoint)
		written = c.verifyRow(there, origin) != nil
		return err
	})
	return s, written, err
}

// extend adds the records up to a position to the tree, and stores the nodes that become complete.
func extend(ctx context.Context, tx pgx.Tx, tree *compact.Range, upTo int64) error {
	const page = 100_000
	for end(tree) < upTo {
		var nodes storedNodes
		next := min(end(tree)+page, upTo)
		if err := appendLeaves(ctx, tx, tree, next, nodes.add); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			insert into audit_tree_nodes (height, index, hash)
			select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
			on conflict do nothing`, nodes.heights, nodes.indexes, nodes.hashes); err != nil {
			return err
		}
	}
	return nil
}

// storedNodes collects the nodes that are stored.
type storedNodes struct {
	heights []int16
	indexes []int64
	hashes  [][]byte
}

func (n *storedNodes) add(id compact.NodeID, hash []byte) {
	if id.Level >= nodeHeight {
		n.heights = append(n.heights, int16(id.Level)) //nolint:gosec // below 64
		n.indexes = append(n.indexes, int64(id.Index)) //nolint:gosec // below a position
		n.hashes = append(n.hashes, hash)
	}
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
			attributes := []any{"error", err}
			if errors.Is(err, ErrNotSigned) {
				attributes = append(attributes, "advice", "add the public key of the key that signed before to AUDIT_PUBLIC_KEYS")
			}
			logger.Log(ctx, level, "the audit checkpoint was not written", attributes...)
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
