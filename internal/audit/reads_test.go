package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestReadsOfTheAuditAreRecordsOfTheLog(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	who := uuid.New()
	_, err := b.pool.Exec(b.ctx, `
		insert into audit_reads (user_id, operation, target, request_id)
		select $1, 'listStreams', '/audit/streams?after=' || n, 'r' from generate_series(1, 3) n`, who)
	dbtest.Must(t, err)
	reads := audit.NewReads(b.pool, time.Now)
	for n := range 3 {
		dbtest.Must(t, reads.Add(b.ctx, audit.Read{UserID: who, Operation: "listRecords",
			Target: fmt.Sprintf("/audit/records?after=%d&type=<é>", n), RequestID: "r"}))
	}
	list, err := reads.List(b.ctx, 0, 10)
	if err != nil || len(list) != 6 || list[2].Target != "/audit/streams?after=3" || list[2].Position != 0 ||
		list[3].Target != "/audit/records?after=0&type=<é>" || list[3].Position != 29 || list[3].UserID != who ||
		list[3].Operation != "listRecords" || list[3].RequestID != "r" || list[3].At.IsZero() {
		t.Errorf("got %+v, %v", list, err)
	}
	for after, want := range map[int]int{1: 4, 2: 3, 3: 2, 5: 0} { // by pages, over the border too
		if page, err := reads.List(b.ctx, list[after].ID, 10); err != nil || len(page) != want {
			t.Errorf("after read %d: %+v, %v", after, page, err)
		}
	}
	if page, err := reads.List(b.ctx, list[1].ID, 2); err != nil || len(page) != 2 || page[1].ID != list[3].ID {
		t.Errorf("got %+v, %v", page, err)
	}

	b.sign()
	b.readModels()
	if r := b.verify(); !r.OK() || r.Records != 31 || r.Streams != 3 {
		t.Errorf("got %+v", r)
	}
	if r := b.verify(func(o *audit.VerifyOptions) { o.Stream = eventstore.ReadsStream }); !r.OK() || r.Records != 3 {
		t.Errorf("got %+v", r)
	}
	h := audit.NewHistory(b.pool)
	if streams, err := h.Streams(b.ctx, "", 0, 10); err != nil || len(streams) != 2 {
		t.Errorf("the events are %+v, %v", streams, err)
	}
	if m, err := h.At(b.ctx, eventstore.ReadsStream, 0); err != nil || m.Problem != "" || m.Record.Version != 3 {
		t.Errorf("got %+v, %v", m, err)
	}
	b.happen(one, domain.CapacityChanged{Capacity: 30}) // the log goes on
	b.tamper(`update event_log set data = replace(data::text, 'after=1', 'after=9')::json where position = 30`)
	b.finds(b.verify(), audit.CheckHash, 30, "should be")
	b.rehash(eventstore.ReadsStream, 1)
	b.finds(b.verify(), audit.CheckCheckpoint, 1, "signed over other records")
}

func TestReadsAreWhereTheyBelong(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	read := appendtest.Record{Type: eventstore.TypeLogRead, SchemaVersion: 1, Data: []byte(`{}`)}
	_, err := appendtest.Append(b.ctx, b.pool, one, b.versions[one], read)
	dbtest.Must(t, err)
	b.versions[eventstore.ReadsStream] = 0
	b.happen(eventstore.ReadsStream, domain.EventCancelled{})
	r := b.verify()
	b.finds(r, audit.CheckRule, 29, "nothing else")
	if len(r.Findings) != 2 || r.Findings[1].Position != 30 || r.Findings[1].Check != audit.CheckRule {
		t.Errorf("got %v", r.Findings)
	}
}

func TestReadsThatComeTogetherAreAppendedTogether(t *testing.T) {
	b := open(t)
	lock, err := b.pool.Begin(b.ctx)
	dbtest.Must(t, err)
	_, err = lock.Exec(b.ctx, `lock table log_head in access exclusive mode`)
	dbtest.Must(t, err)
	reads := audit.NewReads(b.pool, time.Now)
	add := func(ctx context.Context, target string) error {
		return reads.Add(ctx, audit.Read{UserID: id('u', 1), Operation: "listRecords", Target: target})
	}
	var all sync.WaitGroup
	const readers = 200
	for n := range readers {
		all.Go(func() {
			if err := add(b.ctx, fmt.Sprint(n)); err != nil {
				t.Error(err)
			}
		})
	}
	b.until(func() bool { // the first append waits for the lock
		var waiting int
		dbtest.Must(t, b.pool.QueryRow(b.ctx, `
			select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting))
		return waiting == 1
	})
	gone, cancel := context.WithCancel(b.ctx)
	cancel()
	if err := add(gone, "gone"); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader who has gone got %v", err)
	}
	dbtest.Must(t, lock.Rollback(b.ctx))
	all.Wait()
	var records, appends int
	dbtest.Must(t, b.pool.QueryRow(b.ctx, `
		select count(*), count(distinct xmin::text) from event_log where stream_id = $1`, eventstore.ReadsStream).
		Scan(&records, &appends))
	if records < readers || records > readers+1 || appends > 20 {
		t.Errorf("%d reads in %d transactions", records, appends)
	}
	if r := b.verify(); !r.OK() {
		t.Errorf("got %v", r.Findings)
	}
}

func TestTwoProcessesRecordReads(t *testing.T) {
	b := open(t)
	var all sync.WaitGroup
	for process := range 3 {
		reads := audit.NewReads(b.pool, time.Now)
		all.Go(func() {
			for n := range 10 {
				if err := reads.Add(b.ctx, audit.Read{Target: fmt.Sprint(process, n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if r := b.verify(); !r.OK() || r.Records != 30 {
		t.Errorf("got %+v", r)
	}
}

func TestWhatCanNotBeRecordedIsAnError(t *testing.T) {
	b := open(t)
	_, err := b.pool.Exec(b.ctx, `alter database `+b.pool.Config().ConnConfig.Database+
		` set default_transaction_read_only = on`)
	dbtest.Must(t, err)
	b.pool.Reset()
	err = audit.NewReads(b.pool, time.Now).Add(b.ctx, audit.Read{})
	if !eventstore.IsReadOnly(err) || !strings.Contains(err.Error(), "record an access") {
		t.Errorf("got %v", err)
	}
}
