// Package domain holds the rules of booking as pure functions over plain values: [Decide] turns a
// command and a state into records or a refusal, and [State.Evolve] turns a state and a record into
// the next state. It uses no clock, random numbers, database or context: commands carry the time
// and new ids as fields. Start reading at decide.go.
//
// One stream is the history of one event: its schedule, its capacity, every booking and every
// cancellation.
//
// The rules:
//
//  1. An event is scheduled once, with a capacity of at least one.
//  2. A booking takes one ticket; when sold equals capacity, it is refused.
//  3. A customer holds at most one active booking of an event.
//  4. A customer who has cancelled may book again, with a new booking; the history keeps both.
//  5. Only the customer who made a booking cancels it.
//  6. Cancelling a booking twice changes nothing: the ticket is returned once.
//  7. An event that has begun can neither be booked nor can its bookings be cancelled.
//  8. A cancelled event can't be booked; its bookings can still be cancelled.
//  9. The capacity never falls below the number of tickets sold.
//  10. A cancelled event can't be changed; cancelling it twice changes nothing.
//  11. A command that asks for the present state adds no records and is not refused, so that a
//     retry is harmless.
//  12. An event is scheduled for the future and never moved into the past, unless it is imported. An
//     unchanged date may be in the past.
//  13. A customer makes at most [MaxBookings] bookings of an event, cancelled ones included, so that
//     no account can fill its stream.
//  14. Title and venue are one line with characters that can be seen, and no text has control
//     characters. Marks of direction are allowed, because some languages need them: whoever shows a
//     text isolates it. Events that are older than the rule keep what they have.
//  15. An event can ask for a proof of work: without one it can't be booked.
package domain
