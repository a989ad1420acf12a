// Package lapse records the lapses of holds and offers when their time comes, so that tickets that
// nobody asks for are shown as free, and offered to those who wait. One process of a database does it
// at a time, by a lease.
//
// Nothing depends on it: a hold whose time is over counts no more, and whoever needs its tickets
// records the lapse. The read model of holds says which events to look at, and the stream of an event
// decides what has lapsed.
//
// Start reading at [Run].
package lapse
