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

	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
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
	dbtest.Database
	notifier *engine.Notifier
	stream   uuid.UUID
	version  int

	mu      sync.Mutex
	handled []string // ids of messages
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := dbtest.New(t)
	db.Exec(`create table effects (id text, by text)`)
	return &bundle{Database: db, stream: uuid.New(), notifier: enginetest.Notify(db)}
}

// add appends records of a type.
func (b *bundle) add(n int, of string) {
	b.Helper()
	records := make([]appendtest.Record, n)
	for i := range records {
		records[i] = appendtest.Record{Type: of, SchemaVersion: 1, Data: fmt.Appendf(nil, `{"n": %d}`, b.version+i+1)}
	}
	_, err := appendtest.Append(context.Background(), b.Pool, b.stream, b.version, records...)
	dbtest.Must(b, err)
	b.version += n
	b.notifier.Appended()
}

// start runs reactors until stop is called or the test ends, quickly.
func (b *bundle) start(all ...reactors.Reactor) (stop func()) {
	b.Helper()
	return b.startWith(reactors.Options{Reactors: all, Pool: dbtest.Connect(b, b.URL,
		dbtest.MaxConns(reactors.Connections(len(all))))})
}

func (b *bundle) startWith(o reactors.Options) (stop func()) {
	b.Helper()
	if o.Notifier == nil {
		o.Notifier = b.notifier
	}
	if o.Lease == 0 {
		o.Lease = time.Second
	}
	o.Holder, o.Retry, o.Logger = "test", time.Millisecond, slog.New(slog.NewTextHandler(b.Output(), nil))
	return waittest.Background(b, func(ctx context.Context) {
		if err := reactors.Run(ctx, o); err != nil {
			b.Errorf("reactors: %v", err)
		}
	})
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
	b.Helper()
	b.eventually("the reactor begins", func() bool {
		return b.Count(`select count(*) from reactor_offsets where name = $1 and holder is not null`, name) == 1
	})
}

func (b *bundle) eventually(what string, holds func() bool) {
	b.Helper()
	if !waittest.Until(waittest.Timeout, holds) {
		b.Fatalf("timeout: %s (handled %v)", what, b.seen())
	}
}
