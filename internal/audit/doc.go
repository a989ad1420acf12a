// Package audit replays, proves and explains the log. It only reads the log; what it writes are
// signed checkpoints and who has looked at the audit.
//
//   - [Verify] goes through the log (or one stream) and checks everything that can be checked:
//     verify.go and check.go.
//   - [Checkpoints] signs, now and then, that the log had so many records with this Merkle root,
//     and proves against these statements that a record is in the log: checkpoint.go, proof.go and
//     tree.go.
//   - [History] tells what a stream looked like at any version or time: history.go.
//   - [Export] writes records for other programs, and [VerifyExport] checks such a file without a
//     database: export.go.
//
// It knows the domain and the read models, and nothing of HTTP or of the command line.
package audit
