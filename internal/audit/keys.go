package audit

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Origin begins the origin line of every checkpoint, and names the keys that sign them.
const Origin = "boxoffice/audit"

// MinKeyBytes is the minimum length of a signing secret.
const MinKeyBytes = 32

// Keys sign checkpoints and verify their signatures.
type Keys struct {
	seed    []byte // nil: this program can only verify
	own     string
	trusted []trustedKey
}

// trustedKey is a public key in the form of [Keys.Public]. The same key signs for every log, each
// time under the name of that log's origin.
type trustedKey struct {
	text   string
	public ed25519.PublicKey
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
		k.seed = seed[:]
		public := ed25519.NewKeyFromSeed(k.seed).Public().(ed25519.PublicKey)
		var err error
		if k.own, err = note.NewEd25519VerifierKey(Origin, public); err != nil {
			return nil, err
		}
		k.trusted = []trustedKey{{k.own, public}}
	}
	for _, text := range trusted {
		public, err := publicKeyOf(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not the public key of an audit, such as %s+0a1b2c3d+A…: %w", text, Origin, err)
		}
		k.trusted = append(k.trusted, trustedKey{text, public})
	}
	return k, nil
}

// ed25519Algorithm is the byte before an Ed25519 key in the format of signed notes.
const ed25519Algorithm = 1

func publicKeyOf(text string) (ed25519.PublicKey, error) {
	if _, err := note.NewVerifier(text); err != nil {
		return nil, err
	}
	encoded := strings.SplitN(text, "+", 3)[2]
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != ed25519Algorithm {
		return nil, errors.New("it is not an Ed25519 key")
	}
	return key[1:], nil
}

// Public returns the public key of this program; empty when it can't sign.
func (k *Keys) Public() string { return k.own }

// CanVerify reports whether any key is trusted.
func (k *Keys) CanVerify() bool { return len(k.trusted) > 0 }

// canSign reports whether there is a secret.
func (k *Keys) canSign() bool { return k.seed != nil }

// SignFor signs a message that is not a checkpoint. The purpose is signed with it, so that no signature
// passes for one of another purpose, or for that of a checkpoint, whose text begins with [Origin].
// The error is [ErrNoKey].
func (k *Keys) SignFor(purpose string, message []byte) ([]byte, error) {
	if !k.canSign() {
		return nil, ErrNoKey
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(k.seed), forPurpose(purpose, message)), nil
}

// VerifyFor reports whether a signature of [Keys.SignFor] is by a trusted key.
func (k *Keys) VerifyFor(purpose string, message, signature []byte) bool {
	signed := forPurpose(purpose, message)
	return slices.ContainsFunc(k.trusted, func(t trustedKey) bool { return ed25519.Verify(t.public, signed, signature) })
}

// PublicKeys are those that are trusted, this program's own first.
func (k *Keys) PublicKeys() []ed25519.PublicKey {
	keys := make([]ed25519.PublicKey, len(k.trusted))
	for i, t := range k.trusted {
		keys[i] = t.public
	}
	return keys
}

// forPurpose needs no length: no purpose has a zero byte.
func forPurpose(purpose string, message []byte) []byte {
	return append([]byte(purpose+"\x00"), message...)
}

// Statement is the content of a checkpoint: the first Size records of the log have this Merkle
// root. The origin identifies the log. Checkpoints of earlier versions of the program have the
// origin [Origin], which does not say which log it is.
type Statement struct {
	Origin string
	Size   int64
	Root   eventstore.Hash
}

// isOf reports whether the statement can be about the log with this origin.
func (s Statement) isOf(origin string) bool { return s.Origin == origin || s.Origin == Origin }

// ErrNotSigned means that a checkpoint has no signature by a trusted key.
var ErrNotSigned = errors.New("the checkpoint is not signed by a key that is trusted")

func (k *Keys) sign(s Statement) (string, error) {
	public, err := note.NewEd25519VerifierKey(s.Origin, ed25519.NewKeyFromSeed(k.seed).Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	id := strings.SplitN(public, "+", 3)[1]
	private := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, k.seed...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + s.Origin + "+" + id + "+" + private)
	if err != nil {
		return "", err
	}
	size := uint64(s.Size) //nolint:gosec // positive
	text := log.Checkpoint{Origin: s.Origin, Size: size, Hash: s.Root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	return string(signed), err
}

// Open verifies a signed checkpoint, in the format of C2SP's tlog-checkpoint, and returns its
// content.
func (k *Keys) Open(signed string) (Statement, error) {
	s, _, err := k.open(signed)
	return s, err
}

// open is [Keys.Open], and returns the trusted key that the checkpoint is signed with.
func (k *Keys) open(signed string) (s Statement, key string, err error) {
	verifiers := &originVerifiers{keys: k}
	opened, err := note.Open([]byte(signed), verifiers)
	if err != nil {
		return s, "", fmt.Errorf("%w: %w", ErrNotSigned, err)
	}
	s, err = parseStatement(opened.Text)
	if err == nil && opened.Sigs[0].Name != s.Origin {
		err = fmt.Errorf("%w: the signature is for the log %s", ErrNotSigned, opened.Sigs[0].Name)
	}
	return s, verifiers.found, err
}

func parseStatement(text string) (s Statement, err error) {
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(text))
	switch {
	case err != nil:
		return s, err
	case c.Origin != Origin && !strings.HasPrefix(c.Origin, Origin+"/"), len(rest) > 0, len(c.Hash) != len(s.Root),
		c.Size == 0, c.Size > math.MaxInt64:
		return s, errors.New("the note is not a checkpoint of this kind of log")
	}
	s.Origin, s.Size = c.Origin, int64(c.Size)
	copy(s.Root[:], c.Hash)
	return s, nil
}

// originVerifiers implements [note.Verifiers] for the trusted keys, under the name of any log.
type originVerifiers struct {
	keys  *Keys
	found string // the first trusted key that was asked for
}

func (v *originVerifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	for _, key := range v.keys.trusted {
		text, err := note.NewEd25519VerifierKey(name, key.public)
		if err != nil {
			return nil, err
		}
		if verifier, err := note.NewVerifier(text); err == nil && verifier.KeyHash() == hash {
			v.found = cmp.Or(v.found, key.text)
			return verifier, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}
