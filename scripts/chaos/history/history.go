// Package history judges a booking system by what it answered: given every request that customers
// made, what they were told and when, and what the system holds in the end, [Check] names each
// contradiction. It is about values only and speaks with nobody, so that it can be tested with
// histories that are known to be wrong.
//
// A request whose answer got lost may have taken effect or not, at any moment after it was made;
// everything else is held to its word. The moment of a commit is not observed. It lies between
// bounds: not before the request that caused it was made, nor before an earlier commit, and not
// after the answer, nor after a later commit. A refusal is wrong only if it was wrong at every
// moment within the bounds, so a violation is always one.
//
// It walks the chain of hashes by itself (log.go) and does not use the store's own check: a mistake
// in that one would hide itself.
//
// Start reading at check.go. follow.go looks for the request behind each record, judge.go compares
// each answer with the log, claims.go does both for holds and the waiting list, and log.go reads the
// stored log.
package history

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// Kind is what a request asked for.
type Kind int

// The kinds of request.
const (
	Book    Kind = iota
	Cancel       // of Request.Booking
	List         // the customer's bookings, from read models that must contain Request.Least
	Hold         // Request.Lines
	Confirm      // the hold or offer Request.Booking
	Release      // the same
	Join         // the waiting list, for Request.Lines
	Leave
)

func (k Kind) String() string {
	return [...]string{"book", "cancel", "list", "hold", "confirm", "release", "join", "leave"}[k]
}

// Outcome is what the customer knows about a request.
type Outcome int

// The outcomes.
const (
	Unknown Outcome = iota // it may have taken effect, or may still
	Done
	Refused // for the reason in Request.Code
	NotDone // not now, and without any effect: busy, unavailable, …
	Strange // an answer that nobody should ever get; what it did is not known
)

func (o Outcome) String() string {
	return [...]string{"unknown", "done", "refused", "not done", "strange"}[o]
}

// The reasons of refusals, as the API's codes name them.
const (
	SoldOut         = "sold_out"
	AlreadyBooked   = "already_booked"
	TooManyBookings = "too_many_bookings"
	BookingNotFound = "booking_not_found"
	InvalidToken    = "invalid_token"
	TokenExpired    = "token_expired"
)

// maxBookings is how many bookings of one event the API lets a customer make.
const maxBookings = 20

// Request is one request and what became of it. Times count from the beginning of the run.
type Request struct {
	ID                string // the records that it caused name it as their correlation id
	Kind              Kind
	Customer, Event   uuid.UUID
	Booking           uuid.UUID // the one to cancel; of claims, the hold
	Lines             domain.Lines
	Key               string // Idempotency-Key; may be empty
	BadToken          bool   // expired or not valid yet
	Least             int64  // Min-Log-Position
	Invoked, Answered time.Duration

	Outcome Outcome
	Code    string
	Answer  Answer
}

// Answer is what a request was told that was done.
type Answer struct {
	Booking            uuid.UUID // or hold, or entry
	Version, Remaining int       // of the event
	Position           int64
	Replayed           bool
	Listed             []uuid.UUID // bookings that hold a ticket
	Lagging            bool        // the list says that it does not contain Request.Least
}

func (r *Request) String() string {
	text := fmt.Sprintf("%s %s of %s on %s at %.3f–%.3f s: %s",
		r.Kind, r.ID, r.Customer, r.Event, r.Invoked.Seconds(), r.Answered.Seconds(), r.Outcome)
	if r.Code != "" {
		text += " " + r.Code
	}
	return text
}

// Final is what the system holds when everything has come to rest.
type Final struct {
	Log      []Record
	Head     int64 // position that the log says it has reached
	Events   map[uuid.UUID]EventRow
	Bookings map[uuid.UUID]BookingRow
	Keys     []KeyRow
	Spans
}

// Spans are times in which something special holds.
type Spans struct {
	// Restores are from the beginning of a dump to the moment at which it was in place of the
	// database. What happened between is lost by intent, and what was under way then may be.
	Restores []Span
	// Frozen: the standby that every COMMIT waits for received nothing.
	Frozen []Span
	// Calm: nothing that requests need was broken.
	Calm []Span
}

// Span is a time from the beginning of the run.
type Span struct{ From, To time.Duration }

// contains tells whether all of a request was in the span.
func (s Span) contains(q *Request) bool { return q.Invoked >= s.From && q.Answered <= s.To }

// touches tells whether a part of a request was in the span.
func (s Span) touches(q *Request) bool { return q.Invoked <= s.To && q.Answered >= s.From }

// EventRow is an event in the read model.
type EventRow struct{ Remaining, Version int }

// BookingRow is a booking in the read model.
type BookingRow struct {
	Event, Customer uuid.UUID
	Cancelled       bool
}

// KeyRow is an Idempotency-Key that the system has stored.
type KeyRow struct {
	Customer, Event uuid.UUID
	Key             string
	Version         int
}

// Violation is something that must not be.
type Violation struct{ Rule, Detail string }

func (v Violation) String() string { return v.Rule + ": " + v.Detail }
