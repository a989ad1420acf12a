package booking

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// MaxWait bounds how long a command or a read waits for the read models.
const MaxWait = 2 * time.Second

// ErrCatchingUp says that the read models are too far behind to tell whether something exists, or
// lack a stream that they can't apply. The same request can succeed later.
var ErrCatchingUp = errors.New("the read models are catching up")

type (
	command = eventstore.Command[domain.State, domain.Record]
	outcome = eventstore.Result[domain.State]
)

// Executor executes commands: an [eventstore.Executor] of [Model].
type Executor interface {
	Execute(context.Context, eventstore.Command[domain.State, domain.Record]) (eventstore.Result[domain.State], error)
}

// Progress knows up to which position of the log the read models are.
type Progress interface {
	Reached() int64
	// Wait returns when position is reached or ctx ends, with the position that is reached then.
	Wait(ctx context.Context, position int64) (reached int64)
	// AnswerEarly tells whether an answer may name a position that is not reached yet, because all
	// who read afterwards wait for it by Answered.
	AnswerEarly(position int64) bool
	Answered(ctx context.Context) (position int64)
}

// Images are pictures that are stored.
type Images interface {
	// Keep reports whether there is a picture, and keeps it for good.
	Keep(ctx context.Context, id string) (isThere bool, err error)
}

// Model describes the streams of events to an executor.
func Model() eventstore.Model[domain.State, domain.Record] {
	return eventstore.Model[domain.State, domain.Record]{
		Codec: domain.Codec{}, Evolve: domain.State.Evolve, Size: domain.State.Size,
		Snapshot: domain.State.MarshalBinary, Restore: domain.ReadSnapshot,
	}
}

// Service executes the use cases. Its methods return domain refusals and [*domain.InvalidError],
// errors of [eventstore.Executor.Execute], and [ErrCatchingUp]. They return when the outcome is
// certain. Whoever reads then, after [Service.WaitForAnswered], finds it, unless the read models are
// behind by more than [MaxWait]. It is safe for concurrent use. The caller closes what its fields
// need closed.
type Service struct {
	Executor Executor
	Log      *eventstore.Log
	Bookings projections.Bookings
	Holds    projections.Holds
	Waitlist projections.Waitlist
	// Payments are for holds; nil: nobody pays.
	Payments Payments
	// HoldTime is how long tickets are held, and offered to those who wait; 0:
	// [domain.DefaultHoldTime].
	HoldTime time.Duration
	// Images are the pictures that commands can name. Without it every id is accepted.
	Images Images
	// Progress is that of the read models above. Without one, commands don't wait for them, and the
	// booking of a repeated Book comes without CreatedAt: for programs that write and don't read.
	Progress Progress
	Now      func() time.Time
}

// Request identifies the actor of a command, and the request that it is part of.
type Request struct {
	Actor         uuid.UUID
	KeyID         uuid.UUID // the API key that the request came with; zero: none
	Admin         bool      // the actor may do everything at every event
	CorrelationID string
	Once          *Once // nil: the command is executed each time
}

// Once makes a request repeatable: the same request again has no second effect, and gets the answer
// of the first time as [Result.Replayed], until [eventstore.Log.ForgetKeys] deletes it. Refusals
// are not kept. The errors are [eventstore.ErrKeyReused] and [eventstore.ErrKeyInFlight].
type Once struct {
	Key string // 1 to 255 bytes; each actor has keys of their own
	// Asked is what the request asks for. The hash of its JSON is stored and tells requests with the
	// same key apart, so the JSON must not change from version to version.
	Asked any
	// Formerly is what an earlier version of the program used as Asked; nil: the same.
	Formerly any
	// Answer is what is stored. It must be a pure function; the position is not known yet.
	Answer func(Result) ([]byte, error)
}

// Result is the outcome of a command.
type Result struct {
	// Event is as the command left it, by its stream; without CreatedAt and UpdatedAt.
	Event projections.Event
	// Booking is the one that was made or cancelled, Hold the one that was made or renewed, and Entry
	// that on the waiting list, if the command was about one.
	Booking projections.Booking
	Hold    projections.Hold
	Entry   projections.PlacedEntry
	// Ticket is the one that was checked in, or whose check-in was undone.
	Ticket CheckedTicket
	// Message is the one that was sent.
	Message  projections.Message
	Position int64 // a reader that has reached it sees the effect
	// Replayed is the stored answer to a repeated request; then Event and the others are empty.
	Replayed []byte
}

// WaitFor waits until the read models have reached a position, at most [MaxWait], and returns the
// position that they have reached.
func (s *Service) WaitFor(ctx context.Context, position int64) (reached int64) {
	if s.Progress == nil {
		return 0
	}
	if reached = s.Progress.Reached(); reached >= position {
		return reached
	}
	ctx, cancel := context.WithTimeout(ctx, MaxWait)
	defer cancel()
	return s.Progress.Wait(ctx, position)
}

// WaitForAnswered waits for the read models to contain what this process has answered so far, at
// most [MaxWait].
func (s *Service) WaitForAnswered(ctx context.Context) {
	if s.Progress != nil {
		s.WaitFor(ctx, s.Progress.Answered(ctx))
	}
}

// execute executes a command. Whoever reads after it has returned finds its effect: either it waits
// for the read models, or those who read do. show makes the result
// from the outcome, and must be a pure function. useCase is stored as part of the fingerprint.
func (s *Service) execute(
	ctx context.Context, r Request, useCase string, c command, show func(outcome) Result,
) (Result, error) {
	c.Metadata = eventstore.Metadata{Actor: r.Actor, KeyID: r.KeyID, CorrelationID: r.CorrelationID}
	if r.Admin {
		c.Metadata.Role = "admin"
	}
	if r.Once != nil {
		fingerprint, err := fingerprintOf(useCase, r.Once.Asked)
		if err != nil {
			return Result{}, err
		}
		c.Once = &eventstore.Once[domain.State]{
			Key:         eventstore.Key{Owner: r.Actor, Name: r.Once.Key},
			Fingerprint: fingerprint,
			Answer:      func(o outcome) ([]byte, error) { return r.Once.Answer(show(o)) },
		}
	}
	o, err := s.Executor.Execute(ctx, c)
	if errors.Is(err, eventstore.ErrKeyReused) && r.Once != nil && r.Once.Formerly != nil {
		if c.Once.Fingerprint, err = fingerprintOf(useCase, r.Once.Formerly); err == nil {
			o, err = s.Executor.Execute(ctx, c)
		}
	}
	if err != nil {
		return Result{}, err
	}
	if s.Progress != nil && !s.Progress.AnswerEarly(o.Position) {
		s.WaitFor(ctx, o.Position)
	}
	if o.Replayed != nil {
		return Result{Position: o.Position, Replayed: o.Replayed}, nil
	}
	return show(o), nil
}

func fingerprintOf(useCase string, asked any) ([]byte, error) {
	text, err := json.Marshal([]any{useCase, asked})
	if err != nil {
		return nil, fmt.Errorf("hash the request: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

// decider returns the function that decides a command of the domain.
func decider(c domain.Command) func(domain.State) ([]domain.Record, error) {
	return func(s domain.State) ([]domain.Record, error) {
		records, err := domain.Decide(c, s)
		if err != nil {
			return nil, explain(err, s)
		}
		return records, nil
	}
}
