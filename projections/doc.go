// Package projections builds the read models from the log and answers queries from them.
//
// A read model is a table whose rows follow from the log alone. Its file holds its row, how a record changes the row, and its
// queries: events.go, bookings.go. A projection's name is that of its table and its identity for ever; a new shape gets a new name.
//
// # How records arrive
//
// A watermill Router runs one handler for each projection, fed by a [Subscriber] that reads the log by position; start at
// subscriber.go and delivery.go. Rows, what was applied (fact.go), and the checkpoint are written in one transaction, so a record
// that arrives twice has the effect of one. A page costs a few statements, however many records it has (table.go).
//
// Several processes may run the projections of one database: a lease with a fence lets one of them work on each (lease.go), and the
// others stand by. A [Wire] tells all of them what is new, and a [Progress] tells readers how far the read models are, so that
// people find their own writes.
//
// # What goes wrong, and what happens then
//
//   - A record that can't be applied is looked for by halves, tried again, and then parks its stream: that record and the later
//     ones of its stream wait (parking.go), and [Retry] applies them when the reason was mended.
//   - What stops all records alike, such as a lost database, parks nothing; it is tried again, and shows as lag.
//   - A read model that is not what the log says is found by [Verify], which compares what was applied with the log, and by
//     [Rebuild], which builds it anew beside the one in use by the same reducer, compares the rows, and swaps (rebuild.go).
package projections
