// Package eventstore keeps the log in PostgreSQL and executes commands on it. It knows streams and
// records, and nothing of bookings: the caller hands it a [Model] of its streams.
//
// [Log] reads the log. [Executor] decides a command on the state of its stream and appends the
// records. Commands that arrive together share a transaction, also across streams. Start reading at
// batch.go: process takes a batch from its first read to the answers.
//
// # Files
//
// Files use only those before them:
//
//	errors, record, chain, scan, log        the errors and the log
//	keys, model, health, options            what callers hand in
//	connect, usertimeout, session           how connections are set up
//	cache, snapshot, unread                 what is known of streams, and how they are read
//	append, facts, transaction, stalled     one transaction and its connection
//	call, states, plan, calls, aftererror   commands, what they are decided on, what is to be appended
//	loader, order, queue                    how commands come to batches
//	trace, batch, executor                  what batches do
//
// # Why commands share transactions
//
// A booking transaction contains a delay (a payment, say) between reading and writing. One
// transaction for each booking pins a connection for every waiting customer, and a row lock held
// through the delay sells one ticket per delay. So commands share transactions (group commit):
//
//  1. Enqueue. A command waits for the next batch of its queue. Workers make batches: one for each
//     transaction that may be open ([Options.Transactions]), and no two batches sooner after each
//     other than delay/transactions, so that with a delay the batches overlap and, when a transaction
//     is free, nobody waits longer than that. A lone command on an idle system starts at once.
//     Commands on streams that were not in the cache in the last 5 s leave the queue until the
//     loader has read their stream, see "Cold streams".
//  2. Read. One message has BEGIN, queries for the unread records of the batch's streams and for
//     its keys, and a savepoint. A bounded cache holds folded states, and is only where to start
//     from: that the log still has their last record is checked, and what came after is read.
//     Nothing is written yet, so there is no transaction id, and neither vacuum nor readers are
//     held up.
//  3. Refuse. Commands that a committed state refuses are answered now.
//  4. Delay. Once for the whole batch, inside the transaction.
//  5. Append. One batch at a time: decide again in order of arrival on the moving state, append all
//     records in one statement and send COMMIT right behind it, so that no lock is held while a
//     message travels, unless another process was first.
//  6. Conflict. Versions are unique in a stream, so when another process was first the append fails:
//     back to the savepoint, and again without a second delay, this time with the log's head row
//     locked first, so that nobody can be faster once more. While batches find that others append to
//     the same streams, the lock comes first at once.
//  7. Answer. Everyone gets their own answer, and only once the states that it rests on are committed.
//
// Without a delay, a batch leaves out steps 2 and 3 when all its streams are in the cache, each
// command would append something, and PostgreSQL has answered within the last 100 ms: BEGIN, the
// append and COMMIT are then one message. If the cache is not what is committed, the append fails as
// in 6. Refusals, and commands that have nothing to do, are never answered without a read in the
// same transaction.
//
// Batches that share a stream append one after the other, those of one queue in the order in which
// they were made; others don't wait for each other but for the append itself, and for that no longer
// than 50 ms if it hangs.
//
// # Cold streams
//
// A process that has just started knows no stream. The loader reads streams before their commands
// enter a batch, so that no batch reads much and commands on other streams don't wait. Each stream
// is read once, however many commands want it. Short ones are read many at a time, long ones from
// their snapshot and in turns. A statement reads at most 5,000 records over all its streams, or
// 60,000 of one long stream; what it has brought is kept, whatever happens to the next one. Two
// loads run at a time, so what is read at once, and the memory for it, does not grow with the number
// of commands. Streams that were long to read get a snapshot, as those that grow do, but
// short ones not while many wait to be loaded.
//
// The head row hands out positions. An append locks it in the same statement that inserts, before
// it touches anything else, so appends wait for each other at that one place, in whatever order
// they name their streams, and can't deadlock. It makes positions gapless and in commit order, and
// so "position > checkpoint" a complete and correct read.
//
// # After an error
//
// This is what a batch does after an error of an attempt to append. Locked: the transaction holds
// the head row's lock. Lost: an append was sent before whose COMMIT was never answered.
//
//	error            locked  lost  action
//	connection lost  any     any   new connection, lock the head row, look for the lost append, decide again
//	conflict         no      any   roll back, lock the head row, decide again
//	conflict         yes     no    give up as unavailable
//	conflict         yes     yes   give up as outcome unknown
//	lock timeout     any     any   end stalled holders and begin again; none: give up
//	anything else    any     no    give up as unavailable
//	anything else    any     yes   give up as outcome unknown
//
// A conflict is a version or key that is taken, or a predecessor that the log does not have. A new
// connection is tried until the time is up, and five times if no append was sent. Giving up answers
// [ErrUnavailable] or [ErrOutcomeUnknown].
//
// # What goes wrong, and what happens then
//
//   - A command that panics, or whose records PostgreSQL could not store, fails alone, before
//     anything is sent.
//   - A caller that gives up before a batch has taken its command is forgotten; later, the command is
//     carried out all the same. When all who wait for a stream have given up, reading it ends with
//     the statement that is under way, and goes on from there for the next command.
//   - A stream that can't be read within three times [Options.Timeout] fails the commands that wait
//     for it as unavailable. The next command goes on where reading ended.
//   - More waiting commands than [Options.Queue] are refused with [ErrBusy]; overload is never
//     answered with a refusal.
//   - A COMMIT is never cancelled: see [ConfigureCommits]. If its answer does not come, the socket
//     is closed.
//   - If the connection breaks during COMMIT, a new transaction locks the head row and looks for
//     the hashes of the records. If they are there, everything is, and the transaction commits, to
//     wait for the synchronous standby too. If not, the commands are decided and appended again: the
//     versions are then taken, and the lost append can't follow. If no connection can be had,
//     callers get [ErrOutcomeUnknown]. Repeating the command with the same key is safe.
//   - The log can have another history than the one that a process remembers: after a failover to a
//     replica that was behind, a crash without synchronous_commit, or a restore while the server
//     runs. So each read looks whether the last record that is known of a stream is still there with
//     its hash, and a trigger refuses records whose hash does not follow. Such a stream is read again.
//   - A connection on which nothing comes back is given up while there is time to try another one.
//   - A repeated command, or one with nothing to do, succeeds because of what others have
//     committed. It is answered when the standby has that too. Refusals and reads don't wait: they
//     may show what a failover loses.
//   - A process that freezes inside a transaction is cut off by the session's timeouts, see
//     [Session]. If a COMMIT arrives only in part, its session is ended by those that wait for the
//     head row.
package eventstore
