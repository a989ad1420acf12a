// Package domain holds the rules of booking as pure functions over plain values: [Decide] turns a
// command and a state into records or a refusal, [State.Evolve] turns a state and a record into the
// next state. There is no clock, no randomness, no database and no context here; time and new ids
// arrive as fields of the commands. Start reading at decide.go.
//
// One stream is the history of one event: its schedule, its capacity, every booking and every
// cancellation.
//
// The rules:
//
//  1. An event is scheduled once, with a capacity of at least one.
//  2. A booking takes one ticket; when sold equals capacity, it is refused.
//  3. A customer holds at most one active booking of an event.
//  4. A customer who cancelled may book again: a new booking, and the history keeps both.
//  5. Only the customer who made a booking cancels it.
//  6. Cancelling twice changes nothing and gives the ticket back only once.
//  7. An event that has begun can neither be booked nor can its bookings be cancelled.
//  8. A cancelled event can't be booked; its bookings can still be cancelled.
//  9. The capacity never falls below what is sold.
//  10. A cancelled event can't be changed; cancelling it twice changes nothing.
//  11. A command that asks for what is already so gives no records and no refusal, so that a retry
//     is harmless.
//  12. An event is scheduled for the future, and is not moved into the past. A date that stays as
//     it is may have passed.
package domain
