package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Read is one access to the audit by a user.
type Read struct {
	ID        int64
	UserID    uuid.UUID
	Operation string // of the API
	Target    string // path and query
	RequestID string
	At        time.Time
}

// Reads is the list of accesses. It is not part of the log, because reading changes no event.
type Reads struct{ pool *pgxpool.Pool }

// NewReads works on the database of pool, which the caller closes.
func NewReads(pool *pgxpool.Pool) *Reads { return &Reads{pool} }

// Add stores an access.
func (r *Reads) Add(ctx context.Context, read Read) error {
	err := eventstore.Commit(ctx, r.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into audit_reads (user_id, operation, target, request_id)
			values ($1, $2, $3, $4)`, read.UserID, read.Operation, read.Target, read.RequestID)
		return err
	})
	if err != nil {
		return fmt.Errorf("store an access to the audit: %w", err)
	}
	return nil
}

// List returns the accesses after the one with that id, oldest first.
func (r *Reads) List(ctx context.Context, after int64, limit int) ([]Read, error) {
	rows, _ := r.pool.Query(ctx, `
		select id, user_id, operation, target, request_id, read_at
		from audit_reads
		where id > $1
		order by id
		limit $2`, after, limit)
	return collect(rows, func(row pgx.CollectableRow) (x Read, err error) {
		err = row.Scan(&x.ID, (*[16]byte)(&x.UserID), &x.Operation, &x.Target, &x.RequestID, &x.At)
		x.At = x.At.UTC()
		return x, err
	}, "list reads of the audit")
}
