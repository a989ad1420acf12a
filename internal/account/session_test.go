package account_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestSessionsHaveADeviceAndEndOneByOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, phone := b.register(t, "ann")
	b.clock.advance(time.Minute)
	agent := account.WithUserAgent(ctx, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
	_, laptop, err := b.Login(agent, user.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	renewed := b.mustRefresh(t, laptop.Refresh)
	stranger, strangers := b.register(t, "bob")
	sessions, err := b.Sessions(ctx, user.ID)
	if err != nil || len(sessions) != 2 {
		t.Fatalf("got %+v, %v, want two sessions", sessions, err)
	}
	last := sessions[0]
	if last.Device != "Firefox on Windows" || !last.LastUsedAt.Equal(last.SignedInAt.Add(time.Minute)) {
		t.Errorf("got %+v", last)
	}
	claims, err := b.ParseAccess(renewed.Access)
	if err != nil || claims.SessionID != last.ID {
		t.Errorf("the token is of session %s, %v, want %s", claims.SessionID, err, last.ID)
	}

	wantErr(t, b.EndSession(ctx, stranger.ID, last.ID), account.ErrNoSession)
	wantErr(t, b.EndSession(ctx, user.ID, uuid.New()), account.ErrNoSession)
	if !b.accepts(strangers.Access) || !b.accepts(renewed.Access) {
		t.Error("a session that does not exist has revoked tokens")
	}
	if err := b.EndSession(ctx, user.ID, last.ID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.EndSession(ctx, user.ID, last.ID), account.ErrNoSession)
	wantErr(t, b.refreshErr(t, renewed.Refresh), account.ErrInvalidToken)
	if b.accepts(renewed.Access) {
		t.Error("the access token of the session is accepted")
	}
	if token := b.mustRefresh(t, phone.Refresh); !b.accepts(token.Access) {
		t.Error("the other session is refused")
	}
	b.clock.advance(account.RefreshTTL)
	if sessions, err := b.Sessions(ctx, user.ID); err != nil || len(sessions) != 0 {
		t.Errorf("got %+v, %v, want none after the last token has expired", sessions, err)
	}
}

func TestAllOtherSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, here := b.register(t, "ann")
	_, elsewhere, err := b.Login(ctx, user.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := b.ParseAccess(here.Access)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.EndOtherSessions(ctx, user.ID, claims.SessionID); err != nil {
		t.Fatal(err)
	}
	here = b.mustRefresh(t, here.Refresh)
	wantErr(t, b.refreshErr(t, elsewhere.Refresh), account.ErrInvalidToken)
	if !b.accepts(here.Access) || b.accepts(elsewhere.Access) {
		t.Error("want this session's tokens accepted, and the other's refused")
	}
	if err := b.EndAllSessions(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.refreshErr(t, here.Refresh), account.ErrInvalidToken)
	wantErr(t, b.EndAllSessions(ctx, uuid.New()), account.ErrNotFound)
}

func TestADeviceIsNamedCoarsely(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
			"Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iOS",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/140.0.0.0 Safari/537.36": "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/140.0.0.0 Edg/140.0.0.0": "Edge on Windows",
		"curl/8.5.0":                         "",
		"Evil\x1b[2J\n<script>/1.0 (Anyone)": "",
	} {
		if got := account.DeviceOf(account.WithUserAgent(t.Context(), header)); got != want {
			t.Errorf("%q is %q, want %q", header, got, want)
		}
	}
}
