package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Read is one access to the audit by a user.
type Read struct {
	ID        int64 // ascends
	Position  int64 // of its record in the log; 0 for a read from before reads were records
	UserID    uuid.UUID
	KeyID     uuid.UUID // the API key that was used; zero: none
	Operation string    // of the API
	Target    string    // path and query
	RequestID string
	At        time.Time
}

// firstRecordID is added to the version of a read's record. Reads of the table that came before
// have lower ids, also those that a process of an earlier version adds during a rolling update.
const firstRecordID = 1 << 40

// readData is the data of a record of [eventstore.TypeLogRead]. The user is its actor, and the
// request its correlation id.
type readData struct {
	Operation string `json:"operation"`
	Target    string `json:"target"`
}

// Reads is the list of accesses: a stream of the log, so that it is chained and covered by the
// checkpoints. Values are safe for concurrent use.
type Reads struct {
	pool eventstore.Database
	log  *eventstore.Log
	now  func() time.Time

	appending chan struct{} // holds a token while a batch is appended
	last      time.Time     // when the last append ended; guarded by appending
	mu        sync.Mutex
	pending   *readBatch
}

// readBatch is what is appended together.
type readBatch struct {
	facts []eventstore.Fact
	done  chan struct{} // closed when err is set
	err   error
}

const (
	// appendReadsEvery is the least time between two appends of reads, which share the log's head row
	// with bookings.
	appendReadsEvery = 20 * time.Millisecond
	// appendReadsWithin bounds an append, which goes on when the first of its readers gives up.
	appendReadsWithin = 10 * time.Second
)

// NewReads works on the database of pool, which the caller closes. It must not be a replica.
func NewReads(pool eventstore.Database, now func() time.Time) *Reads {
	return &Reads{pool: pool, log: eventstore.NewLog(pool), now: now, appending: make(chan struct{}, 1)}
}

// Add records an access, and returns when it is committed. Accesses that come together are appended
// together. After an error it may have been recorded all the same.
func (r *Reads) Add(ctx context.Context, read Read) error {
	b, err := r.join(read)
	if err != nil {
		return fmt.Errorf("record an access to the audit: %w", err)
	}
	select {
	case r.appending <- struct{}{}:
		r.appendPending(ctx, b)
		<-r.appending
	case <-b.done:
	case <-ctx.Done():
	}
	select {
	case <-b.done:
		err = b.err
	default:
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("record an access to the audit: %w", err)
	}
	return nil
}

// join adds an access to the batch that is appended next.
func (r *Reads) join(read Read) (*readBatch, error) {
	data, err := json.Marshal(readData{read.Operation, read.Target})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending = &readBatch{done: make(chan struct{})}
	}
	r.pending.facts = append(r.pending.facts, eventstore.Fact{
		Type: eventstore.TypeLogRead, SchemaVersion: 1, Data: data,
		Metadata: eventstore.Metadata{Actor: read.UserID, KeyID: read.KeyID, CorrelationID: read.RequestID},
	})
	return r.pending, nil
}

// appendPending appends the pending batch, unless b has been appended meanwhile.
func (r *Reads) appendPending(ctx context.Context, b *readBatch) {
	select {
	case <-b.done:
		return
	default:
	}
	pause := time.NewTimer(time.Until(r.last.Add(appendReadsEvery)))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done(): // the others of the batch append it
		return
	}
	r.mu.Lock()
	r.pending = nil
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendReadsWithin)
	defer cancel()
	_, b.err = r.log.AppendFacts(ctx, eventstore.ReadsStream, r.now(), b.facts)
	r.last = time.Now()
	close(b.done)
}

// List returns the accesses after the one with that id, oldest first.
func (r *Reads) List(ctx context.Context, after int64, limit int) ([]Read, error) {
	var reads []Read
	if after < firstRecordID {
		var err error
		if reads, err = r.listTable(ctx, after, limit); err != nil {
			return nil, err
		}
	}
	if len(reads) == limit {
		return reads, nil
	}
	version := min(max(0, after-firstRecordID), math.MaxInt32)
	records, err := r.log.Stream(ctx, eventstore.ReadsStream, int(version), limit-len(reads))
	if err != nil {
		return nil, err
	}
	for i := range records {
		read, err := readOf(&records[i])
		if err != nil {
			return nil, err
		}
		reads = append(reads, read)
	}
	return reads, nil
}

// listTable lists the accesses from before they were records of the log.
func (r *Reads) listTable(ctx context.Context, after int64, limit int) ([]Read, error) {
	rows, _ := r.pool.Query(ctx, `
		select id, user_id, operation, target, request_id, read_at
		from audit_reads
		where id > $1
		order by id
		limit $2`, after, limit)
	return collect(rows, func(row pgx.CollectableRow) (x Read, err error) {
		err = row.Scan(&x.ID, (*[16]byte)(&x.UserID), &x.Operation, &x.Target, &x.RequestID, &x.At)
		x.At = x.At.UTC()
		return x, err
	}, "list reads of the audit")
}

func readOf(r *eventstore.Record) (Read, error) {
	var data readData
	var metadata eventstore.Metadata
	if err := decodeRead(r, &data); err != nil {
		return Read{}, fmt.Errorf("position %d: %w", r.Position, err)
	}
	if err := json.Unmarshal(r.Metadata, &metadata); err != nil {
		return Read{}, fmt.Errorf("position %d: %w", r.Position, err)
	}
	return Read{
		ID: firstRecordID + int64(r.Version), Position: r.Position, UserID: metadata.Actor, KeyID: metadata.KeyID,
		Operation: data.Operation, Target: data.Target, RequestID: metadata.CorrelationID, At: r.RecordedAt,
	}, nil
}

func decodeRead(r *eventstore.Record, data *readData) error {
	if r.Type != eventstore.TypeLogRead || r.SchemaVersion != 1 {
		return fmt.Errorf("a record of type %q, version %d, is no read of the log", r.Type, r.SchemaVersion)
	}
	return json.Unmarshal(r.Data, data)
}

// isRead tells whether a record is one of a read, or should be.
func isRead(r *eventstore.Record) bool {
	return r.Type == eventstore.TypeLogRead || r.StreamID == eventstore.ReadsStream
}

// checkRead says what is wrong with a record of which isRead is true, and which check tells.
func checkRead(r *eventstore.Record) (check string, err error) {
	if (r.Type == eventstore.TypeLogRead) != (r.StreamID == eventstore.ReadsStream) {
		return CheckRule, fmt.Errorf("%s: reads of the log, and nothing else, are in stream %s", r.Type,
			eventstore.ReadsStream)
	}
	return CheckDecode, decodeRead(r, new(readData))
}
