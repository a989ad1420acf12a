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
	// AccessTTL is how long an access token is believed.
	AccessTTL = 15 * time.Minute
	// RefreshTTL is how long a refresh token can be exchanged for the next one.
	RefreshTTL = 7 * 24 * time.Hour
	// SessionTTL is how long rotation can keep one sign-in alive. After it the password is asked for
	// again.
	SessionTTL = 30 * 24 * time.Hour
	// MinSecretBytes is the least length of a secret. HS256 deserves 32 random bytes; with less than
	// this it can be guessed offline.
	MinSecretBytes = 16

	issuer          = "boxoffice"
	accessAudience  = "boxoffice-api"
	refreshAudience = "boxoffice-refresh"

	maxTokenBytes = 4096
	clockLeeway   = 30 * time.Second // for a token from a machine whose clock is ahead
	lastSecond    = 253402300799     // of the year 9999

	rememberedTokens = 20_000 // some 8 MB
)

var (
	// ErrInvalidToken is every reason not to believe a token. The error in hand may say more, for a
	// log and not for the caller.
	ErrInvalidToken = errors.New("invalid token")
	// ErrTokenExpired means that nothing but its age is wrong with the token.
	ErrTokenExpired = fmt.Errorf("%w: expired", ErrInvalidToken)
	// ErrTokenReused means that a refresh token was used again after it had been replaced, so that two
	// parties have it: every token of its sign-in is revoked. To the caller it is an invalid token
	// like others.
	ErrTokenReused = fmt.Errorf("%w: used again", ErrInvalidToken)
)

// Tokens are what a signed-in user holds.
type Tokens struct {
	Access, Refresh               string
	AccessExpires, RefreshExpires time.Time
}

// Claims are what a valid access token says about its bearer.
type Claims struct {
	UserID    uuid.UUID
	Email     string
	Role      Role
	ExpiresAt time.Time
}

// Secrets sign tokens. The first of a list signs; those after it were replaced and are accepted
// until they are taken off the list. To rotate without refusing anybody, give the new secret to
// every process as its second one first.
type Secrets struct {
	Access, Refresh []string
}

// Signer makes and checks tokens: JWT with HS256, and no other algorithm whatever a token says of
// itself. It is safe for concurrent use.
type Signer struct {
	access, refresh keys
	now             func() time.Time
	parser          *jwt.Parser
	// Clients send the same access token again and again. Those that were found to be good are
	// remembered, by their hash, so that only their age has to be looked at: a seventh of the
	// processor time of a booking.
	good *lru.Cache[[sha256.Size]byte, Claims]
}

// NewSigner returns a signer that takes the time from now; time.Now when nil.
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
	good, err := lru.New[[sha256.Size]byte, Claims](rememberedTokens)
	if err != nil {
		return nil, err
	}
	return &Signer{
		access: access, refresh: refresh, now: now, good: good,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithStrictDecoding(),       // else one signature could be written in several ways
			jwt.WithoutClaimsValidation()), // verify does it: expiry last, and leeway for the clock but not for expiry
	}, nil
}

// IssueAccess makes an access token for the user and tells when it expires.
func (s *Signer) IssueAccess(user User) (token string, expires time.Time, err error) {
	now := s.now().UTC().Truncate(time.Second)
	expires = now.Add(AccessTTL)
	token, err = s.access.current().sign(jwt.MapClaims{
		"iss": issuer, "aud": accessAudience, "sub": user.ID.String(), "email": user.Email, "role": user.Role,
		"iat": now.Unix(), "exp": expires.Unix(),
	})
	return token, expires, err
}

// ParseAccess believes a valid access token without asking the database, whoever made it with the
// secret, or returns [ErrInvalidToken]. A token without a role is a customer's.
func (s *Signer) ParseAccess(token string) (Claims, error) {
	hash := sha256.Sum256([]byte(token))
	claims, known := s.good.Get(hash)
	if !known {
		var err error
		if claims, err = s.readAccess(token); err != nil {
			return Claims{}, err
		}
	}
	if err := expired(claims.ExpiresAt, s.now()); err != nil {
		s.good.Remove(hash)
		return Claims{}, err
	}
	if !known {
		s.good.Add(hash, claims)
	}
	return claims, nil
}

