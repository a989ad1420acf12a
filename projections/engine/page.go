package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// pageRange is the payload of a message: it says which records of the log a projection has to
// apply.
type pageRange struct {
	Projection string    `json:"projection"`
	From       int64     `json:"from"`            // the first position
	To         int64     `json:"to"`              // the last position
	Stream     uuid.UUID `json:"stream,omitzero"` // on a retry: the records are those of one stream
}

// page is what the subscriber hands over in the context of a message, beside the payload: a
// connection with the transaction to write in, and the records, if it has read them ahead. The
// transaction begins with the first write.
type page struct {
	pageRange
	conn    *pgx.Conn
	records []eventstore.Record // nil: not loaded yet
	skip    map[uuid.UUID]bool  // parked streams, whose records are left out

	// A deferred page collects what its handler writes, and sends it with the commit: on a busy
	// machine a message to PostgreSQL and back takes longer than what it asks for.
	deferred bool
	queued   []*pgx.QueuedQuery

	// The records come from the buffer: it is still to be verified that the log has them.
	isBuffered bool
	lastHash   eventstore.Hash
	rows       *rowCache            // of the projection; nil: there is none
	committed  []func()             // called when the page is committed
	parts      map[string]*delivery // by projection, when the page is for all of them
	isPart     bool                 // of a page for all
	sums       []sum                // of the parts; see [advanceTogether]

	failure error // of the handler: a nack carries none
	parked  bool  // the one record was parked
}

type pageKey struct{}

func pageOf(m *message.Message) (*page, error) {
	if p, ok := m.Context().Value(pageKey{}).(*page); ok {
		return p, nil
	}
	return nil, errors.New("the message carries no transaction to write in")
}

func (p *page) message(ctx context.Context) (*message.Message, error) {
	payload, err := json.Marshal(p.pageRange)
	if err != nil {
		return nil, err
	}
	m := message.NewMessage(fmt.Sprintf("%s@%d-%d", p.Projection, p.From, p.To), payload)
	m.SetContext(context.WithValue(ctx, pageKey{}, p))
	return m, nil
}

// loadRecords is the middleware that gives handlers the records of the range in the payload, unless
// the subscriber has read them ahead. Records of parked streams are left out.
func loadRecords(log *eventstore.Log) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			p, err := pageOf(m)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(m.Payload, &p.pageRange); err != nil {
				return nil, fmt.Errorf("payload: %w", err)
			}
			if err := p.load(m.Context(), log); err != nil {
				p.failure = err
				return nil, err
			}
			return next(m)
		}
	}
}

func (p *page) load(ctx context.Context, log *eventstore.Log) error {
	if p.records == nil && p.Stream == uuid.Nil {
		records, err := log.After(ctx, p.From-1, int(p.To-p.From+1))
		if err != nil {
			return err
		}
		if err := checkGapless(records, p.From, p.To); err != nil {
			return err
		}
		p.records = records
	}
	if len(p.skip) > 0 {
		p.records = slices.DeleteFunc(p.records, func(r eventstore.Record) bool { return p.skip[r.StreamID] })
	}
	return nil
}

// checkGapless checks that records have the positions from one to another.
func checkGapless(records []eventstore.Record, from, to int64) error {
	if n := int64(len(records)); n != to-from+1 || records[0].Position != from || records[n-1].Position != to {
		return fmt.Errorf("the log has a gap after position %d", from-1)
	}
	return nil
}

// write adds statements to the page's transaction.
func (p *page) write(ctx context.Context, b *pgx.Batch) error {
	if p.deferred {
		p.queued = append(p.queued, b.QueuedQueries...)
		return nil
	}
	return p.send(ctx, b)
}

// send runs statements in the page's transaction, which it begins if that is still to be done.
func (p *page) send(ctx context.Context, b *pgx.Batch) error {
	if !p.inTransaction() {
		begin := &pgx.Batch{}
		begin.Queue(`begin`)
		begin.Queue(`savepoint attempt`)
		begin.QueuedQueries = append(begin.QueuedQueries, b.QueuedQueries...)
		b = begin
	}
	return p.conn.SendBatch(ctx, b).Close()
}

// commit runs the last statements. If they are the only ones, they are sent as one message without
// BEGIN and COMMIT, which PostgreSQL carries out as one transaction.
func (p *page) commit(ctx context.Context, b *pgx.Batch) error {
	if p.inTransaction() {
		b.Queue(`commit`)
	}
	return p.conn.SendBatch(ctx, b).Close()
}

// verify makes the transaction of buffered records fail if the log has others, as it can after a
// failover to a server that has not got the last commits. See [lease.lost]. It is enough to look for
// the last one: the log is only ever added to.
func (p *page) verify(b *pgx.Batch) {
	if !p.isBuffered {
		return
	}
	b.Queue(verifySQL, p.To, p.lastHash[:])
}

const verifySQL = `select 1 / count(*) from event_log where position = $1 and hash = $2`

// setBuffered is called while the page has all records of its range.
func (p *page) setBuffered(isBuffered bool) {
	p.isBuffered, p.lastHash = isBuffered, p.records[len(p.records)-1].Hash
}

func (p *page) inTransaction() bool { return p.conn.PgConn().TxStatus() != 'I' }
