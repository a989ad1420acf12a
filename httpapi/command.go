package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

type result = eventstore.Result[domain.State]

// command is a wish of whoever makes the request, addressed to one event.
type command struct {
	eventID   uuid.UUID
	decide    func(domain.State) ([]domain.Record, error)
	expected  int  // version of the event; 0: any
	immediate bool // it does not share the delay of bookings
}

// wish makes the function that decides a command of the domain.
func wish(c domain.Command) func(domain.State) ([]domain.Record, error) {
	return func(s domain.State) ([]domain.Record, error) { return domain.Decide(c, s) }
}

// changed is the answer to a command.
type changed[B any] struct {
	LogPosition int64  `header:"Log-Position" doc:"A read with this as Min-Log-Position sees the change"`
	Replayed    string `header:"Idempotency-Replayed" doc:"true when this is the answer of an earlier request with the same key"`
	Body        B
}

// once names the request that a command comes with, so that it is carried out once. The zero value is a request without a name.
type once struct {
	key     string
	request any // all that makes it this request and no other: written as JSON and hashed
}

// carryOut executes a command, waits until people find its effect in the read models, and answers. answer says what the client is told;
// it must be a pure function when the request has a key, because what it says is stored for those who repeat it.
func carryOut[B any](ctx context.Context, a *api, c command, o once, answer func(result) (B, error)) (*changed[B], error) {
	order := eventstore.Command[domain.State, domain.Record]{
		StreamID: c.eventID, Decide: c.decide, Expected: c.expected, Immediate: c.immediate,
		Metadata: eventstore.Metadata{Actor: claimsOf(ctx).UserID, CorrelationID: middleware.RequestID(ctx)},
	}
	if o.key != "" {
		request, err := json.Marshal(o.request)
		if err != nil {
			return nil, fmt.Errorf("hash the request: %w", err)
		}
		fingerprint := sha256.Sum256(request)
		order.Once = &eventstore.Once[domain.State]{
			Key:         eventstore.Key{Owner: claimsOf(ctx).UserID, Name: o.key},
			Fingerprint: fingerprint[:],
			Answer: func(r result) ([]byte, error) {
				body, err := answer(r)
				if err != nil {
					return nil, err
				}
				return json.Marshal(body)
			},
		}
	}
	var r result
	var err error
	withoutPlace(ctx, func() {
		if r, err = a.Executor.Execute(ctx, order); err == nil {
			a.catchUp(ctx, r.Position)
		}
	})
	if err != nil {
		return nil, err
	}
	out := &changed[B]{LogPosition: r.Position}
	if r.Replayed != nil {
		out.Replayed = "true"
		if err := json.Unmarshal(r.Replayed, &out.Body); err != nil {
			return nil, fmt.Errorf("read a stored answer: %w", err)
		}
		return out, nil
	}
	out.Body, err = answer(r)
	return out, err
}