// readAccess checks all of an access token but its age.
func (s *Signer) readAccess(token string) (Claims, error) {
	said, err := s.verify(token, s.access, accessAudience)
	if err != nil {
		return Claims{}, err
	}
	claims := Claims{UserID: said.subject, Role: Customer, ExpiresAt: said.expires}
	claims.Email, _ = said.all["email"].(string)
	if claims.Email == "" {
		return Claims{}, fmt.Errorf("%w: no email", ErrInvalidToken)
	}
	if role, given := said.all["role"]; given {
		name, _ := role.(string)
		claims.Role = Role(name)
	}
	if !claims.Role.Known() {
		return Claims{}, fmt.Errorf("%w: unknown role", ErrInvalidToken)
	}
	return claims, nil
}

// key is a secret and the name under which tokens refer to it.
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

// sign depends on nothing but the key and the claims, so the same token can be made again;
// encoding/json sorts a map's keys.
func (k key) sign(claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["kid"] = k.id
	return token.SignedString(k.secret)
}

// statement is what a token says whose signature is right.
type statement struct {
	subject         uuid.UUID
	issued, expires time.Time
	all             jwt.MapClaims // by exact name: a struct would take "Role" for "role"
}

// verify checks all of a token that access and refresh tokens have in common, but not its age.
func (s *Signer) verify(token string, accepted keys, audience string) (statement, error) {
	if len(token) > maxTokenBytes {
		return statement{}, fmt.Errorf("%w: longer than %d bytes", ErrInvalidToken, maxTokenBytes)
	}
	said := statement{all: jwt.MapClaims{}}
	_, err := s.parser.ParseWithClaims(token, said.all, func(t *jwt.Token) (any, error) {
		if _, given := t.Header["crit"]; given {
			return nil, errors.New("critical header that is not understood") // RFC 7515 has it refused
		}
		return accepted.set, nil // whatever the kid: other programs that hold the secret set none, or one of their own
	})
	if err == nil {
		err = said.read(audience, s.now())
	}
	if err != nil {
		return statement{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return said, nil
}

func (said *statement) read(audience string, now time.Time) (err error) {
	// A claim of the wrong type reads as missing.
	if iss, _ := said.all.GetIssuer(); iss != issuer {
		return errors.New("another issuer")
	}
	if aud, _ := said.all.GetAudience(); !slices.Contains(aud, audience) {
		return errors.New("another audience")
	}
	if said.subject, err = subject(said.all); err != nil {
		return err
	}
	var issuedOK, expiresOK bool
	said.issued, issuedOK = date(said.all.GetIssuedAt())
	said.expires, expiresOK = date(said.all.GetExpirationTime())
	if !issuedOK || !expiresOK {
		return errors.New("no iat or no exp")
	}
	if said.issued.After(now.Add(clockLeeway)) {
		return errors.New("issued in the future")
	}
	if _, given := said.all["nbf"]; given {
		from, ok := date(said.all.GetNotBefore())
		if !ok || from.After(now.Add(clockLeeway)) {
			return errors.New("not valid yet")
		}
	}
	return nil
}

// expired is asked last, so that ErrTokenExpired is said of tokens that were good once.
func expired(at, now time.Time) error {
	if !now.Before(at) {
		return ErrTokenExpired
	}
	return nil
}

// subject is strict about the form, because uuid.Parse takes several.
func subject(claims jwt.MapClaims) (uuid.UUID, error) {
	text, _ := claims.GetSubject()
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) || id == uuid.Nil {
		return uuid.Nil, errors.New("sub is not a user id")
	}
	return id, nil
}

// date refuses what is not there and what no clock shows: 1e300 would become the distant past on
// its way through an integer.
func date(d *jwt.NumericDate, err error) (time.Time, bool) {
	if err != nil || d == nil || d.Unix() <= 0 || d.Unix() > lastSecond {
		return time.Time{}, false
	}
	return d.UTC(), true
}
