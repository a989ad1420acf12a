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
//     characters. Direction marks are allowed, because some languages need them: a page that shows a
//     text isolates it. Events that are older than the rule keep what they have.
//
// Rules 1 to 14 are for events with one kind of ticket and without holds. In full:
//
//  15. An event has 1 to 20 ticket types, which share its capacity. A type can have a capacity of its
//     own. A booking without lines is one ticket of the first type. All lines of a booking are booked,
//     or none.
//  16. A customer has at most as many tickets as the event allows, one if it does not say: booked, set
//     aside and waited for together.
//  17. A type is not removed while somebody has its tickets or waits for them, and its capacity does not
//     fall below the number of them. Its id is never given to another type.
//  18. Tickets are sold from the time the sale opens to the time it closes. A hold can still be
//     confirmed afterwards.
//  19. Nobody can book, hold or wait for tickets of a draft. A published event never becomes a draft
//     again; a draft that is cancelled is never shown.
//  20. A hold sets tickets aside for its customer until a time, at most to the end of the sale. A
//     customer has one hold of an event at a time. Asking again renews it, to at most [RenewalTime]
//     after its first expiry, and can change its lines if there are enough free tickets.
//  21. A hold is confirmed by its customer only, before it expires. It becomes one booking, however
//     often it is confirmed.
//  22. An expired hold has lapsed, recorded or not: a command that needs its tickets records the lapse
//     together with its own records. A lapse returns the tickets once.
//  23. A customer can wait only for tickets that are not free, and that the capacity allows. A customer
//     who holds tickets does not wait, and one who waits does not hold.
//  24. Tickets that become free are offered in the records that free them, to the first entry on the
//     waiting list that they cover. The order is that of joining. An entry that wants more than is free
//     keeps its place and does not hold up those behind it. So no ticket is free while an entry waits
//     that the free tickets cover; free tickets that cover no entry are sold to everybody.
//  25. An offer is a hold, with the id of the entry. Confirmed, it is a booking; declined or lapsed, its
//     tickets go to the next. The entry is over in each case.
//  26. There are no offers when the event is cancelled, has begun, or is not on sale. The waiting list
//     can always be left.
//  27. A customer holds tickets of an event, or joins its waiting list, at most [MaxClaims] times.
//  28. An event can ask for a proof of work: without one nobody can book or hold its tickets, or join its
//     waiting list. Renewing, confirming and returning need none.
//  29. An event belongs to the organizer who scheduled it. The owner can let others manage it, sell its
//     tickets, or check them in; each of these roles includes the ones after it. Everybody else is
//     refused, except admins. The owner's rights can't be taken away. See [State.Permit].
//  30. A ticket of a confirmed booking is checked in once, also when several people scan it at the same
//     moment. Tickets of a cancelled event can't be checked in. The time is that of the scan, at most
//     [MaxScanAge] ago.
//  31. A check-in can be undone, with a reason. Then the ticket can be checked in again.
//  32. A booking with a ticket that is checked in can't be cancelled.
//  33. An organizer who sells can cancel a customer's booking as the customer could, and gives a reason.
//  34. An organizer who manages can write to everybody who has tickets, at most [MaxMessages] times
//     within [MessageDay].
package domain
