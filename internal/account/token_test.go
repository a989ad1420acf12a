package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// mint makes a token like every program that has the secret.
func mint(tb testing.TB, secret string, claims jwt.MapClaims) string {
	tb.Helper()
	return mintWith(tb, jwt.SigningMethodHS256, []byte(secret), nil, claims)
}

func mintWith(tb testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	tb.Helper()
	token := jwt.NewWithClaims(method, claims)
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// claimsAt returns valid claims of a token issued at that time.
func claimsAt(now time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"sub": aUser().ID.String(), "email": "alice@example.com", "role": "organizer", "iss": "boxoffice",
		"aud": "boxoffice-api",
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
}

func with(claims jwt.MapClaims, name string, value any) jwt.MapClaims {
	claims = maps.Clone(claims)
	claims[name] = value
	return claims
}

func without(claims jwt.MapClaims, name string) jwt.MapClaims {
	claims = maps.Clone(claims)
	delete(claims, name)
	return claims
}

func TestAccessTokenSaysWhatWasAgreed(t *testing.T) {
	t.Parallel()
	clock := newClock()
	signer := newSigner(t, clock, account.Secrets{})
	text, expires, err := signer.IssueAccess(aUser())
	if err != nil {
		t.Fatal(err)
	}
	got := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(text, got)
	if err != nil {
		t.Fatal(err)
	}
	issued := clock.Now().Unix()
	want := jwt.MapClaims{
		"sub": aUser().ID.String(), "email": "alice@example.com", "role": "organizer", "iss": "boxoffice",
		"aud": "boxoffice-api",
		"iat": float64(issued), "exp": float64(issued + 15*60),
	}
	if !maps.Equal(got, want) {
		t.Errorf("got claims %v, want %v", got, want)
	}
	if expires.Unix() != issued+15*60 {
		t.Errorf("expires at %s", expires)
	}
	kid, _ := token.Header["kid"].(string)
	if token.Header["alg"] != "HS256" || kid == "" || strings.Contains(accessSecret, kid) {
		t.Errorf("got header %v", token.Header)
	}
}

func TestAccessTokensOfOtherProgramsAreBelieved(t *testing.T) {
	t.Parallel()
	clock := newClock()
	signer := newSigner(t, clock, account.Secrets{})
	good := claimsAt(clock.Now())
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		header map[string]any
		role   account.Role
	}{
		"without a kid":               {claims: good},
		"with a kid of its own":       {claims: good, header: map[string]any{"kid": "theirs"}},
		"with an odd kid":             {claims: good, header: map[string]any{"kid": 7}},
		"with another typ":            {claims: good, header: map[string]any{"typ": "at+jwt"}},
		"without a role":              {claims: without(good, "role"), role: account.Customer},
		"customer":                    {claims: with(good, "role", "customer"), role: account.Customer},
		"auditor":                     {claims: with(good, "role", "auditor"), role: account.Auditor},
		"with further claims":         {claims: with(good, "scope", []string{"a"})},
		"whose names look like ours":  {claims: with(with(good, "Role", "auditor"), "SUB", "x")},
		"for several audiences":       {claims: with(good, "aud", []string{"other", "boxoffice-api"})},
		"from a clock that is ahead":  {claims: with(good, "iat", clock.Now().Add(29*time.Second).Unix())},
		"with a fraction of a second": {claims: with(good, "iat", float64(clock.Now().UnixMilli())/1000)},
		"not before now":              {claims: with(good, "nbf", clock.Now().Unix())},
		"for ten years":               {claims: with(good, "exp", clock.Now().AddDate(10, 0, 0).Unix())},
	} {
		got, err := signer.ParseAccess(mintWith(t, jwt.SigningMethodHS256, []byte(accessSecret), c.header, c.claims))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.role == "" {
			c.role = account.Organizer
		}
		if got.UserID != aUser().ID || got.Email != "alice@example.com" || got.Role != c.role {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestAForgedAccessTokenIsRefused(t *testing.T) {
	t.Parallel()
	clock := newClock()
	now := clock.Now()
	signer := newSigner(t, clock, account.Secrets{})
	good := claimsAt(now)
	valid := mint(t, accessSecret, good)
	if _, err := signer.ParseAccess(valid); err != nil {
		t.Fatalf("the token that the others are made from is refused itself: %v", err)
	}
	parts := strings.Split(valid, ".")
	ours := func(claims jwt.MapClaims) string { return mint(t, accessSecret, claims) }
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	raw := func(header, claims string) string {
		text := encode([]byte(header)) + "." + encode([]byte(claims))
		return text + "." + encode(signature(accessSecret, text))
	}
	payload, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.ParseAccess(raw(`{"alg":"HS256"}`, string(payload))); err != nil {
		t.Fatalf("the hand-made token that others are made from is refused itself: %v", err)
	}

	tokens := map[string]string{
		"empty":             "",
		"nonsense":          "nonsense",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        valid + ".x",
		"no signature":      parts[0] + "." + parts[1] + ".",
		"changed signature": parts[0] + "." + parts[1] + "." + flip(parts[2]),
		"changed claims": parts[0] +
			"." + encode([]byte(strings.Replace(string(payload), "organizer", "auditor", 1))) + "." + parts[2],
		"padded":                  valid + "=",
		"with space":              " " + valid,
		"signature spelled twice": respelled(valid),
		"longer than 4 KiB":       ours(with(good, "more", strings.Repeat("x", 4096))),

		"alg none":          mintWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, good),
		"alg none, our mac": raw(`{"alg":"none"}`, string(payload)),
		"alg NONE":          raw(`{"alg":"NONE"}`, string(payload)),
		"alg in lower case": raw(`{"alg":"hs256"}`, string(payload)),
		"no alg":            raw(`{}`, string(payload)),
		"null header":       raw(`null`, string(payload)),
		"alg HS384":         mintWith(t, jwt.SigningMethodHS384, []byte(accessSecret), nil, good),
		"alg HS512":         mintWith(t, jwt.SigningMethodHS512, []byte(accessSecret), nil, good),
		"alg ES256":         mintWith(t, jwt.SigningMethodES256, ec, nil, good),
		"critical header": mintWith(t, jwt.SigningMethodHS256, []byte(accessSecret),
			map[string]any{"crit": []string{"exp"}}, good),
		"other key": mint(t, "another secret, also 32 bytes long", good),
		"empty key": mint(t, "", good),
		"other key with our kid": mintWith(t, jwt.SigningMethodHS256, []byte("another secret, also 32 bytes long"),
			map[string]any{"kid": kidOf(t, signer)}, good),
		"key from the header": mintWith(t, jwt.SigningMethodHS256, []byte("k"),
			map[string]any{"jwk": map[string]any{"kty": "oct", "k": "aw"}}, good),
		"refresh secret": mint(t, refreshSecret, good),

		"other audience":     ours(with(good, "aud", "boxoffice")),
		"refresh audience":   ours(with(good, "aud", "boxoffice-refresh")),
		"audiences, not us":  ours(with(good, "aud", []string{"a", "b"})),
		"audience a number":  ours(with(good, "aud", 1)),
		"other issuer":       ours(with(good, "iss", "boxoffice2")),
		"issuer in capitals": ours(with(good, "iss", "Boxoffice")),
		"subject not an id":  ours(with(good, "sub", "alice")),
		"subject a number":   ours(with(good, "sub", 1)),
		"subject nobody":     ours(with(good, "sub", uuid.Nil.String())),
		"subject in braces":  ours(with(good, "sub", "{"+aUser().ID.String()+"}")),
		"subject as urn":     ours(with(good, "sub", aUser().ID.URN())),
		"email empty":        ours(with(good, "email", "")),
		"email a list":       ours(with(good, "email", []string{"a@example.com"})),
		"role unknown":       ours(with(good, "role", "root")),
		"role empty":         ours(with(good, "role", "")),
		"role null":          ours(with(good, "role", nil)),
		"role in capitals":   ours(with(good, "role", "Auditor")),
		"role a list":        ours(with(good, "role", []string{"auditor"})),

		"issued in the future":   ours(with(good, "iat", now.Add(time.Minute).Unix())),
		"issued in words":        ours(with(good, "iat", "yesterday")),
		"issued as text":         ours(with(good, "iat", "1")),
		"issued beyond all time": ours(with(good, "iat", 1e300)),
		"issued before all time": ours(with(good, "iat", -1e300)),
		"expiry beyond all time": ours(with(good, "exp", 1e300)),
		"expiry in words":        ours(with(good, "exp", "never")),
		"expiry null":            ours(with(good, "exp", nil)),
		"expiry zero":            ours(with(good, "exp", 0)),
		"not valid yet":          ours(with(good, "nbf", now.Add(time.Minute).Unix())),
		"nbf in words":           ours(with(good, "nbf", "soon")),

		"claims null":       raw(`{"alg":"HS256"}`, `null`),
		"claims a list":     raw(`{"alg":"HS256"}`, `[]`),
		"claims twice":      raw(`{"alg":"HS256"}`, string(payload)+string(payload)),
		"claims not JSON":   raw(`{"alg":"HS256"}`, `{`),
		"expired and wrong": ours(with(with(good, "exp", now.Add(-time.Minute).Unix()), "role", "root")),
	}
	for _, name := range []string{"sub", "email", "iss", "aud", "iat", "exp"} {
		tokens["without "+name] = ours(without(good, name))
	}
	for name, token := range tokens {
		claims, err := signer.ParseAccess(token)
		if !errors.Is(err, account.ErrInvalidToken) || errors.Is(err, account.ErrTokenExpired) {
			t.Errorf("%s: got error %v, want a plain %v", name, err, account.ErrInvalidToken)
		}
		if !reflect.DeepEqual(claims, account.Claims{}) {
			t.Errorf("%s: got claims %+v beside the error", name, claims)
		}
	}
}

func signature(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func flip(part string) string {
	if part[0] == 'A' {
		return "B" + part[1:]
	}
	return "A" + part[1:]
}

// respelled changes bits of the last character that do not count: 43 characters hold 258 bits, the
// signature 256.
func respelled(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last|1])
}

func kidOf(t *testing.T, signer *account.Signer) any {
	t.Helper()
	text, _, err := signer.IssueAccess(aUser())
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := jwt.NewParser().ParseUnverified(text, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return token.Header["kid"]
}

func TestARefreshTokenIsNoAccessToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	_, err := b.signer.ParseAccess(tokens.Refresh)
	wantErr(t, err, account.ErrInvalidToken)
}

func TestAccessTokenIsBelievedUntilItExpires(t *testing.T) {
	t.Parallel()
	clock := newClock()
	signer := newSigner(t, clock, account.Secrets{})
	token, expires, err := signer.IssueAccess(aUser())
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(expires.Sub(clock.Now()) - time.Nanosecond)
	if _, err := signer.ParseAccess(token); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	clock.advance(time.Nanosecond)
	_, err = signer.ParseAccess(token)
	wantErr(t, err, account.ErrTokenExpired)
	wantErr(t, err, account.ErrInvalidToken)
}

// Verified tokens are cached.
func TestATokenThatOnlyResemblesAGoodOneIsRefused(t *testing.T) {
	t.Parallel()
	signer := newSigner(t, newClock(), account.Secrets{})
	token, _, err := signer.IssueAccess(aUser())
	if err != nil {
		t.Fatal(err)
	}
	first, err := signer.ParseAccess(token)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := signer.ParseAccess(token); err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("again: %+v, %v; want %+v", again, err, first)
	}
	other, _, err := signer.IssueAccess(account.User{ID: uuid.New(), Email: "mallory@example.com",
		Role: account.Organizer})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := strings.Split(token, "."), strings.Split(other, ".")
	for i := range good {
		mixed := slices.Clone(good)
		mixed[i] = bad[i]
		if mixed[i] == good[i] { // the headers are equal here
			mixed[i] += "A"
		}
		_, err := signer.ParseAccess(strings.Join(mixed, "."))
		wantErr(t, err, account.ErrInvalidToken)
	}
}

