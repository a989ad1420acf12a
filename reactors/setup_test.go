package reactors_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(helperURL); url != "" {
		help(url)
	}
	dbtest.Main(m)
}

var silent = slog.New(slog.DiscardHandler)

// bundle is a database with a log, and what has been handled.
type bundle struct {
	t        *testing.T
	url      string
	pool     *pgxpool.Pool
	notifier *engine.Notifier
	stream   uuid.UUID
	version  int

	mu      sync.Mutex
	handled []string // ids of messages
}

func setup(t *testing.T) *bundle {
	t.Helper()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(4))
	b := &bundle{t: t, url: url, pool: pool, stream: uuid.New(), notifier: notify(t, url, pool)}
	b.exec(`create table effects (id text, by text)`)
	return b
}

func notify(t *testing.T, url string, pool *pgxpool.Pool) *engine.Notifier {
	t.Helper()
	n := engine.NewNotifier(url, pool, nil, silent)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { n.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return n
}

// add appends records of a type.
func (b *bundle) add(n int, of string) {
	b.t.Helper()
	records := make([]appendtest.Record, n)
	for i := range records {
		records[i] = appendtest.Record{Type: of, SchemaVersion: 1, Data: fmt.Appendf(nil, `{"n": %d}`, b.version+i+1)}
	}
	_, err := appendtest.Append(context.Background(), b.pool, b.stream, b.version, records...)
	must(b.t, err)
	b.version += n
	b.notifier.Appended()
}

// start runs reactors until stop is called or the test ends, quickly.
func (b *bundle) start(all ...reactors.Reactor) (stop func()) {
	b.t.Helper()
	return b.startWith(reactors.Options{Reactors: all, Pool: dbtest.Connect(b.t, b.url,
		dbtest.MaxConns(reactors.Connections(len(all))))})
}

func (b *bundle) startWith(o reactors.Options) (stop func()) {
	b.t.Helper()
	if o.Notifier == nil {
		o.Notifier = b.notifier
	}
	if o.Lease == 0 {
		o.Lease = time.Second
	}
	o.Holder, o.Retry, o.Logger = "test", time.Millisecond, slog.New(slog.NewTextHandler(b.t.Output(), nil))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := reactors.Run(ctx, o); err != nil {
			b.t.Errorf("reactors: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	b.t.Cleanup(stop)
	return stop
}

// note is a handler that only notes what it got.
func (b *bundle) note(m *message.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handled = append(b.handled, m.UUID)
	return nil
}

func (b *bundle) seen() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.handled...)
}

// begun waits until a reactor is run.
func (b *bundle) begun(name string) {
	b.t.Helper()
	b.eventually("the reactor begins", func() bool {
		return b.count(`select count(*) from reactor_offsets where name = $1 and holder is not null`, name) == 1
	})
}

func (b *bundle) eventually(what string, holds func() bool) {
	b.t.Helper()
	if !waittest.Until(60*time.Second, holds) {
		b.t.Fatalf("timeout: %s (handled %v)", what, b.seen())
	}
}

func (b *bundle) exec(sql string) {
	b.t.Helper()
	_, err := b.pool.Exec(context.Background(), sql)
	must(b.t, err)
}

func (b *bundle) count(sql string, args ...any) (n int) {
	b.t.Helper()
	must(b.t, b.pool.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
