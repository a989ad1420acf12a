// Package audit verifies the log, proves what it contains, and shows the history of streams. It
// never writes to the log; it stores signed checkpoints, and who has read the audit.
//
//   - [Verify] checks the whole log, or one stream: verify.go and check.go.
//   - [Checkpoints] periodically signs the number of records and their Merkle root, and proves with
//     these checkpoints that a record is in the log: checkpoint.go, proof.go and tree.go.
//   - [History] returns a stream as of any version or time: history.go.
//   - [Export] writes records for other programs, and [VerifyExport] checks such a file without a
//     database: export.go and export_verify.go.
//
// It depends on the domain and the read models, not on HTTP or the command line.
package audit
