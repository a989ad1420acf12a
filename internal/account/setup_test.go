package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

const (
	accessSecret  = "access secret of the tests, 32 bytes"
	refreshSecret = "refresh secret of the tests, 32 bytes"
	goodPassword  = "securePassword123"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// clock stands still until the test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	// Not a whole second: tokens have whole seconds, and that must not matter.
	return &clock{now: time.Date(2025, 3, 15, 10, 0, 0, 700_300_200, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bundle is what a test works with.
type bundle struct {
	*account.Accounts
	pool   *pgxpool.Pool
	signer *account.Signer
	clock  *clock
}

func setup(tb testing.TB) bundle {
	tb.Helper()
	return setupWith(tb, account.Options{})
}

func setupWith(tb testing.TB, options account.Options) bundle {
	tb.Helper()
	clock := newClock()
	b := bundle{pool: dbtest.Pool(tb), clock: clock, signer: newSigner(tb, clock, account.Secrets{})}
	b.Accounts = newAccounts(tb, b.pool, b.signer, options)
	return b
}

// process is another process on the same database, with secrets of its own.
func (b bundle) process(tb testing.TB, secrets account.Secrets) bundle {
	tb.Helper()
	b.signer = newSigner(tb, b.clock, secrets)
	b.Accounts = newAccounts(tb, b.pool, b.signer, account.Options{})
	return b
}

func newSigner(tb testing.TB, clock *clock, secrets account.Secrets) *account.Signer {
	tb.Helper()
	if secrets.Access == nil {
		secrets.Access = []string{accessSecret}
	}
	if secrets.Refresh == nil {
		secrets.Refresh = []string{refreshSecret}
	}
	signer, err := account.NewSigner(secrets, clock.Now)
	if err != nil {
		tb.Fatal(err)
	}
	return signer
}

func newAccounts(tb testing.TB, pool *pgxpool.Pool, signer *account.Signer, options account.Options) *account.Accounts {
	tb.Helper()
	if options.Cost == 0 {
		options.Cost, options.WeakCost = bcrypt.MinCost, true
	}
	accounts, err := account.New(pool, signer, options)
	if err != nil {
		tb.Fatal(err)
	}
	return accounts
}

// register makes a user whose e-mail is the name at example.com.
func (b bundle) register(tb testing.TB, name string) (account.User, account.Tokens) {
	tb.Helper()
	user, tokens, err := b.Register(tb.Context(),
		account.Registration{Email: name + "@example.com", Password: goodPassword, Name: name})
	if err != nil {
		tb.Fatalf("register %s: %v", name, err)
	}
	return user, tokens
}

func (b bundle) mustRefresh(tb testing.TB, token string) account.Tokens {
	tb.Helper()
	_, tokens, err := b.Refresh(tb.Context(), token)
	if err != nil {
		tb.Fatalf("refresh: %v", err)
	}
	return tokens
}

func (b bundle) refreshErr(tb testing.TB, token string) error {
	tb.Helper()
	_, tokens, err := b.Refresh(tb.Context(), token)
	if err != nil && tokens != (account.Tokens{}) {
		tb.Errorf("refresh answered with tokens beside the error %v", err)
	}
	return err
}

// lockUser keeps changes of the user waiting until release is called.
func (b bundle) lockUser(t *testing.T, id uuid.UUID) (release func()) {
	t.Helper()
	ctx := t.Context()
	lock, err := b.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Rollback(context.Background()) }) // over already, unless the test has failed
	if _, err := lock.Exec(ctx, `select from users where id = $1 for no key update`, id); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := lock.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func (b bundle) count(tb testing.TB, table string) (n int) {
	tb.Helper()
	if err := b.pool.QueryRow(tb.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// dump is every row of every table, as text.
func (b bundle) dump(tb testing.TB) (text string) {
	tb.Helper()
	ctx := tb.Context()
	var tables []string
	err := b.pool.QueryRow(ctx,
		`select array_agg(tablename::text) from pg_tables where schemaname = 'public'`).Scan(&tables)
	if err != nil {
		tb.Fatal(err)
	}
	for _, table := range tables {
		var rows string
		err := b.pool.QueryRow(ctx,
			fmt.Sprintf(`select coalesce(string_agg(t::text, e'\n'), '') from %q t`, table)).Scan(&rows)
		if err != nil {
			tb.Fatal(err)
		}
		text += rows + "\n"
	}
	return text
}

// atOnce runs do n times concurrently and returns the errors.
func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

// eventually waits for a condition that nothing signals.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	if !waittest.Until(time.Minute, holds) {
		tb.Fatalf("waited in vain: %s", what)
	}
}

func wantErr(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Fatalf("got error %v, want %v", err, want)
	}
}

func aUser() account.User {
	return account.User{
		ID: uuid.MustParse("0190a6f0-7b1e-7c3a-9d53-2f6f5c1f7a11"), Email: "alice@example.com", Name: "Alice",
		Role: account.Organizer,
	}
}
