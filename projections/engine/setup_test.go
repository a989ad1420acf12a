package engine_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// The test binary is also the process that tests kill.
func TestMain(m *testing.M) {
	if task := os.Getenv(helperTask); task != "" {
		help(task)
		return
	}
	// They wait for the database and for clocks more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	dbtest.Main(m)
}

const connections = 2*engine.ConnectionsEach + engine.ConnectionsShared

var silent = slog.New(slog.DiscardHandler)

// bundle is what a test works with: a database of its own, and a history to write.
type bundle struct {
	dbtest.Database
	*history
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := dbtest.New(t)
	db.Exec(schema)
	return &bundle{db, newHistory(t, db.Pool)}
}

// start runs the projections. Its options say in which way they differ from the usual.
func (b *bundle) start(change ...func(*engine.Options)) *enginetest.Process {
	b.Helper()
	pool := dbtest.Connect(b, b.URL, dbtest.MaxConns(connections+2), dbtest.Settings(engine.RunSession()))
	return b.startOn(pool, change...)
}

func (b *bundle) startOn(pool *pgxpool.Pool, change ...func(*engine.Options)) *enginetest.Process {
	b.Helper()
	p := enginetest.Start(b.Database, pool, all(), change...)
	b.notifiers = append(b.notifiers, p.Notifier)
	return p
}

// history appends to streams, as the executor would.
type history struct {
	t         testing.TB
	pool      *pgxpool.Pool
	notifiers []*engine.Notifier // told of appends
	random    *rand.Rand

	versions map[uuid.UUID]int
	baskets  []uuid.UUID
	items    []item // that were not removed
	head     int64
}

func newHistory(t testing.TB, pool *pgxpool.Pool) *history {
	return &history{
		t: t, pool: pool, random: rand.New(rand.NewPCG(1, 2)), versions: map[uuid.UUID]int{},
	}
}

func (h *history) append(basket uuid.UUID, records ...appendtest.Record) {
	h.t.Helper()
	for i := range records {
		records[i].Metadata = eventstore.Metadata{CorrelationID: fmt.Sprint("request ", h.head+1)}
	}
	stored, err := appendtest.Append(context.Background(), h.pool, basket, h.versions[basket], records...)
	dbtest.Must(h.t, err)
	h.versions[basket] += len(records)
	h.head = stored[len(stored)-1].Position
	for _, n := range h.notifiers {
		n.Appended()
	}
}

func (c change) record(t testing.TB) appendtest.Record {
	data, err := json.Marshal(c)
	dbtest.Must(t, err)
	return appendtest.Record{Type: c.kind, SchemaVersion: 1, Data: data}
}

// unknown is a record of a newer program.
func unknown() appendtest.Record {
	return appendtest.Record{Type: "Teleported", SchemaVersion: 1, Data: []byte(`{}`)}
}

// broken is a record that no program can decode.
func broken() appendtest.Record {
	return appendtest.Record{Type: typeAdded, SchemaVersion: 1, Data: []byte(`{"item": 7}`)}
}

// open opens a basket.
func (h *history) open(label string) uuid.UUID {
	h.t.Helper()
	basket := uuid.New()
	h.append(basket, change{kind: typeOpened, Label: label}.record(h.t))
	h.baskets = append(h.baskets, basket)
	return basket
}

// add puts n items into a basket in one append.
func (h *history) add(basket uuid.UUID, n int) {
	h.t.Helper()
	records := make([]appendtest.Record, n)
	for i := range records {
		added := item{ID: uuid.New(), Basket: basket, Size: h.random.IntN(100)}
		h.items = append(h.items, added)
		records[i] = change{kind: typeAdded, Item: added.ID, Size: added.Size}.record(h.t)
	}
	h.append(basket, records...)
}

// remove takes any item out.
func (h *history) remove() {
	h.t.Helper()
	i := h.random.IntN(len(h.items))
	h.append(h.items[i].Basket, change{kind: typeRemoved, Item: h.items[i].ID}.record(h.t))
	h.items = slices.Delete(h.items, i, i+1)
}

// live lets n things happen to the baskets there are, or to five new ones.
func (h *history) live(n int) {
	h.t.Helper()
	for i := len(h.baskets); i < 5; i++ {
		h.open(fmt.Sprint("Basket ", i))
	}
	for range n {
		if len(h.items) > 0 && h.random.IntN(3) == 0 {
			h.remove()
		} else {
			h.add(h.baskets[h.random.IntN(len(h.baskets))], 1)
		}
	}
}

// checkFold compares the read models with a fold of the log that is made here, without the engine.
func (b *bundle) checkFold() {
	b.Helper()
	ctx := context.Background()
	records, err := eventstore.NewLog(b.Pool).After(ctx, 0, 1_000_000)
	dbtest.Must(b, err)
	baskets, items := map[uuid.UUID]basket{}, map[uuid.UUID]item{}
	for _, r := range records {
		c, err := decode(r.Type, r.SchemaVersion, r.Data)
		dbtest.Must(b, err)
		row := baskets[r.StreamID]
		switch c.kind {
		case typeOpened:
			row = basket{ID: r.StreamID, Label: c.Label}
		case typeAdded:
			row.Items++
			items[c.Item] = item{ID: c.Item, Basket: r.StreamID, Size: c.Size, Version: r.Version}
		case typeRemoved:
			row.Items--
			removed := items[c.Item]
			removed.Removed, removed.Version = &r.RecordedAt, r.Version
			items[c.Item] = removed
		}
		row.Last = r.RecordedAt
		baskets[r.StreamID] = row
	}
	checkRows(b, basketsTable(), baskets, func(r basket) uuid.UUID { return r.ID })
	checkRows(b, itemsTable(), items, func(r item) uuid.UUID { return r.ID })
}

func checkRows[Row any](b *bundle, t *engine.Table[Row, change], want map[uuid.UUID]Row, id func(Row) uuid.UUID) {
	b.Helper()
	rows, _ := b.Pool.Query(context.Background(), `select `+t.ColumnList("")+` from `+t.Name())
	got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Row, err error) {
		return r, engine.Scan(row, t.Fields(&r)...)
	})
	dbtest.Must(b, err)
	wrong := 0
	for i := range got {
		wanted, ok := want[id(got[i])]
		if text := fmt.Sprint(texts(t.Fields(&got[i]))); !ok || text != fmt.Sprint(texts(t.Fields(&wanted))) {
			if wrong++; wrong <= 5 {
				b.Errorf("%s: got %s, want %v", t.Name(), text, texts(t.Fields(&wanted)))
			}
		}
	}
	if len(got) != len(want) || wrong > 5 {
		b.Errorf("%s: got %d rows, want %d; %d of them differ", t.Name(), len(got), len(want), wrong)
	}
}

func texts(fields []any) (texts []string) {
	for _, f := range fields {
		text, _ := json.Marshal(f)
		texts = append(texts, string(text))
	}
	return texts
}

// shortLease makes another process take over soon.
func shortLease(o *engine.Options) { o.Lease = 150 * time.Millisecond }
