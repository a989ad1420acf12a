// Package proofofwork issues challenges that cost computing time to solve, and accepts each solution
// once. A person waits about a second; a program that wants a thousand accounts or tickets pays a
// thousand times that.
//
// The challenges are those of ALTCHA, version 2 (https://altcha.org), so that its widget and its
// libraries solve them. Start with [Challenges].
package proofofwork

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrInvalid means that a solution is wrong, has expired, was used before, or solves nothing that
// was issued here.
var ErrInvalid = errors.New("invalid proof of work")

const (
	// TTL is how long a challenge can be solved and its solution used.
	TTL = 10 * time.Minute
	// MaxSolutionBytes is more than a solution takes, which is about 700.
	MaxSolutionBytes = 2048

	algorithm = "PBKDF2/SHA-256" // browsers compute it natively, so attackers are not much faster
	// A solution takes minCounter to maxCounter derivations of a key, each of defaultCost iterations:
	// some 0.3 ms on one processor of a desk computer.
	defaultCost            = 1000
	minCounter, maxCounter = 1000, 3000
	keyBytes               = sha256.Size
	prefixBytes            = keyBytes / 2 // are shown to the client, and the rest has to be found
)

// Challenge is what a client is asked to solve: to find the counter whose key begins with the prefix.
type Challenge struct {
	Parameters Parameters `json:"parameters"`
	Signature  string     `json:"signature"`
}

// Parameters are signed as JSON with sorted names. Texts but the algorithm are in hexadecimal.
type Parameters struct {
	Algorithm    string `json:"algorithm"`
	Cost         int    `json:"cost"`
	ExpiresAt    int64  `json:"expiresAt"` // Unix time in seconds
	KeyLength    int    `json:"keyLength"`
	KeyPrefix    string `json:"keyPrefix"`
	KeySignature string `json:"keySignature"`
	Nonce        string `json:"nonce"`
	Salt         string `json:"salt"`
}

// solution is what clients send, as JSON in base64.
type solution struct {
	Challenge Challenge `json:"challenge"`
	Solution  struct {
		Counter    uint32 `json:"counter"`
		DerivedKey string `json:"derivedKey"`
	} `json:"solution"`
}

// secretPair signs challenges and the keys that solve them.
type secretPair struct{ challenge, key []byte }

// Challenges issues challenges and redeems solutions. It is safe for concurrent use, and all
// processes with the same secrets and database act as one.
type Challenges struct {
	cost    int
	pool    *pgxpool.Pool
	secrets []secretPair
	now     func() time.Time
}

// New returns challenges signed with the first of the secrets; those signed with the others are
// accepted. The secrets may be used elsewhere too: what signs here is derived from them.
func New(pool *pgxpool.Pool, secrets []string, now func() time.Time) *Challenges {
	return NewWithCost(pool, secrets, now, defaultCost)
}

// NewWithCost is [New] with another number of iterations. A low one is for tests.
func NewWithCost(pool *pgxpool.Pool, secrets []string, now func() time.Time, cost int) *Challenges {
	c := &Challenges{pool: pool, now: now, cost: cost}
	for _, secret := range secrets {
		derive := func(use string) []byte {
			return []byte(sign([]byte(secret), []byte("boxoffice proof of work: "+use)))
		}
		c.secrets = append(c.secrets, secretPair{challenge: derive("challenge"), key: derive("key")})
	}
	return c
}

// Issue returns a new challenge. It costs one derivation, and nothing is stored.
func (c *Challenges) Issue() (Challenge, error) {
	var random [36]byte
	if _, err := rand.Read(random[:]); err != nil {
		return Challenge{}, err
	}
	return c.issue(random)
}

func (c *Challenges) issue(random [36]byte) (Challenge, error) {
	nonce, salt := random[:16], random[16:32]
	counter := minCounter + binary.BigEndian.Uint32(random[32:])%(maxCounter-minCounter)
	key, err := deriveKey(c.cost, nonce, salt, counter)
	if err != nil {
		return Challenge{}, err
	}
	secret := c.secrets[0]
	p := Parameters{
		Algorithm: algorithm, Cost: c.cost, ExpiresAt: c.now().Add(TTL).Unix(), KeyLength: keyBytes,
		KeyPrefix: hex.EncodeToString(key[:prefixBytes]), KeySignature: sign(secret.key, key),
		Nonce: hex.EncodeToString(nonce), Salt: hex.EncodeToString(salt),
	}
	text, err := json.Marshal(p)
	if err != nil {
		return Challenge{}, err
	}
	return Challenge{Parameters: p, Signature: sign(secret.challenge, text)}, nil
}

// Redeem accepts a solution, or returns [ErrInvalid]. by names the request that it is for: the same
// request may be repeated with it, another one may not. Without a name it can't be repeated.
func (c *Challenges) Redeem(ctx context.Context, text, by string) error {
	s, err := c.verify(text)
	if err != nil {
		return err
	}
	if by == "" {
		by = rand.Text()
	}
	name := sha256.Sum256([]byte(by))
	// The nonce was signed, so it is hexadecimal.
	err = c.pool.QueryRow(ctx, `
		insert into redeemed_proofs (nonce, redeemed_by, expires_at)
		values (decode($1, 'hex'), $2, to_timestamp($3))
		on conflict (nonce) do update
		set redeemed_by = excluded.redeemed_by
		where redeemed_proofs.redeemed_by = excluded.redeemed_by
		returning nonce`, s.Challenge.Parameters.Nonce, name[:], s.Challenge.Parameters.ExpiresAt).Scan(new([]byte))
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w: used before", ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("redeem a proof of work: %w", err)
	}
	return nil
}

// verify checks everything but whether the solution was used: two HMACs and no derivation, so wrong
// solutions cost the server nothing.
func (c *Challenges) verify(text string) (solution, error) {
	var s solution
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(text) > MaxSolutionBytes || json.Unmarshal(data, &s) != nil {
		return s, fmt.Errorf("%w: it can't be read", ErrInvalid)
	}
	if p := s.Challenge.Parameters; p.ExpiresAt <= c.now().Unix() {
		return s, fmt.Errorf("%w: expired", ErrInvalid)
	}
	signed, err := json.Marshal(s.Challenge.Parameters)
	if err != nil {
		return s, err
	}
	key, err := hex.DecodeString(s.Solution.DerivedKey)
	if err != nil {
		return s, fmt.Errorf("%w: no key", ErrInvalid)
	}
	for _, secret := range c.secrets {
		if equal(sign(secret.challenge, signed), s.Challenge.Signature) {
			if equal(sign(secret.key, key), s.Challenge.Parameters.KeySignature) {
				return s, nil
			}
			return s, fmt.Errorf("%w: wrong key", ErrInvalid)
		}
	}
	return s, fmt.Errorf("%w: not issued here", ErrInvalid)
}

// DeleteExpired forgets solutions that can't be used any more. Call it periodically.
func (c *Challenges) DeleteExpired(ctx context.Context) error {
	// Clocks of processes differ: a margin, so that none forgets what another one would accept.
	_, err := c.pool.Exec(ctx, `delete from redeemed_proofs where expires_at < now() - interval '10 minutes'`)
	if err != nil {
		return fmt.Errorf("delete expired proofs of work: %w", err)
	}
	return nil
}

func deriveKey(cost int, nonce, salt []byte, counter uint32) ([]byte, error) {
	password := binary.BigEndian.AppendUint32(slices.Clone(nonce), counter)
	key, err := pbkdf2.Key(sha256.New, string(password), salt, cost, keyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return key, nil
}

func sign(secret, data []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
