// Package lapse records the lapses of expired holds and offers, so that their tickets are shown as
// free, and offered to those who wait. One process of a database does it at a time, by a lease.
//
// No rule depends on it: an expired hold has lapsed, recorded or not, and a command that needs its
// tickets records the lapse. The read model of holds says which events to look at, and the stream of
// an event decides what has lapsed.
//
// Start reading at [Run].
package lapse