func TestAccessSecretRotation(t *testing.T) {
	t.Parallel()
	const newSecret = "the next access secret of the tests"
	clock := newClock()
	before := newSigner(t, clock, account.Secrets{})
	during := newSigner(t, clock, account.Secrets{Access: []string{newSecret, accessSecret}})
	after := newSigner(t, clock, account.Secrets{Access: []string{newSecret}})
	issue := func(s *account.Signer) string {
		token, _, err := s.IssueAccess(aUser())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for _, c := range []struct {
		name      string
		token     string
		by        *account.Signer
		wantValid bool
	}{
		{"old token while both are accepted", issue(before), during, true},
		{"new token while both are accepted", issue(during), during, true},
		{"the current secret signs", issue(during), after, true},
		{"old token when the old secret is gone", issue(before), after, false},
		{"new token where the new secret is not known", issue(during), before, false},
	} {
		if _, err := c.by.ParseAccess(c.token); (err == nil) != c.wantValid {
			t.Errorf("%s: got error %v, want valid %v", c.name, err, c.wantValid)
		}
	}
	if kidOf(t, before) == kidOf(t, during) || kidOf(t, during) != kidOf(t, after) {
		t.Error("the kid does not follow the secret")
	}
}

func TestSecretsMustBeThereLongEnoughAndNotShared(t *testing.T) {
	t.Parallel()
	const a, b = "0123456789abcdef", "fedcba9876543210"
	for name, c := range map[string]struct {
		secrets account.Secrets
		ok      bool
	}{
		"good":                   {account.Secrets{Access: []string{a}, Refresh: []string{b}}, true},
		"no access secret":       {account.Secrets{Refresh: []string{b}}, false},
		"no refresh secret":      {account.Secrets{Access: []string{a}}, false},
		"short":                  {account.Secrets{Access: []string{a[1:]}, Refresh: []string{b}}, false},
		"short previous one":     {account.Secrets{Access: []string{a}, Refresh: []string{b, ""}}, false},
		"shared":                 {account.Secrets{Access: []string{a}, Refresh: []string{a}}, false},
		"shared with a previous": {account.Secrets{Access: []string{a}, Refresh: []string{b, a}}, false},
	} {
		_, err := account.NewSigner(c.secrets, nil)
		if (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want accepted %v", name, err, c.ok)
		}
		if err != nil && (strings.Contains(err.Error(), a[1:]) || strings.Contains(err.Error(), b)) {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
}

func FuzzParseAccess(f *testing.F) {
	clock := newClock()
	signer := newSigner(f, clock, account.Secrets{Access: []string{accessSecret, "the previous access secret"}})
	good := claimsAt(clock.Now())
	issued, _, err := signer.IssueAccess(aUser())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", "..", "a.b.c", issued, mint(f, accessSecret, good), mint(f, "the previous access secret", without(good, "role")),
		mint(f, accessSecret, with(good, "iat", 1e300)), mint(f, refreshSecret, good),
		mintWith(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, good),
		mintWith(f, jwt.SigningMethodHS512, []byte(accessSecret), nil, good),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := signer.ParseAccess(token)
		if err != nil {
			if !errors.Is(err, account.ErrInvalidToken) || !reflect.DeepEqual(claims, account.Claims{}) {
				t.Fatalf("got %+v and error %v, want nothing and %v", claims, err, account.ErrInvalidToken)
			}
			return
		}
		// Every accepted token has the signature of one of our secrets, computed here in another way.
		dot := strings.LastIndexByte(token, '.')
		mac, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
		if err != nil || !hmac.Equal(mac, signature(accessSecret, token[:dot])) &&
			!hmac.Equal(mac, signature("the previous access secret", token[:dot])) {
			t.Fatalf("believed without a signature of ours: %q", token)
		}
		if claims.UserID == uuid.Nil || claims.Email == "" || !claims.Role.Known() || !clock.Now().Before(claims.ExpiresAt) {
			t.Fatalf("believed, but not complete: %+v", claims)
		}
	})
}
