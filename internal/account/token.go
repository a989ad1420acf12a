package account

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// AccessTTL is the lifetime of an access token.
	AccessTTL = 15 * time.Minute
	// RefreshTTL is the lifetime of a refresh token.
	RefreshTTL = 7 * 24 * time.Hour
	// SessionTTL is how long rotation can extend one sign-in. After it the user has to enter the
	// password again.
	SessionTTL = 30 * 24 * time.Hour
	// MinSecretBytes is the minimum length of a secret. Shorter ones can be guessed offline; 32 random
	// bytes are recommended for HS256.
	MinSecretBytes = 16

	issuer          = "boxoffice"
	accessAudience  = "boxoffice-api"
	refreshAudience = "boxoffice-refresh"

	maxTokenBytes = 4096
	clockLeeway   = 30 * time.Second // for tokens of machines whose clock is ahead
	lastSecond    = 253402300799     // of the year 9999

	cachedTokens = 20_000 // some 8 MB
)

var (
	// ErrInvalidToken means that a token is not accepted, for any reason. The wrapping error has
	// details for the log, not for the client.
	ErrInvalidToken = errors.New("invalid token")
	// ErrTokenExpired means that the token was valid and has expired.
	ErrTokenExpired = fmt.Errorf("%w: expired", ErrInvalidToken)
	// ErrTokenReused means that a refresh token was used again after it had been replaced. Two parties
	// have it, so every token of its sign-in is revoked. To the client it is an invalid token.
	ErrTokenReused = fmt.Errorf("%w: used again", ErrInvalidToken)
)

// Tokens are the pair of tokens of a signed-in user.
type Tokens struct {
	Access, Refresh               string
	AccessExpires, RefreshExpires time.Time
	// Replayed says that the account was there: the registration was repeated with its key.
	Replayed bool
}

// Claims are the contents of a valid access token, or what an API key stands for.
type Claims struct {
	UserID    uuid.UUID
	Email     string
	Role      Role
	ExpiresAt time.Time
	// SessionID is that of the sign-in, see [Session]. It is zero in tokens of other programs.
	SessionID     uuid.UUID
	EmailVerified bool
	// KeyID and Scopes are those of an API key. The id is zero for an access token, which has all
	// scopes.
	KeyID  uuid.UUID
	Scopes []Scope

	version int // see [revocations]
}

// Secrets sign tokens. The first of each list signs new tokens; the others are only accepted. To
// rotate a secret without refusing anybody, first give the new one to every process as its second.
type Secrets struct {
	Access, Refresh []string
}

// Signer signs and verifies tokens: JWT with HS256 only, whatever algorithm a token names. It is
// safe for concurrent use.
type Signer struct {
	access, refresh keys
	now             func() time.Time
	parser          *jwt.Parser
	// valid caches the claims of verified access tokens by the token's hash. Clients send the same
	// token with every request; only its expiry is checked then. That saves a seventh of the processor
	// time of a booking.
	valid *lru.Cache[[sha256.Size]byte, Claims]
}

// NewSigner returns a signer with the clock now; time.Now when nil.
func NewSigner(secrets Secrets, now func() time.Time) (*Signer, error) {
	if now == nil {
		now = time.Now
	}
	access, accessErr := newKeys("access", secrets.Access)
	refresh, refreshErr := newKeys("refresh", secrets.Refresh)
	var shared error
	if slices.ContainsFunc(secrets.Access, func(s string) bool { return slices.Contains(secrets.Refresh, s) }) {
		shared = errors.New("access and refresh tokens must not share a secret")
	}
	if err := errors.Join(accessErr, refreshErr, shared); err != nil {
		return nil, err
	}
	valid, err := lru.New[[sha256.Size]byte, Claims](cachedTokens)
	if err != nil {
		return nil, err
	}
	return &Signer{
		access: access, refresh: refresh, now: now, valid: valid,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithStrictDecoding(),       // otherwise one signature has several encodings
			jwt.WithoutClaimsValidation()), // verify does that: expiry last, with leeway for the clock only
	}, nil
}

// IssueAccess signs an access token for the user and returns when it expires.
func (s *Signer) IssueAccess(user User) (token string, expires time.Time, err error) {
	return s.issueAccess(user, uuid.Nil)
}

func (s *Signer) issueAccess(user User, session uuid.UUID) (token string, expires time.Time, err error) {
	now := s.now().UTC().Truncate(time.Second)
	expires = now.Add(AccessTTL)
	claims := jwt.MapClaims{
		"iss": issuer, "aud": accessAudience, "sub": user.ID.String(), "email": user.Email, "role": user.Role,
		"iat": now.Unix(), "exp": expires.Unix(),
	}
	if session != uuid.Nil {
		claims["sid"] = session.String()
	}
	if user.EmailVerified {
		claims["email_verified"] = true
	}
	if user.tokenVersion > 0 {
		claims["ver"] = user.tokenVersion
	}
	token, err = s.access.current().sign(claims)
	return token, expires, err
}

// ParseAccess verifies an access token without reading the database, or returns [ErrInvalidToken].
// Other programs that have the secret may issue tokens too. A token without a role is a customer's.
func (s *Signer) ParseAccess(token string) (Claims, error) {
	hash := sha256.Sum256([]byte(token))
	claims, known := s.valid.Get(hash)
	if !known {
		var err error
		if claims, err = s.readAccess(token); err != nil {
			return Claims{}, err
		}
	}
	if err := expired(claims.ExpiresAt, s.now()); err != nil {
		s.valid.Remove(hash)
		return Claims{}, err
	}
	if !known {
		s.valid.Add(hash, claims)
	}
	return claims, nil
}

