// Package engine keeps read models up to date with the log. It knows streams, records and rows, and
// nothing about what they mean: a projection hands in how to decode a record and how a record
// changes a row (see [Table]).
//
// # How a record gets into a row
//
// [Run] starts a watermill Router with a handler for each projection, and one for all together. A
// subscriber reads the log by position and hands over pages of up to 5,000 records:
//
//   - lease.go: one of several processes works on a projection at a time. A fence keeps a process
//     that lost its lease without noticing from writing.
//   - delivery.go, subscriber.go: a goroutine reads ahead; a page becomes a message whose payload
//     is a range of positions. When the message is acknowledged, rows and checkpoint are committed
//     together, so a record that arrives twice has the effect of one.
//   - middleware.go, page.go: the layers around a handler load the page, trace it, and deal with
//     errors.
//   - buffer.go, group.go: records that this process has just committed need not be read. Projections
//     that have caught up share a page and its transaction, until something goes wrong.
//   - table.go, rows.go: the handler. A page costs a few statements, however many records it has.
//   - notifier.go, checkpoints.go, progress.go: NOTIFY wakes other processes, which poll as well; a
//     [Progress] tells readers how far the read models are, so that people find their own writes.
//
// # What goes wrong, and what happens then
//
//   - A record that can't be applied: its page comes again in halves, down to that record, which is
//     tried again and then parks its stream. That record and later ones of the stream wait
//     (parking.go) until [Retry] applies them.
//   - A record of a type or a schema version that this program does not know: the process gives the
//     lease up, and one with a newer version goes on (unknown.go). Streams that earlier versions
//     parked for that are resumed.
//   - The database was restored, or has lost commits: a checkpoint is further back than before, and
//     what is remembered by positions is forgotten (checkpoints.go).
//   - A lost database, or anything else that stops all records alike, parks nothing. The delivery
//     starts over until it works, and shows as lag (metrics.go, status.go).
//   - A read model that differs from the log is found by [Verify], which compares what was applied
//     with the log (applied.go, verify.go), and by [Rebuild], which builds it anew in a shadow
//     table, compares the rows, and swaps the tables (rebuild.go, bulk.go, shadow.go, compare.go).
package engine
