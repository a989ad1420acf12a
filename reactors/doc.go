// Package reactors has side effects follow from the log: a record is a message, and a handler does
// something about it outside of the read models, such as queueing a mail.
//
// Delivery is watermill-sql's own Subscriber, over event_log and over reactor_queue. Nothing is
// processed around it; this package says where messages are ([logTopic], [queueTopic] in
// topic.go), when to look for more (waiter.go), and which layers stand around a handler
// (middleware.go):
//
//   - Each reactor is a consumer group with an offset of its own, and a message is a row. It is
//     delivered at least once and in order: handlers give their effects an id that a repetition
//     has too. What a handler writes in the transaction of [Tx] is committed with the offset, so it
//     has an effect once.
//   - A reactor of the log that nobody wants, such as that of webhooks while there are none, passes
//     over the records without reading them.
//   - One process at a time runs a reactor, by a lease with a fence.
//   - An error is tried again a few times. What never works goes to poisoned_messages, where an
//     operator has it handled again ([Retry]) or drops it ([Skip]), and the others go on.
//   - An [Outage] concerns all messages alike: nothing is poisoned, and the reactor waits.
//
// Start reading at [Run]. Mails are in package mail, webhooks in package webhook.
package reactors
