package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// The savepoint is set after the read. PostgreSQL keeps the portal of the last statement open, and
	// with it a query's snapshot; a savepoint has none, so that the delay does not hold up vacuum.
	savepointSQL  = `savepoint undecided`
	rollbackToSQL = `rollback to savepoint undecided`
	headSQL       = `select position from log_head`
	// A process that freezes with this lock would hold up everyone who appends.
	shortIdleTimeoutSQL = `set local idle_in_transaction_session_timeout = '2s'`
	lockSQL             = `select from log_head for update`
	// Without a synchronous standby there is nothing to wait for, and no lock to take: what others
	// see is on disk.
	replicationSQL = `
		select from log_head where current_setting('synchronous_standby_names') <> '' for update`
)

// transaction is a transaction on the log and its connection. Statements are queued for a message
// and sent together. An error of a broken connection is an errConnectionLost.
type transaction struct {
	pool    *pgxpool.Pool
	timeout time.Duration // of a message
	logger  *slog.Logger
	// answered is when PostgreSQL answered a message last, on whichever connection of the executor.
	answered *atomic.Pointer[time.Time]

	conn      *pgxpool.Conn // nil: none
	savepoint bool          // set in this transaction
	locked    bool          // this transaction holds the head row's lock
}

// connect takes a connection of the pool, unless there is one.
func (t *transaction) connect(ctx context.Context) (err error) {
	if t.conn != nil {
		return nil
	}
	if t.conn, err = t.pool.Acquire(ctx); err != nil {
		return fmt.Errorf("%w: %w", errConnectionLost, err)
	}
	return nil
}

func (t *transaction) hasBegun() bool {
	return t.conn != nil && t.conn.Conn().PgConn().TxStatus() != 'I'
}

// begin gives a new message. It begins the transaction, unless that has begun.
func (t *transaction) begin() *pgx.Batch {
	q := &pgx.Batch{}
	if !t.hasBegun() {
		q.Queue(`begin`)
	}
	return q
}

// queueSavepoint sets the savepoint that rollback goes back to.
func (t *transaction) queueSavepoint(q *pgx.Batch) {
	q.Queue(savepointSQL).Exec(func(pgconn.CommandTag) error {
		t.savepoint = true
		return nil
	})
}

// lock gives a message that takes the head row's lock, which no one else can append without.
func (t *transaction) lock() *pgx.Batch {
	q := t.begin()
	q.Queue(shortIdleTimeoutSQL)
	q.Queue(lockSQL).Exec(func(pgconn.CommandTag) error {
		t.locked = true
		return nil
	})
	return q
}

// queueOutcome looks for the records of a lost append. found gets the position before them if they
// are in the log. It must come after the lock, or the append could still take effect.
func (t *transaction) queueOutcome(q *pgx.Batch, records []Record, found func(base int64)) {
	q.Queue(outcomeSQL, outcomeArgs(records)...).QueryRow(func(row pgx.Row) error {
		base, err := scanBase(row)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		found(base)
		return err
	})
}

// appendAndCommit stores records with their keys and commits, in one message, which also begins the
// transaction unless that has begun. Once PostgreSQL has answered the COMMIT without a warning, it
// does not matter what happens to the connection.
func (t *transaction) appendAndCommit(ctx context.Context, records []Record, keys []newKey) (base int64, err error) {
	var sql string
	var args []any
	switch {
	case len(keys) > 0:
		sql, args = appendWithKeysSQL, append(appendArgs(records), keyArgs(keys)...)
	case len(records) == 1:
		sql, args = appendOneSQL, appendOneArgs(&records[0])
	default:
		sql, args = appendSQL, appendArgs(records)
	}
	q, pg := t.begin(), t.conn.Conn().PgConn()
	q.Queue(sql, args...).QueryRow(func(row pgx.Row) (err error) {
		base, err = scanBase(row)
		takeWarning(pg) // only what is said of the COMMIT counts
		return err
	})
	return base, t.commit(ctx, q)
}

// commitReplicated commits a transaction that has only read. When it returns nil, a synchronous
// standby has everything that the transaction has read. Records can be visible before that: after a
// restart of the primary, or when somebody has ended the wait of their COMMIT. A COMMIT waits for the
// standby only if its transaction has written something; a row lock is enough. It is the head row's,
// so that at most one connection waits for a standby that is away, and the others fail with
// lock_timeout.
func (t *transaction) commitReplicated(ctx context.Context) error {
	q, pg := t.begin(), t.conn.Conn().PgConn()
	q.Queue(replicationSQL).Exec(func(pgconn.CommandTag) error {
		takeWarning(pg)
		return nil
	})
	return t.commit(ctx, q)
}

var errNotReplicated = errors.New("PostgreSQL has committed, and warned that the synchronous standby may not have it")

// commit sends a message with COMMIT at its end. A COMMIT that came with a warning is like one
// without an answer: PostgreSQL warns when somebody has ended the wait for the standby, for example
// with pg_cancel_backend. The connection is closed then.
func (t *transaction) commit(ctx context.Context, q *pgx.Batch) error {
	committed := false
	q.Queue(`commit`).Exec(func(pgconn.CommandTag) error {
		committed = true
		return nil
	})
	if err := t.send(ctx, q); !committed {
		return err
	}
	t.locked, t.savepoint = false, false
	if !takeWarning(t.conn.Conn().PgConn()) {
		return nil
	}
	_ = t.conn.Conn().Close(ctx)
	return fmt.Errorf("%w: %w", errConnectionLost, errNotReplicated)
}

// send carries a message out. Should nothing ever come back on this connection, there must be time
// left to try another one.
func (t *transaction) send(ctx context.Context, q *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := t.conn.SendBatch(ctx, q).Close()
	if err == nil {
		now := time.Now()
		t.answered.Store(&now)
	}
	if err != nil && t.conn.Conn().IsClosed() {
		return fmt.Errorf("%w: %w", errConnectionLost, err)
	}
	return err
}

// rollback goes back to the savepoint or, without one, ends the transaction.
func (t *transaction) rollback(ctx context.Context) error {
	sql := `rollback`
	if t.savepoint {
		sql = rollbackToSQL
	}
	_, err := t.conn.Conn().PgConn().Exec(ctx, sql).ReadAll()
	if err != nil && t.conn.Conn().IsClosed() {
		return fmt.Errorf("%w: %w", errConnectionLost, err)
	}
	return err
}

// close ends the transaction, if it is still open, and gives the connection back.
func (t *transaction) close() {
	t.locked, t.savepoint = false, false
	if t.conn == nil {
		return
	}
	if t.hasBegun() && !t.conn.Conn().IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = t.rollback(ctx) // on failure, the pool closes the connection, and PostgreSQL rolls back
	}
	t.conn.Release()
	t.conn = nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
