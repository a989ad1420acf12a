package audit_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// A quick run draws as many random histories: fewer have too few offers.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		if err := flag.Set("rapid.checks", "500"); err != nil { // of which rapid takes a fifth
			panic(err)
		}
	}
	dbtest.Main(m)
}

// box is a database with a log.
type box struct {
	*testing.T
	ctx         context.Context
	pool        *pgxpool.Pool
	log         *eventstore.Log
	keys        *audit.Keys
	checkpoints *audit.Checkpoints
	versions    map[uuid.UUID]int
}

const secret = "a signing secret for tests, which is long enough"

func open(t *testing.T) *box {
	t.Helper()
	t.Parallel()
	keys, err := audit.NewKeys(secret)
	dbtest.Must(t, err)
	return openWith(t, keys)
}

func openWith(t *testing.T, keys *audit.Keys) *box {
	t.Helper()
	pool := dbtest.Connect(t, dbtest.URL(t), dbtest.MaxConns(engine.RebuildConnections),
		dbtest.Settings(engine.Session()))
	return &box{t, context.Background(), pool, eventstore.NewLog(pool), keys, audit.NewCheckpoints(pool, keys),
		map[uuid.UUID]int{}}
}

// id is short to write and easy to see in a message.
func id(kind byte, n int) uuid.UUID {
	return uuid.UUID{0: kind, 6: 0x40, 8: 0x80, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

func concert(n int) domain.Details {
	return domain.Details{Title: fmt.Sprintf("Concert %d <&>", n), Venue: "Hall", TimeZone: "UTC",
		StartsAt: time.Date(2090, 1, 1, 20, 0, 0, 0, time.UTC), Currency: "EUR", TicketTypes: domain.GeneralAdmission(100)}
}

// happen appends records to a stream without checking any rule.
func (b *box) happen(stream uuid.UUID, records ...domain.Record) []eventstore.Record {
	b.Helper()
	var news []appendtest.Record
	for _, r := range records {
		name, schema, data, err := domain.Codec{}.Encode(r)
		dbtest.Must(b, err)
		news = append(news, appendtest.Record{Type: name, SchemaVersion: schema, Data: data,
			Metadata: eventstore.Metadata{Actor: id('u', 1), CorrelationID: "test"}})
	}
	stored, err := appendtest.Append(b.ctx, b.pool, stream, b.versions[stream], news...)
	dbtest.Must(b, err)
	b.versions[stream] += len(records)
	return stored
}

// sell makes an event with a history: n bookings, of which every third is given back.
func (b *box) sell(stream uuid.UUID, n int) {
	b.Helper()
	records := []domain.Record{domain.EventScheduled{Details: concert(int(stream[15])), Capacity: n + 1}}
	for i := range n {
		sold := domain.TicketBooked{BookingID: id(stream[15], i), CustomerID: id('c', i)}
		records = append(records, sold)
		if i%3 == 2 {
			records = append(records, domain.BookingCancelled{BookingID: sold.BookingID, CustomerID: sold.CustomerID})
		}
	}
	b.happen(stream, records...)
}

// sample fills the log with the interleaved records of two streams: 28 records.
func (b *box) sample() (one, other uuid.UUID) {
	b.Helper()
	one, other = id('e', 1), id('e', 2)
	b.sell(one, 9)
	b.sell(other, 9)
	b.happen(one, domain.CapacityChanged{Capacity: 20})
	b.happen(other, domain.EventCancelled{})
	return one, other
}

func (b *box) readModels() {
	b.Helper()
	for _, p := range projections.All() {
		_, err := engine.Rebuild(b.ctx, p, engine.RebuildOptions{Pool: b.pool, Holder: "test"})
		dbtest.Must(b, err)
	}
}

func (b *box) sign() audit.Checkpoint {
	b.Helper()
	written, err := b.checkpoints.Write(b.ctx)
	dbtest.Must(b, err)
	if !written {
		b.Fatal("no checkpoint was written")
	}
	newest, err := b.checkpoints.Newest(b.ctx)
	dbtest.Must(b, err)
	return newest
}

// tamper does what only a superuser can.
func (b *box) tamper(sql string, args ...any) {
	b.Helper()
	conn, err := b.pool.Acquire(b.ctx)
	dbtest.Must(b, err)
	defer conn.Release()
	_, err = conn.Exec(b.ctx, `set session_replication_role = replica`)
	dbtest.Must(b, err)
	tag, err := conn.Exec(b.ctx, sql, args...)
	dbtest.Must(b, err)
	if tag.RowsAffected() == 0 {
		b.Fatalf("%s changed nothing", sql)
	}
	_, err = conn.Exec(b.ctx, `reset session_replication_role`)
	dbtest.Must(b, err)
}

// rehash computes the chain of a stream anew from a version on, as a careful forger would.
func (b *box) rehash(stream uuid.UUID, from int) {
	b.Helper()
	records, err := b.log.Stream(b.ctx, stream, 0, 1000)
	dbtest.Must(b, err)
	var previous eventstore.Hash
	for i := range records {
		r := &records[i]
		if r.Version >= from {
			r.Hash = r.Sum(previous)
			b.tamper(`update event_log set hash = $1 where position = $2`, r.Hash[:], r.Position)
		}
		previous = r.Hash
	}
}

func (b *box) verify(change ...func(*audit.VerifyOptions)) *audit.Report {
	b.Helper()
	o := audit.VerifyOptions{Pool: b.pool, Keys: b.keys}
	for _, c := range change {
		c(&o)
	}
	report, err := audit.Verify(b.ctx, o)
	dbtest.Must(b, err)
	return report
}

// finds fails unless the first finding is the expected one.
func (b *box) finds(r *audit.Report, check string, position int64, detail string) {
	b.Helper()
	if len(r.Findings) == 0 {
		b.Errorf("nothing was found; want %s at position %d", check, position)
		return
	}
	f := r.Findings[0]
	if f.Check != check || f.Position != position || !strings.Contains(f.Detail, detail) {
		b.Errorf("found %v, want %s at position %d with %q; all: %v", f, check, position, detail, r.Findings)
	}
}
