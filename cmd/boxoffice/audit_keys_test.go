package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// A server that was started without AUDIT_SIGNING_KEY has signed with a key of its own. One that is
// set later goes on with the same log, where the data directory is the same. Elsewhere, as in a
// container with a new one, the server says at its start what is missing.
func TestASigningKeyCanBeSetLater(t *testing.T) {
	t.Parallel()
	url, dir := newSeededDatabase(t), t.TempDir()
	base := []string{"DATABASE_URL=" + url, "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests", "BOOKING_DELAY=0s", "AUDIT_INTERVAL=1s"}
	const key = "AUDIT_SIGNING_KEY=a secret that is long enough for signing"
	same, elsewhere := append(base, "DATA_DIR="+dir), append(base, "DATA_DIR="+t.TempDir(), key)
	pool := dbtest.Connect(t, url)
	covered := func() (all bool) {
		must(t, pool.QueryRow(context.Background(), `
			select position = (select max(size) from audit_checkpoints) from log_head`).Scan(&all))
		return all
	}
	first := serve(t, same, "--seed")
	first.waitFor("a checkpoint by the key that was made", covered)
	must(t, first.stop(os.Interrupt))

	stranger := serve(t, elsewhere)
	stranger.book("alice")
	stranger.waitFor("the server says what to do", func() bool {
		return regexp.MustCompile(`ERROR.*AUDIT_PUBLIC_KEYS`).MatchString(stranger.err.String())
	})
	must(t, stranger.stop(os.Interrupt))
	if covered() {
		t.Error("a server signed on checkpoints that it can't verify")
	}

	heir := serve(t, append(same, key))
	heir.waitFor("a checkpoint by the key that was set", covered)
	must(t, heir.stop(os.Interrupt))
	if strings.Contains(heir.err.String(), "AUDIT_PUBLIC_KEYS") {
		t.Errorf("it complained: %s", heir.err)
	}
	out, err := command(append(same, key), "audit", "verify").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "nothing is wrong") {
		t.Errorf("audit verify: %v\n%s", err, out)
	}
	// With the new key's checkpoint, the other server goes on too.
	restarted := serve(t, elsewhere)
	restarted.book("bob")
	restarted.waitFor("a checkpoint where the old key is not known", covered)
	must(t, restarted.stop(os.Interrupt))
}

// book books a ticket of the limited concert.
func (p *process) book(who string) {
	p.Helper()
	token := p.login(who)
	p.post("/book", token, map[string]any{"eventId": p.limitedConcert(token)})
}
