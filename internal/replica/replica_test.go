//go:build unix

package replica_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// bundle is a primary, whose one read model is always up to date, and a set of replicas.
type bundle struct {
	*testing.T
	pool    *pgxpool.Pool
	log     *eventstore.Log
	reached atomic.Int64
	set     *replica.Set
	said    logtest.Buffer
}

func start(t *testing.T, primary string, replicas ...string) *bundle {
	t.Helper()
	b := &bundle{T: t, pool: dbtest.Connect(t, primary)}
	b.log = eventstore.NewLog(b.pool)
	address, err := url.Parse(replicas[0])
	dbtest.Must(t, err)
	hosts := make([]string, len(replicas))
	for i, r := range replicas {
		u, err := url.Parse(r)
		dbtest.Must(t, err)
		hosts[i] = u.Host
	}
	address.Host = strings.Join(hosts, ",")
	b.set, err = replica.Open(t.Context(), replica.Options{
		URL: address.String(), Connections: 2, Primary: b.pool, Reached: b.reached.Load, Checkpoints: []string{"model"},
		Logger: slog.New(slog.NewJSONHandler(&b.said, nil)),
	})
	dbtest.Must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { b.set.Run(ctx) })
	t.Cleanup(func() {
		stop()
		work.Wait()
		b.set.Close()
		if t.Failed() {
			t.Log(b.said.String())
		}
	})
	return b
}

// append adds a record and brings the read model to it.
func (b *bundle) append() (position int64) {
	b.Helper()
	records, err := appendtest.Append(context.Background(), b.pool, uuid.New(), 0,
		appendtest.Record{Type: "Noted", SchemaVersion: 1, Data: []byte(`{}`)})
	dbtest.Must(b, err)
	position = records[0].Position
	_, err = b.pool.Exec(context.Background(), `
		insert into projection_checkpoints (name, position) values ('model', $1)
		on conflict (name) do update set position = excluded.position`, position)
	dbtest.Must(b, err)
	b.reached.Store(position)
	return position
}

func (b *bundle) waitForUse(want int) {
	b.Helper()
	if !waittest.Until(time.Minute, func() bool { used, _ := b.set.InUse(); return used == want }) {
		used, all := b.set.InUse()
		b.Fatalf("%d of %d replicas are used, want %d", used, all, want)
	}
}

// head is the end of the log where a request would read it.
func (b *bundle) head(r *replica.Replica) int64 {
	b.Helper()
	ctx := b.Context()
	if r != nil {
		ctx = replica.With(ctx, r)
	}
	head, err := eventstore.NewLog(replica.Reader{Pool: b.pool}).Head(ctx)
	dbtest.Must(b, err)
	return head
}

func TestReadersGetAReplicaThatHasWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	one, other := dbtest.NewReplica(t, primary), dbtest.NewReplica(t, primary)
	b := start(t, primary.URL(), one.URL, other.URL)
	first := b.append()
	b.waitForUse(2)
	seen := map[*replica.Replica]bool{}
	if !waittest.Until(5*time.Second, func() bool {
		if r := b.set.Choose(t.Context(), first); r != nil {
			seen[r] = true
		}
		return len(seen) == 2
	}) {
		t.Fatalf("%d replicas share the reads, want 2", len(seen))
	}

	one.Pause()
	second := b.append()
	var goesOn *replica.Replica
	if !waittest.Until(5*time.Second, func() bool { goesOn = b.set.Choose(t.Context(), second); return goesOn != nil }) {
		t.Fatal("the replica that goes on is not used")
	}
	if b.head(goesOn) != second {
		t.Error("it does not have what it is said to have")
	}
	other.Pause()
	third := b.append()
	began := time.Now()
	if r := b.set.Choose(t.Context(), third); r != nil {
		t.Errorf("got a replica for a position that none has reached")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the primary was asked after %s only", took)
	}
	if r := b.set.Choose(t.Context(), 0); r == nil || b.head(r) == third {
		t.Errorf("got %v for a reader who asks for nothing, want a replica", r)
	}
	if b.head(nil) != third {
		t.Error("without a replica in the context, something other than the primary was read")
	}

	b.waitForUse(0) // they are paused for longer than maxLag
	if r := b.set.Choose(t.Context(), 0); r != nil {
		t.Error("a replica that is too far behind is used")
	}
	if !strings.Contains(b.said.String(), "too far behind") {
		t.Error("nobody was told why")
	}
	one.Resume()
	b.waitForUse(1)
	if r := b.set.Choose(t.Context(), third); r == nil || b.head(r) != third {
		t.Errorf("got %v after it has caught up", r)
	}
}

