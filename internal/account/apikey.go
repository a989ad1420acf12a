package account

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// Scope is a part of the API that a key can be used for. It never allows more than the role of the
// key's user does.
type Scope string

// The scopes. Accounts and sessions have none: keys can't be used for them.
const (
	ScopeRead    Scope = "read"     // events, and the user's own bookings
	ScopeBook    Scope = "book"     // book, hold, cancel and wait for tickets
	ScopeManage  Scope = "manage"   // events, their organizers and attendees
	ScopeCheckIn Scope = "check_in" // tickets at the door
	ScopeAudit   Scope = "audit"    // the history
)

// Scopes are all of them.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeBook, ScopeManage, ScopeCheckIn, ScopeAudit} }

// The form of a key, as the regular expression bx_live_[0-9A-Za-z]{49}: 256 random bits in base 62,
// then their CRC32. Scanners for leaked secrets recognise it by that without asking anybody.
const (
	keyPrefix     = "bx_live_"
	keyRandom     = 43 // digits of 32 bytes in base 62
	keyChecksum   = 6  // digits of 32 bits
	shownOfKey    = len(keyPrefix) + 4
	maxKeysOfUser = 20
)

// APIKey is a key as its user sees it; the key itself is not stored.
type APIKey struct {
	ID         uuid.UUID
	Name       string
	Prefix     string // the first 12 characters of the key, to recognise it by
	Scopes     []Scope
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	LastUsedAt *time.Time // to a minute; nil: it was not used
	RevokedAt  *time.Time // nil: it was not revoked
}

// NewKey is what somebody wants of a key.
type NewKey struct {
	Name      string
	Scopes    []Scope
	ExpiresAt *time.Time // nil: never
}

// makeKey returns a new key.
func makeKey() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it never fails
	digits := base62(new(big.Int).SetBytes(random), keyRandom)
	return keyPrefix + digits + checksum(digits)
}

func checksum(digits string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(digits)))), keyChecksum)
}

// base62 has the digits 0-9, a-z, A-Z, and leading zeros.
func base62(n *big.Int, width int) string {
	digits := n.Text(62)
	return strings.Repeat("0", width-len(digits)) + digits
}

// IsAPIKey tells whether a token has the form of a key, which no access token has. What was mistyped or
// cut off is not worth a search.
func IsAPIKey(token string) bool {
	rest, isPrefixed := strings.CutPrefix(token, keyPrefix)
	return isPrefixed && len(rest) == keyRandom+keyChecksum && checksum(rest[:keyRandom]) == rest[keyRandom:]
}

func hashOfKey(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }

// check returns the key with its name trimmed and each scope once.
func (k NewKey) check(now time.Time) (NewKey, error) {
	k.Name = strings.TrimSpace(k.Name)
	if k.ExpiresAt != nil {
		at := k.ExpiresAt.UTC().Truncate(time.Microsecond) // the precision of the database
		k.ExpiresAt = &at
	}
	var scopes []Scope
	for _, scope := range Scopes() {
		if slices.Contains(k.Scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	err := invalid(
		FieldError{"name", checkKeyName(k.Name)}, FieldError{"scopes", checkScopes(k.Scopes)},
		FieldError{"expiresAt", checkExpiry(k.ExpiresAt, now)})
	k.Scopes = scopes
	return k, err
}

func checkKeyName(name string) (message string) {
	switch {
	case name == "":
		return "Enter a name for the key."
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("Enter a name of at most %d characters.", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, invisible) || !domain.IsVisible(name):
		return "Enter a name with letters that can be seen, and without line breaks."
	}
	return ""
}

func checkScopes(scopes []Scope) (message string) {
	if len(scopes) == 0 {
		return "Choose at least one thing that the key can be used for."
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return "Choose among read, book, manage, check_in and audit."
		}
	}
	return ""
}

func checkExpiry(at *time.Time, now time.Time) (message string) {
	switch {
	case at == nil:
	case !at.After(now):
		return "Choose a time in the future."
	case at.Unix() > lastSecond:
		return "Choose a time before the year 10000."
	}
	return ""
}
