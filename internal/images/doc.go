// Package images prepares the pictures of events and keeps them in the database.
//
// What is uploaded is decoded and encoded again, so nothing of the file is served as it came: not
// its metadata, and not what may be hidden in it. A picture's id is the SHA-256 of the largest file
// that is kept of it. The record of an event names it, so the log proves the picture too. It
// keeps HTTP out. Start reading at Store.Add.
package images
