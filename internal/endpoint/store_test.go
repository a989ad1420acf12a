package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type bundle struct {
	*endpoint.Store
	t     *testing.T
	pool  *pgxpool.Pool
	owner uuid.UUID
	due   atomic.Int32 // how often Due was called
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, pool: dbtest.Connect(t, dbtest.URL(t), dbtest.MaxConns(8))}
	b.Store = &endpoint.Store{
		Pool: b.pool, Addresses: endpoint.NewAddresses(false), Due: func() { b.due.Add(1) }, Now: time.Now,
	}
	b.owner = b.user()
	return b
}

func (b *bundle) user() uuid.UUID {
	b.t.Helper()
	id := uuid.New()
	b.exec(`
		insert into users (id, email, name, role, password_hash, created_at, updated_at)
		values ($1, $2, 'Somebody', 'organizer', '', now(), now())`, id, id.String()+"@example.org")
	return id
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.pool.Exec(context.Background(), sql, args...)
	dbtest.Must(b.t, err)
}

const hook = "https://example.com/hook"

func (b *bundle) create(types ...string) (endpoint.Endpoint, endpoint.Secret) {
	b.t.Helper()
	e, secret, err := b.Create(context.Background(), endpoint.Wanted{OwnerID: b.owner, URL: hook, Types: types})
	dbtest.Must(b.t, err)
	return e, secret
}

// deliver writes one as the reactor does.
func (b *bundle) deliver(e endpoint.Endpoint, message string) {
	b.t.Helper()
	b.exec(`
		insert into webhook_deliveries (endpoint_id, message_id, type, payload, created_at, next_at)
		values ($1, $2, 'event.changed', '{}', $3, $3)`, e.ID, message, time.Now())
}

func TestAddressesThatCannotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for url, fine := range map[string]bool{
		"https://example.com/hook?key=1": true, "https://example.com:8443": true, "https://8.8.8.8/": true,
		"https://[2606:4700:4700::1111]/": true, "https://bücher.example/": true,
		"http://example.com/": false, "": false, "example.com": false, "https://": false, "https:///hook": false,
		"ftp://example.com/": false, "https://user:secret@example.com/": false, "https://example.com/#part": false,
		"https:example.com": false, "https://127.0.0.1/": false, "https://[::1]:8443/": false,
		"https://169.254.169.254/latest": false, "https://[::ffff:10.0.0.1]/": false, "https://exa mple.com/": false,
		"https://localhost/": false, "https://api.LOCALHOST.:8443/": false, "https://localhost.example/": true,
		"https://127.1/": false, "https://2130706433/": false, "https://0x7f.1/": false, "https://0/": false,
		"https://example.com:0/": false, "https://example.com:65536/": false, "https://example.com:65535/": true,
		"https://./": false, "https://example..com/": false, "https://example.com./": true,
		"https://exam\u202eple.com/": false, "https://example.com/\u200b": false, "https://example.com/\u00a0": false,
		"https://example.com/\n": false, "https://example.com/" + strings.Repeat("x", 2000): false,
	} {
		owner := b.user()
		_, _, err := b.Create(context.Background(), endpoint.Wanted{OwnerID: owner, URL: url})
		if (err == nil) != fine || err != nil && !errors.As(err, new(*domain.InvalidError)) {
			t.Errorf("%q: %v", url, err)
		}
		if strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	b.Addresses = endpoint.NewAddresses(true)
	_, _, err := b.Create(context.Background(), endpoint.Wanted{OwnerID: b.owner, URL: "http://localhost:8080/"})
	dbtest.Must(t, err)
}

func TestTypesThatAreNotKnownAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wanted := endpoint.Wanted{OwnerID: b.owner, URL: hook, Types: []string{"event.changed", "event.exploded"}}
	if _, _, err := b.Create(context.Background(), wanted); !errors.As(err, new(*domain.InvalidError)) {
		t.Errorf("got %v", err)
	}
	e, _ := b.create("event.changed", "booking.confirmed", "event.changed")
	if got := fmt.Sprint(e.Types); got != "[booking.confirmed event.changed]" {
		t.Errorf("types %s", got)
	}
}

func TestTenAtOnceAreTheMost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 10 {
		b.owner = b.user()
		for range endpoint.MaxPerOwner - 1 {
			b.create()
		}
		var all sync.WaitGroup
		gate, errs := make(chan struct{}), make([]error, 8)
		for i := range errs {
			all.Go(func() {
				<-gate
				_, _, errs[i] = b.Create(context.Background(), endpoint.Wanted{OwnerID: b.owner, URL: hook})
			})
		}
		close(gate)
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, endpoint.ErrTooMany) {
				t.Error(err)
			}
		}
		if made != 1 {
			t.Errorf("%d more were made than nine", made)
		}
	}
	_, _, err := b.Create(context.Background(), endpoint.Wanted{OwnerID: uuid.New(), URL: hook})
	if !errors.Is(err, endpoint.ErrNoOwner) {
		t.Errorf("without an account: %v", err)
	}
}

func TestWebhooksOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := b.create()
	b.deliver(e, "1")
	ctx, other := context.Background(), b.user()
	_, errGet := b.Get(ctx, other, e.ID)
	paused := endpoint.Paused
	_, errChange := b.Change(ctx, other, e.ID, endpoint.Change{Status: &paused})
	_, _, errRotate := b.Rotate(ctx, other, e.ID)
	_, errList := b.Deliveries(ctx, other, e.ID, 0, 10)
	_, errAgain := b.Redeliver(ctx, other, e.ID, 1)
	_, errTest := b.SendTest(ctx, other, e.ID, "")
	for i, err := range []error{errGet, errChange, errRotate, errList, errAgain, errTest, b.Delete(ctx, other, e.ID)} {
		if !errors.Is(err, endpoint.ErrNotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if all, err := b.List(ctx, other); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	mine, err := b.List(ctx, b.owner)
	if err != nil || len(mine) != 1 || mine[0].Status != endpoint.Active {
		t.Errorf("%+v, %v", mine, err)
	}
}

func TestASecretIsShownOnceAndNeverPrinted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, secret := b.create()
	if !strings.HasPrefix(secret.Reveal(), "whsec_") || len(secret) != 32 {
		t.Errorf("the secret has %d bytes", len(secret))
	}
	for _, form := range []string{"%v", "%s", "%x", "%q", "%+v", "%#v", "%d"} {
		if text := fmt.Sprintf(form, secret); text != "whsec_…" {
			t.Errorf("%s prints %s", form, text)
		}
	}
	again, second, err := b.Rotate(context.Background(), b.owner, e.ID)
	dbtest.Must(t, err)
	if second.Reveal() == secret.Reveal() || again.OldUntil == nil || time.Until(*again.OldUntil) < 23*time.Hour {
		t.Errorf("after the rotation: %+v", again)
	}
}

func TestADeliveryIsSentAgainFromTheBeginning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := b.create()
	if n := b.due.Swap(0); n != 1 {
		t.Errorf("Due was called %d times for a new webhook", n)
	}
	b.deliver(e, "1")
	b.exec(`update webhook_deliveries set status = 'failed', next_at = null, attempts = 12, error = 'x'`)
	ctx := context.Background()
	before, err := b.Deliveries(ctx, b.owner, e.ID, 0, 10)
	dbtest.Must(t, err)
	d, err := b.Redeliver(ctx, b.owner, e.ID, before[0].ID)
	dbtest.Must(t, err)
	if d.Status != endpoint.Pending || d.Attempts != 0 || d.NextAt == nil || d.MessageID != "1" || b.due.Load() != 1 {
		t.Errorf("%+v, Due was called %d times", d, b.due.Load())
	}
	if _, err := b.Redeliver(ctx, b.owner, e.ID, 999); !errors.Is(err, endpoint.ErrNoDelivery) {
		t.Errorf("got %v", err)
	}
	paused, active := endpoint.Paused, endpoint.Active
	_, err = b.Change(ctx, b.owner, e.ID, endpoint.Change{Status: &paused})
	dbtest.Must(t, err)
	if _, err := b.Redeliver(ctx, b.owner, e.ID, before[0].ID); !errors.Is(err, endpoint.ErrNotActive) {
		t.Errorf("while it is paused: %v", err)
	}
	b.exec(`update webhook_deliveries set next_at = now() + interval '1 day'`)
	_, err = b.Change(ctx, b.owner, e.ID, endpoint.Change{Status: &active})
	dbtest.Must(t, err)
	all, err := b.Deliveries(ctx, b.owner, e.ID, 0, 10)
	if err != nil || time.Until(*all[0].NextAt) > time.Minute {
		t.Errorf("once it is active again: %+v, %v", all, err)
	}
}

func TestDeliveriesAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := b.create()
	for i := range 5 {
		b.deliver(e, fmt.Sprint(i))
	}
	var ids []string
	for before := int64(0); ; {
		page, err := b.Deliveries(context.Background(), b.owner, e.ID, before, 2)
		dbtest.Must(t, err)
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			ids = append(ids, d.MessageID)
		}
		before = page[len(page)-1].ID
	}
	if got := strings.Join(ids, " "); got != "4 3 2 1 0" {
		t.Errorf("got %s", got)
	}
}

func TestDeliveriesAreKeptForThirtyDaysAndAccountsTakeTheirsAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, _ := b.create()
	b.deliver(e, "old")
	b.deliver(e, "new")
	b.exec(`update webhook_deliveries set created_at = now() - interval '30 days 1 minute' where message_id = 'old'`)
	ctx := context.Background()
	dbtest.Must(t, b.DeleteExpired(ctx))
	if left, err := b.Deliveries(ctx, b.owner, e.ID, 0, 10); err != nil || len(left) != 1 || left[0].MessageID != "new" {
		t.Errorf("%+v, %v", left, err)
	}
	b.exec(`delete from users where id = $1`, b.owner)
	var n int
	dbtest.Must(t, b.pool.QueryRow(ctx, `
		select (select count(*) from webhook_endpoints) + (select count(*) from webhook_deliveries)`).Scan(&n))
	if n != 0 {
		t.Errorf("%d rows are left of an erased account", n)
	}
}
