package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// keptFor is how long deliveries are kept, however they ended.
const keptFor = 30 * 24 * time.Hour

// The states of a delivery.
const (
	Pending   = "pending" // it is tried at NextAt, or once the endpoint is active again
	Delivered = "delivered"
	Failed    = "failed" // given up
)

// Delivery is a message to an endpoint, with its last attempt.
type Delivery struct {
	ID          int64
	MessageID   string // the same at each attempt, and for all endpoints
	Type        string
	EventID     *uuid.UUID
	Status      string
	CreatedAt   time.Time
	NextAt      *time.Time
	Attempts    int
	AttemptedAt *time.Time
	StatusCode  *int // nil: there was no answer
	DurationMS  *int
	Error       string // why it failed, in words of this program
}

const deliveryColumns = `d.id, d.message_id, d.type, d.event_id, d.status, d.created_at, d.next_at, d.attempts,
	d.attempted_at, d.status_code, d.duration_ms, d.error`

// Deliveries lists those of an endpoint, newest first: at most limit, and those before an id, unless
// it is 0.
func (s *Store) Deliveries(ctx context.Context, owner, id uuid.UUID, before int64, limit int) ([]Delivery, error) {
	if _, err := s.Get(ctx, owner, id); err != nil {
		return nil, err
	}
	if before == 0 {
		before = math.MaxInt64
	}
	rows, _ := s.Pool.Query(ctx, `
		select `+deliveryColumns+`
		from webhook_deliveries d
		where d.endpoint_id = $1 and d.id < $2
		order by d.id desc
		limit $3`, id, before, limit)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Delivery])
	return all, wrap("list deliveries", err)
}

// Redeliver sends a delivery again, with all its attempts, whatever became of it.
func (s *Store) Redeliver(ctx context.Context, owner, id uuid.UUID, delivery int64) (Delivery, error) {
	if err := s.active(ctx, owner, id); err != nil {
		return Delivery{}, err
	}
	d, err := write(ctx, s, oneDelivery, `
		update webhook_deliveries d
		set status = 'pending', attempts = 0, next_at = $3
		where endpoint_id = $1 and id = $2
		returning `+deliveryColumns, id, delivery, s.Now())
	s.Due()
	return d, wrap("send a delivery again", err)
}

// SendTest sends a delivery of the type [Test].
func (s *Store) SendTest(ctx context.Context, owner, id uuid.UUID, source string) (Delivery, error) {
	if err := s.active(ctx, owner, id); err != nil {
		return Delivery{}, err
	}
	now, messageID := s.Now(), "test-"+uuid.NewString()
	payload, err := json.Marshal(NewMessage(messageID, source, Test, now, struct {
		SchemaVersion int       `json:"schemaVersion"`
		EndpointID    uuid.UUID `json:"endpointId"`
	}{1, id}))
	if err != nil {
		return Delivery{}, wrap("send a test", err)
	}
	d, err := write(ctx, s, oneDelivery, `
		insert into webhook_deliveries as d (endpoint_id, message_id, type, payload, created_at, next_at)
		select id, $2, $3, $4, $5, $5 from webhook_endpoints where id = $1
		returning `+deliveryColumns, id, messageID, Test, string(payload), now)
	s.Due()
	return d, wrap("send a test", err)
}

// DeleteExpired deletes deliveries that are too old.
func (s *Store) DeleteExpired(ctx context.Context) error {
	_, err := s.Pool.Exec(ctx, `delete from webhook_deliveries where created_at < $1`, s.Now().Add(-keptFor))
	return wrap("delete old deliveries", err)
}

// active refuses for an endpoint to which nothing is sent.
func (s *Store) active(ctx context.Context, owner, id uuid.UUID) error {
	e, err := s.Get(ctx, owner, id)
	if err == nil && e.Status != Active {
		return ErrNotActive
	}
	return err
}

func oneDelivery(rows pgx.Rows, _ error) (Delivery, error) {
	d, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Delivery])
	if errors.Is(err, pgx.ErrNoRows) {
		return d, ErrNoDelivery
	}
	return d, err
}

// Message is what is sent: an event of CloudEvents 1.0 in its structured JSON form.
type Message struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            Type      `json:"type"`
	Time            time.Time `json:"time"`
	Subject         string    `json:"subject,omitempty"`
	DataContentType string    `json:"datacontenttype"`
	Data            any       `json:"data"`
}

// NewMessage is a message with everything that CloudEvents requires. source is the origin of the user
// interface.
func NewMessage(id, source string, of Type, at time.Time, data any) Message {
	return Message{
		SpecVersion: "1.0", ID: id, Source: source, Type: of, Time: at.UTC(), DataContentType: "application/json", Data: data,
	}
}
