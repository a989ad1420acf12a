package httpapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/boxoffice/boxoffice/booking"
)

// changed is the answer to a command.
type changed[B any] struct {
	LogPosition   int64  `header:"Log-Position" doc:"A read with this as Min-Log-Position sees the change"`
	Replayed      string `header:"Idempotency-Replayed" doc:"true when this is the stored answer of an earlier request with the same key"`
	CurrentStatus string `header:"Current-Status" doc:"Only with Idempotency-Replayed, on an answer about one booking or event: its status by now, which can differ from that of the stored answer; absent when that could not be found out in time"`
	Body          B
}

const currentStatus = "Current-Status"

// noteStatus adds the present status to a stored answer. If status fails to read it, the answer goes
// without.
func (c *changed[B]) noteStatus(status func(B) (string, error)) *changed[B] {
	if c.Replayed == "" {
		return c
	}
	if now, err := status(c.Body); err == nil {
		c.CurrentStatus = now
	}
	return c
}

// once identifies a request that can be repeated. The zero value is for one that can't.
type once struct {
	key string
	// See [booking.Once].
	asked, formerly any
}

// execute executes a command of the client and encodes its result. The encoded body is stored for
// clients that repeat the request: a body that an earlier version of this program stored must stay
// readable for as long as keys are kept.
func execute[B any](
	ctx context.Context, o once, encode func(booking.Result) B, command func(booking.Request) (booking.Result, error),
) (*changed[B], error) {
	request := requestOf(ctx)
	if o.key != "" {
		request.Once = &booking.Once{
			Key: o.key, Asked: o.asked, Formerly: o.formerly,
			Answer: func(r booking.Result) ([]byte, error) { return json.Marshal(encode(r)) },
		}
	}
	var result booking.Result
	var err error
	withoutSlot(ctx, func() { result, err = command(request) })
	// The client is answered even if no slot could be acquired again: the command is done.
	if err != nil {
		return nil, err
	}
	if result.Replayed == nil {
		return &changed[B]{LogPosition: result.Position, Body: encode(result)}, nil
	}
	out := &changed[B]{LogPosition: result.Position, Replayed: "true"}
	if err := json.Unmarshal(result.Replayed, &out.Body); err != nil {
		return nil, fmt.Errorf("read a stored answer: %w", err)
	}
	return out, nil
}
