// Package projections has the read models of the program: events, bookings, holds and the waiting
// lists. There is one file for each, with its row, how a record changes the row, and its queries. Read models follow from
// the log alone; package engine keeps them up to date.
//
// A projection's name is that of its table and its identity for ever. A new shape gets a new name,
// is added to [All], and is built beside the old one.
//
// [Live] reads what has changed for those who watch, and [CompareStates] checks the rows against
// states that the domain has folded.
package projections
