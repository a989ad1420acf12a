// Package eventstore keeps the log in PostgreSQL and carries commands to it. It knows streams and records, and has never heard of
// a booking: the caller hands it a [Model] of its streams.
//
// [Log] reads the log and appends to it; it is small and plain. [Executor] is the heart, start at executor.go: it runs a command
// against the state of its stream, and lets the commands that arrive together share a transaction, also across streams.
//
// # Why commands share transactions
//
// A booking transaction contains a delay (a payment, say) between reading and writing. One transaction for each booking pins a
// connection for every waiting customer, and a row lock held through the delay sells one ticket per delay. So a transaction is
// a bus and not a taxi:
//
//  1. Board. A command joins the batch that is forming. A batch leaves when one of at most [Options.Transactions] open
//     transactions is free, and no sooner than delay/transactions after the one before, so that with a delay the batches overlap
//     and nobody waits longer than that to board. A lone command on an idle system leaves at once.
//  2. Read. BEGIN, one query for the news of the batch's streams, and a savepoint travel together. A bounded cache holds folded
//     states, and is only where to start from: that the log still has their last record is checked, and what came after is
//     read. Nothing is written yet, so there is no transaction id, and neither vacuum nor readers are held up.
//  3. Decide. Commands that a committed state refuses already are answered now.
//  4. Delay. Once for the whole batch, inside the transaction.
//  5. Append. One batch at a time: if anybody else has moved the head meanwhile, read the news again; decide again in order of
//     arrival on the moving state, append all records in one statement and send COMMIT right behind it, so that no lock is held
//     while a message travels.
//  6. Conflict. Versions are unique in a stream, so when another process was first the append fails: back to the savepoint, and
//     again without a second delay, this time with the log's head row locked first, so that nobody can be faster once more. As long as
//     others are seen to append to the same streams, the lock comes first at once.
//  7. Answer. Everyone gets their own answer, and only once the states that it rests on are committed.
//
// The head row hands out positions. An append locks it in the same statement that inserts, before it touches anything else, so
// appends wait for each other at that one place, in whatever order they name their streams, and can't deadlock. It makes
// positions gapless and in commit order, and so "position > checkpoint" a complete and correct read.
//
// # What goes wrong, and what happens then
//
//   - A command that panics or whose record PostgreSQL rejects fails alone: the others of its batch go again without it.
//   - A caller that gives up while waiting to board is forgotten; once aboard, its command is carried out, and that is that.
//   - More waiting commands than [Options.Queue] are refused with [ErrBusy]; a state that refuses a command is never invented.
//   - A COMMIT is never cancelled: see [ConfigureCommits]. If its answer does not come, the socket
//     is closed.
//   - If the connection breaks during COMMIT, a new transaction locks the head row and looks for
//     the hashes of the records. If they are there, everything is, and the transaction commits, to
//     wait for the synchronous standby too. If not, the commands are decided and appended anew: the
//     versions are then taken, and the lost append can't follow. If no connection can be had,
//     callers get [ErrOutcomeUnknown] and may repeat the command.
//   - The log can have another history than the one that a process remembers: after a failover to a replica that was behind, a crash
//     without synchronous_commit, or a restore while the server runs. So each read looks whether the last record that is known of a
//     stream is still there with its hash, and a trigger refuses records whose hash does not follow. Such a stream is read anew.
//   - A connection on which nothing comes back is given up while there is time to try another one.
//   - A repeated command, or one with nothing to do, succeeds because of what others have
//     committed. It is answered when the standby has that too. Refusals and reads don't wait: they may
//     show what a failover loses.
//   - A process that freezes inside a transaction is cut off by the session's timeouts, see [Session].
//     If a COMMIT arrives only in part, its session is ended by those that wait for the head row.
package eventstore
