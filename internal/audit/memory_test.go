package audit_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// A verification keeps the state of one stream, and not of all: those of this log take 7 MB
// together. The test is alone in the process, because it measures the heap.
func TestAVerificationNeedsTheMemoryOfOneStream(t *testing.T) { //nolint:paralleltest // see above
	pool := dbtest.Connect(t, dbtest.URL(t), dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
	keys, err := audit.NewKeys(secret)
	dbtest.Must(t, err)
	b := &box{t, context.Background(), pool, eventstore.NewLog(pool), keys, audit.NewCheckpoints(pool, keys),
		map[uuid.UUID]int{}}
	const streams, bookings = 100, 400
	for n := range streams {
		var news []appendtest.Record
		add := func(r domain.Record) {
			name, schema, data, err := domain.Codec{}.Encode(r)
			dbtest.Must(t, err)
			news = append(news, appendtest.Record{Type: name, SchemaVersion: schema, Data: data})
		}
		add(domain.EventScheduled{Details: concert(n), Capacity: bookings})
		for i := range bookings {
			add(domain.TicketBooked{BookingID: id('b', n*bookings+i), CustomerID: id('c', n*bookings+i)})
		}
		_, err := appendtest.Append(b.ctx, pool, id('e', n+1), 0, news...)
		dbtest.Must(t, err)
	}
	b.readModels()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, after, saves := heap(), int64(0), 0
	r := b.verify(func(o *audit.VerifyOptions) {
		o.SaveEvery = time.Nanosecond
		o.Save = func([]byte) { // after a page of positions, and after each stream
			if saves++; saves == 1+streams { // no chunk is on its way any more
				after = heap()
			}
		}
	})
	if !r.OK() || r.Streams != streams || after == 0 {
		t.Fatalf("got %+v", r)
	}
	if grown := after - before; grown > 3<<20 {
		t.Errorf("the heap has grown by %d kB", grown>>10)
	} else {
		t.Logf("the heap has grown by %d kB", grown>>10)
	}
}
