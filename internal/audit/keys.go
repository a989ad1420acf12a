package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Origin identifies this kind of log in checkpoints, and names the keys that sign them.
const Origin = "boxoffice/audit"

// MinKeyBytes is the minimum length of a signing secret.
const MinKeyBytes = 32

// Keys sign checkpoints and verify their signatures.
type Keys struct {
	signer  note.Signer // nil: this program can only verify
	own     string
	trusted []note.Verifier
}

// NewKeys derives an Ed25519 key from a random secret; without one the keys can only verify.
// Signatures by one of the trusted public keys, in the form of [Keys.Public], are accepted too.
func NewKeys(secret string, trusted ...string) (*Keys, error) {
	k := &Keys{}
	if secret != "" {
		if len(secret) < MinKeyBytes {
			return nil, fmt.Errorf("the signing key of the audit is shorter than %d bytes", MinKeyBytes)
		}
		seed := sha256.Sum256([]byte("boxoffice audit signing key\x00" + secret))
		public, err := note.NewEd25519VerifierKey(Origin, ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
		if err != nil {
			return nil, err
		}
		_, id, _ := strings.Cut(public, "+")
		id, _, _ = strings.Cut(id, "+")
		const ed25519Algorithm = 1
		private := append([]byte{ed25519Algorithm}, seed[:]...)
		if k.signer, err = note.NewSigner("PRIVATE+KEY+" + Origin + "+" + id +
			"+" + base64.StdEncoding.EncodeToString(private)); err != nil {
			return nil, err
		}
		k.own = public
		trusted = append([]string{public}, trusted...)
	}
	for _, public := range trusted {
		v, err := note.NewVerifier(public)
		if err != nil {
			return nil, fmt.Errorf("%q is not the public key of an audit, such as %s+0a1b2c3d+A…: %w", public, Origin, err)
		}
		k.trusted = append(k.trusted, v)
	}
	return k, nil
}

// Public returns the public key of this program; empty when it can't sign.
func (k *Keys) Public() string { return k.own }

// canSign reports whether there is a secret.
func (k *Keys) canSign() bool { return k.signer != nil }

// Statement is the content of a checkpoint: the first Size records of the log have this Merkle
// root.
type Statement struct {
	Size int64
	Root eventstore.Hash
}

// ErrNotSigned means that a checkpoint has no signature by a trusted key.
var ErrNotSigned = errors.New("the checkpoint is not signed by a key that is trusted")

func (k *Keys) sign(s Statement) (string, error) {
	size := uint64(s.Size) //nolint:gosec // positive
	text := log.Checkpoint{Origin: Origin, Size: size, Hash: s.Root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, k.signer)
	return string(signed), err
}

// Open verifies a signed checkpoint, in the format of C2SP's tlog-checkpoint, and returns its
// content.
func (k *Keys) Open(signed string) (s Statement, err error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(k.trusted...))
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrNotSigned, err)
	}
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(opened.Text))
	switch {
	case err != nil:
		return s, err
	case c.Origin != Origin || len(rest) > 0 || len(c.Hash) != len(s.Root) || c.Size == 0 || c.Size > math.MaxInt64:
		return s, errors.New("the note is not a checkpoint of this kind of log")
	}
	s.Size = int64(c.Size)
	copy(s.Root[:], c.Hash)
	return s, nil
}
