package proofofwork

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var update = flag.Bool("update", false, "write testdata anew")

const secret = "a secret for tests"

var noon = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

func at(now time.Time) func() time.Time { return func() time.Time { return now } }

func cheap(pool *pgxpool.Pool, now func() time.Time, secrets ...string) *Challenges {
	return NewWithCost(pool, secrets, now, 1)
}

// solved returns a challenge and its solution.
func solved(tb testing.TB, c *Challenges) (Challenge, string) {
	tb.Helper()
	challenge, err := c.Issue()
	dbtest.Must(tb, err)
	text, err := Solve(challenge)
	dbtest.Must(tb, err)
	return challenge, text
}

func wantInvalid(tb testing.TB, err error, reason string) {
	tb.Helper()
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), reason) {
		tb.Errorf("got %v, want that it is invalid: %s", err, reason)
	}
}

// example is checked with the library of ALTCHA too, by web/src/lib/proof-of-work/proof.test.ts.
type example struct {
	ChallengeSecret string    `json:"challengeSecret"`
	KeySecret       string    `json:"keySecret"`
	Challenge       Challenge `json:"challenge"`
	Solution        string    `json:"solution"`
}

func TestChallengesAndSolutionsAreThoseOfALTCHA(t *testing.T) {
	t.Parallel()
	c := New(nil, []string{secret}, at(noon))
	challenge, err := c.issue([36]byte{1, 2, 3, 16: 4, 5, 6, 35: 7})
	dbtest.Must(t, err)
	text, err := Solve(challenge)
	dbtest.Must(t, err)
	secrets := c.secrets[0]
	got, err := json.MarshalIndent(example{string(secrets.challenge), string(secrets.key), challenge, text}, "", "  ")
	dbtest.Must(t, err)
	const path = "testdata/altcha.json"
	if *update {
		dbtest.Must(t, os.WriteFile(path, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(path)
	dbtest.Must(t, err)
	if string(got)+"\n" != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	_, err = c.verify(text)
	dbtest.Must(t, err)
}

func TestASolutionWorksOnceInAllProcesses(t *testing.T) {
	t.Parallel()
	url, ctx := dbtest.URL(t), context.Background()
	processes := []*Challenges{
		cheap(dbtest.Connect(t, url), time.Now, secret), cheap(dbtest.Connect(t, url), time.Now, secret),
	}
	_, text := solved(t, processes[0])
	var all sync.WaitGroup
	var mu sync.Mutex
	accepted := 0
	for i := range 10 {
		all.Go(func() {
			err := processes[i%2].Redeem(ctx, text, "")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				accepted++
			} else if !errors.Is(err, ErrInvalid) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if accepted != 1 {
		t.Errorf("the solution was accepted %d times, want once", accepted)
	}
}

// The answer to a booking may be lost, and it is repeated with what it was sent with.
func TestARequestMayBeRepeatedWithItsSolutionAndNoOtherMayHaveIt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := cheap(dbtest.Connect(t, dbtest.URL(t)), time.Now, secret)
	_, text := solved(t, c)
	dbtest.Must(t, c.Redeem(ctx, text, "one"))
	dbtest.Must(t, c.Redeem(ctx, text, "one"))
	wantInvalid(t, c.Redeem(ctx, text, "another"), "used before")
	wantInvalid(t, c.Redeem(ctx, text, ""), "used before")
	_, text = solved(t, c)
	dbtest.Must(t, c.Redeem(ctx, text, ""))
	wantInvalid(t, c.Redeem(ctx, text, ""), "used before")
}

func TestOnlySolutionsOfChallengesFromHereAreAccepted(t *testing.T) {
	t.Parallel()
	c := cheap(nil, at(noon), secret)
	challenge, text := solved(t, c)
	changed := func(change func(*solution)) string {
		data, err := base64.StdEncoding.DecodeString(text)
		dbtest.Must(t, err)
		var s solution
		dbtest.Must(t, json.Unmarshal(data, &s))
		change(&s)
		data, err = json.Marshal(s)
		dbtest.Must(t, err)
		return base64.StdEncoding.EncodeToString(data)
	}
	if _, err := c.verify(changed(func(*solution) {})); err != nil {
		t.Fatal(err)
	}
	for reason, wrong := range map[string]string{
		"not issued here": changed(func(s *solution) { s.Challenge.Parameters.ExpiresAt += 60 }),
		"wrong key": changed(func(s *solution) {
			s.Solution.DerivedKey = challenge.Parameters.KeyPrefix + strings.Repeat("00", keyBytes-prefixBytes)
		}),
		"no key":        changed(func(s *solution) { s.Solution.DerivedKey = "x" }),
		"can't be read": text[:len(text)-3],
		"it can't be":   strings.Repeat("A", MaxSolutionBytes+4),
		"it can't":      "",
	} {
		_, err := c.verify(wrong)
		wantInvalid(t, err, reason)
	}
	_, err := cheap(nil, at(noon), "another secret").verify(text)
	wantInvalid(t, err, "not issued here")
	_, err = cheap(nil, at(noon), "another secret", secret).verify(text) // while the secret is changed
	dbtest.Must(t, err)
	_, err = cheap(nil, at(noon.Add(TTL-time.Second)), secret).verify(text)
	dbtest.Must(t, err)
	_, err = cheap(nil, at(noon.Add(TTL)), secret).verify(text)
	wantInvalid(t, err, "expired")
}

func TestExpiredSolutionsAreForgottenAfterAWhile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := dbtest.Connect(t, dbtest.URL(t))
	for _, age := range []time.Duration{0, TTL, 3 * TTL} {
		then := at(time.Now().Add(-age))
		c := cheap(pool, then, secret)
		_, text := solved(t, c)
		dbtest.Must(t, c.Redeem(ctx, text, ""))
	}
	dbtest.Must(t, cheap(pool, time.Now, secret).DeleteExpired(ctx))
	var left int
	dbtest.Must(t, pool.QueryRow(ctx, `select count(*) from redeemed_proofs`).Scan(&left))
	if left != 2 {
		t.Errorf("%d are left, want the one that is good and the one that has just expired", left)
	}
}

func BenchmarkIssue(b *testing.B) {
	c := New(nil, []string{secret}, time.Now)
	for b.Loop() {
		if _, err := c.Issue(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	c := New(nil, []string{secret}, time.Now)
	_, text := solved(b, c)
	for b.Loop() {
		if _, err := c.verify(text); err != nil {
			b.Fatal(err)
		}
	}
}
