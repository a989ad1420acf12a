// Package projections has the read models of the program: events, bookings, holds and the waiting
// lists. Each has one file with its row, how a record changes the row, and its queries. Read models
// are computed from the log alone; package engine keeps them up to date.
//
// A projection has the name of its table, which identifies it for ever. A new shape gets a new name,
// is added to [All], and is built beside the old one.
//
// [Live] reports changes to open pages, and [CompareStates] checks the rows against states that the
// domain has folded. Start reading at projections.go.
package projections
