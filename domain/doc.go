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
//  5. Only the customer who made a booking cancels it; see also rule 33.
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
//
// Rules 1 to 14 say what happens where nobody sells more than one kind of ticket. In full:
//
//  15. An event has 1 to 20 ticket types, which share its capacity. A type can have a capacity of its
//     own. A booking without lines is one ticket of the first type. Of a booking's lines all are booked
//     or none.
//  16. A customer has at most as many tickets as the event allows, one if it does not say: booked, set
//     aside and waited for together.
//  17. A type is not removed while somebody has its tickets or waits for them, and its capacity does not
//     fall below the number of them. Its id is never given to another type.
//  18. Tickets are sold from the time the sale opens to the time it closes. Who has tickets set aside
//     can still confirm them.
//  19. Nobody can book, hold or wait for tickets of a draft. A draft that is published is no draft again;
//     one that is cancelled is never shown.
//  20. A hold sets tickets aside for its customer until a time, at most to the end of the sale. A
//     customer has one hold of an event at a time. Asking again renews it, to at most [RenewalTime]
//     after it would have lapsed at first, and can change its lines as far as the tickets allow.
//  21. Only its customer confirms a hold, in time. It becomes one booking, however often it is confirmed.
//  22. A hold whose time is over has lapsed, recorded or not: whoever needs its tickets records the
//     lapse with what needs them. A lapse gives back what was held, once.
//  23. A customer can wait only for tickets that there are not enough of now, and that the event would
//     be enough for. A customer who holds tickets does not wait, and one who waits does not hold.
//  24. Tickets that become free are offered at once, in the records that free them, to the first on the
//     waiting list that they are enough for. The order is that of joining. An entry that wants more than
//     there is keeps its place and does not hold up those behind it: no ticket is free while somebody
//     waits whom the free ones are enough for. What they are enough for nobody is sold to everybody.
//  25. An offer is a hold, with the id of the entry. Confirmed, it is a booking; declined or lapsed, its
//     tickets go to the next. The entry is over in each case.
//  26. There are no offers when the event is called off, has begun, or is not on sale. An entry can
//     always be left.
//  27. A customer holds tickets of an event, or joins its waiting list, at most [MaxClaims] times.
//  28. An event can ask for a proof of work: without one nobody can book or hold its tickets, or join its
//     waiting list. What the customer has already can be renewed, confirmed and given back without.
//  29. An event belongs to the organizer who scheduled it. The owner can let others manage it, sell its
//     tickets, or check them in; each of these may do what the ones after it may. Everybody else is
//     refused, except admins. Nobody takes the owner's rights away. See [State.Permit].
//  30. A ticket of a confirmed booking is checked in once; when several people do it at the same moment,
//     one of them admits its holder. No ticket of an event that is called off is checked in.
//  31. A check-in can be undone, with a reason. Then the ticket can be checked in again.
//  32. A booking with a ticket that is checked in can't be cancelled.
//  33. An organizer who sells can cancel a customer's booking as the customer could, and gives a reason.
//  34. An organizer who manages can write to everybody who has tickets, at most [MaxMessages] times
//     within [MessageDay].
package domain