func TestAReplicaThatIsGoneIsLeftOutUntilItIsBack(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	r := dbtest.NewReplica(t, primary)
	b := start(t, primary.URL(), r.URL)
	b.append()
	b.waitForUse(1)
	reading := replica.With(t.Context(), b.set.Choose(t.Context(), 0))
	r.Kill()
	began := time.Now()
	b.waitForUse(0)
	if took := time.Since(began); took > 5*time.Second { // a busy machine is slow; most of the time it is one check
		t.Errorf("it was left out after %s", took)
	}
	select {
	case <-reading.Done(): // who reads from it is not kept waiting
	case <-time.After(5 * time.Second):
		t.Error("a reader waits for a replica that is gone")
	}
	b.append()
	r.Start()
	b.waitForUse(1)
	if got := b.set.Choose(t.Context(), b.reached.Load()); got == nil {
		t.Error("it is not used again")
	}
}

// After a failover that lost commits, the replica of the old primary has what the new one never
// had.
func TestAReplicaOfAnotherLogIsLeftOut(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	diverged := dbtest.NewReplica(t, primary)
	b := start(t, primary.URL(), diverged.URL)
	b.append()
	b.waitForUse(1)
	promoted := dbtest.Connect(t, diverged.URL)
	_, err := promoted.Exec(t.Context(), `select pg_promote()`)
	dbtest.Must(t, err)
	old := &bundle{T: t, pool: promoted, log: eventstore.NewLog(promoted)}
	old.append() // at the same position as the next one of the primary
	b.append()
	b.waitForUse(0)
	if !strings.Contains(b.said.String(), "its log is not the primary's") {
		t.Error("nobody was told why")
	}
	b.append()
	if used, _ := b.set.InUse(); used != 0 {
		t.Error("it is used")
	}
}

// The position that the primary had before the restore is one that no replica will reach soon.
func TestAReplicaIsUsedAfterThePrimaryWasRestored(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	r := dbtest.NewReplica(t, primary)
	b := start(t, primary.URL(), r.URL)
	restored := b.append()
	b.waitForUse(1)
	b.reached.Store(restored + 1000)
	b.waitForUse(0)
	b.reached.Store(restored)
	b.waitForUse(1)
}

func TestNothingIsWrittenToAReplica(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	r := dbtest.NewReplica(t, primary)
	b := start(t, primary.URL(), r.URL)
	b.waitForUse(1)
	chosen := b.set.Choose(t.Context(), 0)
	reader := replica.Reader{Pool: b.pool}
	rows, err := reader.Query(replica.With(t.Context(), chosen), `update log_head set position = position`)
	if err == nil {
		rows.Close()
		err = rows.Err()
	}
	if !eventstore.IsReadOnly(err) {
		t.Errorf("got %v, want that it is read-only", err)
	}
	if _, err := reader.Exec(replica.With(t.Context(), chosen), `update log_head set position = position`); err != nil {
		t.Errorf("what writes has to go to the primary: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"postgres://u:secret@a,b:5433/db": true, "postgresql://a/db?sslmode=disable": true,
		"postgres://u:secret@a:no-port/db": false, "http://a": false,
	} {
		err := replica.CheckURL(address)
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is repeated: %v", err)
		}
	}
}
