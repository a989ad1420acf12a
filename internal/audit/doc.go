// Package audit verifies the log, proves what it contains, and shows the history of streams. It
// appends to the log who has read the audit, and stores signed checkpoints and verifications.
//
//   - [Verify] checks the whole log, or one stream: verify.go, order.go and check.go. A [Runner] does so in
//     the background: runner.go.
//   - [Reads] are the records that say who has read what: reads.go.
//   - [Checkpoints] periodically signs the number of records and their Merkle root, and proves with
//     these checkpoints that a record is in the log: checkpoint.go, proof.go and tree.go.
//   - [History] returns a stream as of any version or time: history.go.
//   - [Export] writes records for other programs, and [VerifyExport] checks such a file without a
//     database: export.go and export_verify.go.
//
// It depends on the domain and the read models, not on HTTP or the command line.
package audit