// readAccess verifies an access token, except its expiry.
func (s *Signer) readAccess(token string) (Claims, error) {
	c, err := s.verify(token, s.access, accessAudience)
	if err != nil {
		return Claims{}, err
	}
	claims := Claims{UserID: c.subject, Role: Customer, ExpiresAt: c.expires}
	claims.Email, _ = c.all["email"].(string)
	if claims.Email == "" {
		return Claims{}, fmt.Errorf("%w: no email", ErrInvalidToken)
	}
	if role, given := c.all["role"]; given {
		name, _ := role.(string)
		claims.Role = Role(name)
	}
	claims.EmailVerified, _ = c.all["email_verified"].(bool)
	version, _ := c.all["ver"].(float64) // 0 when it is not there, as in tokens of other programs
	claims.version = int(version)
	session, _ := c.all["sid"].(string)
	claims.SessionID, _ = uuid.Parse(session)
	if !claims.Role.Known() {
		return Claims{}, fmt.Errorf("%w: unknown role", ErrInvalidToken)
	}
	return claims, nil
}

// key is a secret and its id in the header of tokens.
type key struct {
	id     string
	secret []byte
}

// keys are the accepted ones; the current one is the first.
type keys struct {
	list []key
	set  jwt.VerificationKeySet
}

func newKeys(use string, secrets []string) (keys, error) {
	if len(secrets) == 0 {
		return keys{}, fmt.Errorf("%s secret is missing", use)
	}
	var accepted keys
	for _, secret := range secrets {
		if len(secret) < MinSecretBytes {
			return keys{}, fmt.Errorf("%s secret is shorter than %d bytes", use, MinSecretBytes)
		}
		sum := sha256.Sum256([]byte("boxoffice key id\x00" + secret))
		accepted.list = append(accepted.list, key{id: hex.EncodeToString(sum[:6]), secret: []byte(secret)})
		accepted.set.Keys = append(accepted.set.Keys, []byte(secret))
	}
	return accepted, nil
}

func (k keys) current() key { return k.list[0] }

// sign is deterministic, so that the same token can be signed again: encoding/json sorts the keys
// of a map.
func (k key) sign(claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["kid"] = k.id
	return token.SignedString(k.secret)
}

// contents is the payload of a token with a valid signature.
type contents struct {
	subject         uuid.UUID
	issued, expires time.Time
	all             jwt.MapClaims // a map, because a struct would accept "Role" for "role"
}

// verify checks what access and refresh tokens have in common, except the expiry.
func (s *Signer) verify(token string, accepted keys, audience string) (contents, error) {
	if len(token) > maxTokenBytes {
		return contents{}, fmt.Errorf("%w: longer than %d bytes", ErrInvalidToken, maxTokenBytes)
	}
	c := contents{all: jwt.MapClaims{}}
	_, err := s.parser.ParseWithClaims(token, c.all, func(t *jwt.Token) (any, error) {
		if _, given := t.Header["crit"]; given {
			return nil, errors.New("critical header that is not understood") // RFC 7515 requires its refusal
		}
		return accepted.set, nil // for any kid: other programs with the secret may set none, or their own
	})
	if err == nil {
		err = c.read(audience, s.now())
	}
	if err != nil {
		return contents{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return c, nil
}

func (c *contents) read(audience string, now time.Time) (err error) {
	// A claim of the wrong type reads as missing.
	if iss, _ := c.all.GetIssuer(); iss != issuer {
		return errors.New("another issuer")
	}
	if aud, _ := c.all.GetAudience(); !slices.Contains(aud, audience) {
		return errors.New("another audience")
	}
	if c.subject, err = subject(c.all); err != nil {
		return err
	}
	var issuedOK, expiresOK bool
	c.issued, issuedOK = date(c.all.GetIssuedAt())
	c.expires, expiresOK = date(c.all.GetExpirationTime())
	if !issuedOK || !expiresOK {
		return errors.New("no iat or no exp")
	}
	if c.issued.After(now.Add(clockLeeway)) {
		return errors.New("issued in the future")
	}
	if _, given := c.all["nbf"]; given {
		from, ok := date(c.all.GetNotBefore())
		if !ok || from.After(now.Add(clockLeeway)) {
			return errors.New("not valid yet")
		}
	}
	return nil
}

// expired is checked last, so that ErrTokenExpired is returned only for tokens that were valid.
func expired(at, now time.Time) error {
	if !now.Before(at) {
		return ErrTokenExpired
	}
	return nil
}

// subject accepts the canonical form only; uuid.Parse accepts several.
func subject(claims jwt.MapClaims) (uuid.UUID, error) {
	text, _ := claims.GetSubject()
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) || id == uuid.Nil {
		return uuid.Nil, errors.New("sub is not a user id")
	}
	return id, nil
}

// date refuses missing and absurd dates: 1e300 would overflow an integer and become the distant
// past.
func date(d *jwt.NumericDate, err error) (time.Time, bool) {
	if err != nil || d == nil || d.Unix() <= 0 || d.Unix() > lastSecond {
		return time.Time{}, false
	}
	return d.UTC(), true
}
