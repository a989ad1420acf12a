package account_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func (b bundle) mustFeed(t *testing.T, user uuid.UUID, kind account.FeedKind) account.Feed {
	t.Helper()
	f, err := b.NewFeed(t.Context(), user, kind)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (b bundle) feedErr(t *testing.T, token string) error {
	t.Helper()
	_, _, err := b.FeedOf(t.Context(), token)
	return err
}

func TestAFeedIsReadWithItsTokenUntilItIsReplacedOrEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, _ := b.register(t, "alice")
	bob, _ := b.register(t, "bob")
	first := b.mustFeed(t, alice.ID, account.BookingsFeed)
	second := b.mustFeed(t, alice.ID, account.BookingsFeed)
	events, bobs := b.mustFeed(t, alice.ID, account.EventsFeed), b.mustFeed(t, bob.ID, account.BookingsFeed)
	wantErr(t, b.feedErr(t, first.Token), account.ErrNoFeed)
	user, kind, err := b.FeedOf(t.Context(), second.Token)
	if err != nil || user.ID != alice.ID || kind != account.BookingsFeed {
		t.Errorf("got %v, %s, %v", user.ID, kind, err)
	}
	feeds, err := b.Feeds(t.Context(), alice.ID)
	if err != nil || len(feeds) != 2 || feeds[0].Token != second.Token || feeds[1].Token != events.Token {
		t.Errorf("got %v, %v", feeds, err)
	}
	if err := b.EndFeed(t.Context(), alice.ID, account.BookingsFeed); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.feedErr(t, second.Token), account.ErrNoFeed)
	wantErr(t, b.feedErr(t, events.Token), nil)
	if err := b.Delete(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.feedErr(t, events.Token), account.ErrNoFeed)
	wantErr(t, b.feedErr(t, bobs.Token), nil)
	_, err = b.NewFeed(t.Context(), alice.ID, account.EventsFeed)
	wantErr(t, err, account.ErrNotFound)
}

// Calendars that have subscribed don't stop when an operator changes the secret of tokens.
func TestFeedsOutliveTheSecretThatTheyWereMadeWith(t *testing.T) {
	t.Parallel()
	const newSecret = "the next access secret of the tests"
	before := setup(t)
	alice, _ := before.register(t, "alice")
	f := before.mustFeed(t, alice.ID, account.BookingsFeed)
	for _, c := range []struct {
		secrets []string
		shown   string
	}{{[]string{newSecret, accessSecret}, f.Token}, {[]string{newSecret}, ""}} {
		after := before.process(t, account.Secrets{Access: c.secrets})
		wantErr(t, after.feedErr(t, f.Token), nil)
		feeds, err := after.Feeds(t.Context(), alice.ID)
		if err != nil || len(feeds) != 1 || feeds[0].Token != c.shown {
			t.Errorf("got %v, %v, want the token %q", feeds, err, c.shown)
		}
	}
}

func TestTheDatabaseHasNoTokensOfFeeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, _ := b.register(t, "alice")
	f := b.mustFeed(t, alice.ID, account.BookingsFeed)
	var found bool
	err := b.pool.QueryRow(t.Context(), `
		select exists (select from calendar_feeds f where strpos(f::text, $1) > 0 or f.token_hash = $1::text::bytea)`,
		f.Token).Scan(&found)
	if err != nil || found {
		t.Errorf("found %v, %v", found, err)
	}
}
