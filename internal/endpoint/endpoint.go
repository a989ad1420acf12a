package endpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// Status says whether deliveries are sent to an endpoint.
type Status string

// What happens while an endpoint is paused or failing is sent once it is active again.
const (
	Active  Status = "active"
	Paused  Status = "paused"  // by its owner
	Failing Status = "failing" // paused by this program, because nothing arrived any more
	Gone    Status = "gone"    // it has answered 410: what happens is not even kept
)

// MaxPerOwner is how many endpoints a user has at most.
const MaxPerOwner = 10

// The errors of [Store], besides [*domain.InvalidError].
var (
	ErrNotFound   = errors.New("no such webhook")
	ErrTooMany    = errors.New("the user has too many webhooks")
	ErrNoOwner    = errors.New("the owner of a webhook has no account")
	ErrNoDelivery = errors.New("no such delivery")
	ErrNotActive  = errors.New("the webhook is not active")
)

// Endpoint is where somebody wants to be told of what happens.
type Endpoint struct {
	ID           uuid.UUID
	OwnerID      uuid.UUID
	URL          string
	Types        []string // of [Types]; none: all, also those of later versions
	EventID      *uuid.UUID
	Status       Status
	FailingSince *time.Time // nil: the last attempt was a success
	OldUntil     *time.Time // when the secret before is not used any more; nil: it is not
	CreatedAt    time.Time
}

const columns = `id, owner_id, url, types, event_id, status, failing_since, old_until, created_at`

// Store keeps endpoints and deliveries. All its methods are for the owner only: the endpoints of
// others are not found. Those that write return [eventstore.ErrOutcomeUnknown] when it can't be
// known whether the write is durable.
type Store struct {
	Pool      *pgxpool.Pool // configured with [eventstore.ConfigureCommits]
	Addresses Addresses
	// Due is called when there is something to send, or somebody new to send to.
	Due func()
	Now func() time.Time
}

// Wanted is what a new endpoint is to be.
type Wanted struct {
	OwnerID uuid.UUID
	URL     string
	Types   []string
	EventID *uuid.UUID // nil: all events of the owner
}

// Create adds an endpoint, and returns its secret, which is never shown again. What happens from now
// on is sent.
func (s *Store) Create(ctx context.Context, w Wanted) (e Endpoint, secret Secret, err error) {
	if err := errors.Join(s.Addresses.check(w.URL), checkTypes(w.Types)); err != nil {
		return e, nil, err
	}
	secret = newSecret()
	err = eventstore.Commit(ctx, s.Pool, func(tx pgx.Tx) error {
		var n int
		// The lock makes two at once count each other.
		err := tx.QueryRow(ctx, `select 1 from users where id = $1 for no key update`, w.OwnerID).Scan(&n)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoOwner
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `select count(*) from webhook_endpoints where owner_id = $1`, w.OwnerID).Scan(&n)
		if err != nil {
			return err
		}
		if n >= MaxPerOwner {
			return ErrTooMany
		}
		e, err = one(tx.Query(ctx, `
			insert into webhook_endpoints (id, owner_id, url, types, event_id, secret, created_at, since)
			select $1, $2, $3, $4, $5, $6, $7, position from log_head
			returning `+columns,
			uuid.New(), w.OwnerID, w.URL, unique(w.Types), w.EventID, []byte(secret), s.Now()))
		return err
	})
	if err == nil {
		s.Due()
	}
	return e, secret, wrap("add a webhook", err)
}

// List returns the endpoints of a user, oldest first.
func (s *Store) List(ctx context.Context, owner uuid.UUID) ([]Endpoint, error) {
	rows, _ := s.Pool.Query(ctx, `
		select `+columns+` from webhook_endpoints where owner_id = $1 order by created_at, id`, owner)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Endpoint])
	return all, wrap("list webhooks", err)
}

// Get returns an endpoint.
func (s *Store) Get(ctx context.Context, owner, id uuid.UUID) (Endpoint, error) {
	e, err := one(s.Pool.Query(ctx, `
		select `+columns+` from webhook_endpoints where owner_id = $1 and id = $2`, owner, id))
	return e, wrap("read a webhook", err)
}

// Change is what becomes different; nil: it stays.
type Change struct {
	URL    *string
	Types  []string
	Status *Status // Active or Paused
}

// Change changes an endpoint. Active begins anew: what has failed before does not count any more, and
// what waits is sent at once.
func (s *Store) Change(ctx context.Context, owner, id uuid.UUID, c Change) (Endpoint, error) {
	var wrong error
	if c.URL != nil {
		wrong = s.Addresses.check(*c.URL)
	}
	if err := errors.Join(wrong, checkTypes(c.Types)); err != nil {
		return Endpoint{}, err
	}
	var types any // null
	if c.Types != nil {
		types = unique(c.Types)
	}
	e, err := write(ctx, s, one, `
		with resumed as (
			update webhook_deliveries set next_at = $6
			where endpoint_id = $2 and status = 'pending' and next_at > $6 and $5 = 'active'
				and exists (select from webhook_endpoints where id = $2 and owner_id = $1 and status <> 'active')
		)
		update webhook_endpoints
		set url = coalesce($3, url), types = coalesce($4, types), status = coalesce($5, status),
			failing_since = case when $5 = 'active' then null else failing_since end,
			given_up = case when $5 = 'active' then 0 else given_up end
		where owner_id = $1 and id = $2
		returning `+columns, owner, id, c.URL, types, c.Status, s.Now())
	s.Due()
	return e, wrap("change a webhook", err)
}

// Delete removes an endpoint with its deliveries.
func (s *Store) Delete(ctx context.Context, owner, id uuid.UUID) error {
	_, err := write(ctx, s, one, `
		delete from webhook_endpoints where owner_id = $1 and id = $2 returning `+columns, owner, id)
	return wrap("delete a webhook", err)
}

// Rotate makes a new secret and returns it. For a day, deliveries are signed with the old one too.
func (s *Store) Rotate(ctx context.Context, owner, id uuid.UUID) (Endpoint, Secret, error) {
	secret, now := newSecret(), s.Now()
	e, err := write(ctx, s, one, `
		update webhook_endpoints
		set secret = $3, old_secret = secret, old_until = $4
		where owner_id = $1 and id = $2
		returning `+columns, owner, id, []byte(secret), now.Add(oldSecretFor))
	return e, secret, wrap("change the secret of a webhook", err)
}

// write runs one statement, reads its row, and returns when it is durable.
func write[R any](ctx context.Context, s *Store, read func(pgx.Rows, error) (R, error), sql string,
	args ...any,
) (R, error) {
	var row R
	err := eventstore.Commit(ctx, s.Pool, func(tx pgx.Tx) (err error) {
		row, err = read(tx.Query(ctx, sql, args...))
		return err
	})
	return row, err
}

func one(rows pgx.Rows, _ error) (Endpoint, error) {
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Endpoint])
	if errors.Is(err, pgx.ErrNoRows) {
		return e, ErrNotFound
	}
	return e, err
}

func checkTypes(types []string) error {
	for _, t := range types {
		if !slices.Contains(Types(), Type(t)) {
			return &domain.InvalidError{Fields: []domain.FieldError{
				{Field: "types", Message: fmt.Sprintf("There is no type %q.", t)},
			}}
		}
	}
	return nil
}

// unique sorts types, and is never nil.
func unique(types []string) []string {
	sorted := append([]string{}, types...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
