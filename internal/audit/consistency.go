package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Consistency proves that the log with the larger checkpoint is that of a smaller one, with more
// records at its end: the proof of RFC 6962, section 2.1.2.
type Consistency struct {
	From       int64    `json:"from" doc:"Number of records that the older checkpoint covers"`
	Size       int64    `json:"size" doc:"Number of records that the newer checkpoint covers"`
	Path       []string `json:"path" nullable:"false" doc:"Consistency proof of RFC 6962, section 2.1.2, in hexadecimal"`
	Checkpoint string   `json:"checkpoint" doc:"The newer checkpoint, signed: a note as in C2SP's tlog-checkpoint"`
}

// ErrNotThatLong means that a consistency proof was asked for from a size beyond the checkpoint.
var ErrNotThatLong = errors.New("the checkpoint covers fewer records")

// Consistency proves that the checkpoint of a size extends the log that had the size from. The error
// is [ErrNoCheckpoint] when there is no signed checkpoint of that size. The proof is from the stored
// nodes and the log: whether it holds is for [Consistency.Verify] to say.
func (c *Checkpoints) Consistency(ctx context.Context, from, size int64) (*Consistency, error) {
	checkpoint, err := c.ofSize(ctx, size)
	if err != nil {
		return nil, err
	}
	if from > size {
		return nil, ErrNotThatLong
	}
	nodes, err := proof.Consistency(uint64(from), uint64(size)) //nolint:gosec // both are positive
	if err != nil {
		return nil, err
	}
	path, err := c.hashes(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("prove that %d records extend %d: %w", size, from, err)
	}
	return &Consistency{From: from, Size: size, Path: hexadecimal(path), Checkpoint: checkpoint.Note}, nil
}

// ofSize returns the signed checkpoint of a size.
func (c *Checkpoints) ofSize(ctx context.Context, size int64) (Checkpoint, error) {
	if last := c.Last(); last.Size == size {
		return last, nil
	}
	rows, _ := c.pool.Query(ctx, `select `+checkpointColumns+` from audit_checkpoints where size = $1`, size)
	row, err := pgx.CollectExactlyOneRow(rows, scanCheckpoint)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrNoCheckpoint
	}
	if err != nil {
		return row, fmt.Errorf("read checkpoint %d: %w", size, err)
	}
	origin, err := originOf(ctx, c.pool)
	if err != nil {
		return row, err
	}
	return row, c.verifyRow(row, origin)
}

// Verify checks, without the log, that a newer checkpoint extends an older one. Both are signed
// notes; what the proof itself says of them does not count. The error is [ErrTampered] when the
// newer one is not an extension.
func (p *Consistency) Verify(keys *Keys, older, newer string) (from, to Statement, err error) {
	if from, err = keys.Open(older); err != nil {
		return from, to, fmt.Errorf("the older checkpoint: %w", err)
	}
	if to, err = keys.Open(newer); err != nil {
		return from, to, fmt.Errorf("the newer checkpoint: %w", err)
	}
	if !from.isOf(to.Origin) {
		return from, to, fmt.Errorf("%w: the checkpoints are of different logs, %s and %s",
			ErrTampered, from.Origin, to.Origin)
	}
	if from.Size > to.Size {
		return from, to, fmt.Errorf("%w: the older checkpoint covers %d records, and the newer one %d",
			ErrTampered, from.Size, to.Size)
	}
	path, err := fromHexadecimal(p.Path)
	if err != nil {
		return from, to, err
	}
	size1, size2 := uint64(from.Size), uint64(to.Size) //nolint:gosec // positive
	err = proof.VerifyConsistency(rfc6962.DefaultHasher, size1, size2, path, from.Root[:], to.Root[:])
	if err != nil {
		return from, to, fmt.Errorf("%w: the newer checkpoint is not an extension of the older one: %w", ErrTampered, err)
	}
	return from, to, nil
}

func hexadecimal(hashes [][]byte) []string {
	texts := make([]string, len(hashes))
	for i, hash := range hashes {
		texts[i] = hex.EncodeToString(hash)
	}
	return texts
}

func fromHexadecimal(texts []string) (hashes [][]byte, err error) {
	hashes = make([][]byte, len(texts))
	for i, text := range texts {
		if hashes[i], err = hex.DecodeString(text); err != nil {
			return nil, fmt.Errorf("hash %d of the path: %w", i+1, err)
		}
	}
	return hashes, nil
}
