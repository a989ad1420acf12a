//go:build unix

package eventstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Writes beside the log, such as those of accounts, are confirmed only when the standby has them.
func TestAWriteIsConfirmedOnlyWhenTheSynchronousStandbyHasIt(t *testing.T) {
	t.Parallel()
	for name, interrupt := range interruptions() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPair(t)
			pool := newPool(t, p.url, 1, nil)
			write := func(id string) error {
				return eventstore.Commit(context.Background(), pool, func(tx pgx.Tx) error {
					_, err := tx.Exec(context.Background(),
						`insert into access_revocations (user_id, revoked_at) values ($1, now())`, id)
					return err
				})
			}
			const confirmed, unconfirmed = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
			if err := write(confirmed); err != nil {
				t.Fatalf("with a standby that works: %v", err)
			}
			p.network.freeze()
			call := begin(func() (result, error) { return result{}, write(unconfirmed) })
			interrupt(p, t)
			if a := call.get(t); !errors.Is(a.err, eventstore.ErrOutcomeUnknown) {
				t.Errorf("a write that only the primary has: got %v, want an unknown outcome", a.err)
			}
			after := p.failOver(t)
			if n := after.count(t, `select count(*) from access_revocations where user_id = '`+confirmed+`'`); n != 1 {
				t.Error("a write that was confirmed is lost")
			}
		})
	}
}

func TestAWriteThatIsRefusedIsNotAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pool := newPool(t, b.url, 1, nil)
	refused := errors.New("refused")
	err := eventstore.Commit(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(),
			`insert into access_revocations (user_id, revoked_at) values (gen_random_uuid(), now())`)
		return errors.Join(err, refused)
	})
	if !errors.Is(err, refused) || b.count(t, `select count(*) from access_revocations`) != 0 {
		t.Errorf("got %v", err)
	}
	// A warning before the COMMIT says nothing of it, and an error at COMMIT is a refusal.
	err = eventstore.Commit(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `do $$ begin raise warning 'of no interest'; end $$`)
		return err
	})
	if err != nil {
		t.Errorf("after a warning: %v", err)
	}
	mustExec(t, b.pool, `create table later (id int unique deferrable initially deferred)`)
	err = eventstore.Commit(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into later values (1), (1)`)
		return err
	})
	if err == nil || errors.Is(err, eventstore.ErrOutcomeUnknown) {
		t.Errorf("a COMMIT that PostgreSQL refuses: got %v", err)
	}
}
