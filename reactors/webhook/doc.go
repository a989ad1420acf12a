// Package webhook tells the endpoints of organizers, by HTTP, what happens at their events.
//
// It takes two steps. The reactor [Messages] turns a record of the log into a message, and writes a
// delivery for each endpoint that wants it in the transaction that moves its offset, so each is
// written once. [Send] posts deliveries and tries again those that fail, in one process at a time: what
// was in flight when a process was killed is sent again, with the same id.
//
//   - content.go: what a message says; messages.go: who gets it; events.go: who may
//   - sender.go: what is sent when; attempt.go: one request; outcome.go: what follows from it
//   - metrics.go: what operators see
package webhook
