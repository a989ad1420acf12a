// Package projections builds the read models from the log and answers queries from them.
//
// A read model is a table whose rows follow from the log alone. Its file holds its row, how a record changes the row, and its
// queries: events.go, bookings.go. A watermill Router runs one handler for each of them, fed by a [Subscriber] that reads the log
// by position. Rows and checkpoint are written in one transaction, so a record that arrives twice has the effect of one.
//
// Several processes may run the projections of one database: a lease lets one of them work on each, and the others stand by. A
// [Progress] tells readers how far the read models are, so that people find their own writes.
package projections
