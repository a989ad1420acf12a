package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/mailtest"
)

// mailTo waits for a mail to dora@example.com whose subject begins so.
func (p *process) mailTo(server *mailtest.Server, subject string) (found mailtest.Mail) {
	p.Helper()
	p.waitFor(fmt.Sprintf("a mail: %s", subject), func() bool {
		for _, m := range server.Mails() {
			if m.To == "dora@example.com" && strings.HasPrefix(m.Subject(), subject) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

var linkToken = regexp.MustCompile(`#token=([A-Z0-9]+)`)

// In production, with mails: register, verify the address, book, and forget the password.
func TestPeopleGetMails(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	database := newSeededDatabase(t)
	env := append(secretsFor(database), "SMTP_URL="+server.URL(), "MAIL_FROM=Boxoffice <tickets@example.com>",
		"REQUIRE_VERIFIED_EMAIL=true")
	p := serve(t, env, "--seed")
	token := p.post("/auth/register", "", map[string]any{
		"email": "dora@example.com", "name": "Dora", "password": "a long passphrase 1"})["accessToken"].(string)
	event := p.limitedConcert(token)
	if problem := p.post("/book", token, map[string]any{"eventId": event}); problem["status"] == nil {
		t.Fatalf("booked without a verified address: %v", problem)
	}
	ask := func(path, token, body string) {
		t.Helper()
		if status := p.status("POST", path, token, body); status/100 != 2 {
			t.Fatalf("%s: %d", path, status)
		}
	}
	ask("/auth/me/email/verification", token, "")
	secret := linkToken.FindStringSubmatch(p.mailTo(server, "Confirm your e-mail").Text)[1]
	ask("/auth/email/confirm", "", `{"token":"`+secret+`"}`)
	token = p.post("/auth/login", "", map[string]any{
		"email": "dora@example.com", "password": "a long passphrase 1"})["accessToken"].(string)
	if booked := p.post("/book", token, map[string]any{"eventId": event}); booked["booking"] == nil {
		t.Fatalf("not booked: %v", booked)
	}
	code := regexp.MustCompile(`"code":"([\w-]{132})"`).FindSubmatch(p.send("GET", "/bookings", token, nil))
	m := p.mailTo(server, "Your tickets for Limited Concert")
	if code == nil || m.Files["ticket-1.png"] != mailtest.QRCode(t, string(code[1])) {
		t.Errorf("the mail does not have the code %q, but %d files", code, len(m.Files))
	}
	ask("/auth/password-reset", "", `{"email":"dora@example.com"}`)
	secret = linkToken.FindStringSubmatch(p.mailTo(server, "Choose a new password").Text)[1]
	ask("/auth/password-reset/confirm", "", `{"token":"`+secret+`","password":"another passphrase 2"}`)
	p.mailTo(server, "Your password was changed")
	out, err := command(env, "reactors", "status").CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^notices .* 0 +\S+, process \d+$`).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
	if text := p.err.String(); strings.Contains(text, "dora@") || strings.Contains(text, secret) {
		t.Errorf("the log tells too much:\n%s", text)
	}
}

func TestPoisonedMessagesAreShownRetriedAndSkipped(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	database := newSeededDatabase(t)
	pool := dbtest.Connect(t, database)
	for range 3 {
		_, err := pool.Exec(context.Background(), `
			insert into poisoned_messages (reactor, message_id, payload, metadata, reason, correlation_id)
			values ('mail', gen_random_uuid(), '{}', '{}', E'it failed\n\u001b[2J', '')`)
		must(t, err)
	}
	for _, c := range []struct {
		args []string
		want string
		fail bool
	}{
		{[]string{"status"}, "  1: mail, message ", false},
		{[]string{"retry", "1"}, "1 message(s) will be handled again", false},
		{[]string{"status"}, ", will be handled again)", false},
		{[]string{"retry"}, "name the messages by the ids", true},
		{[]string{"retry", "x"}, `"x" is not an id`, true},
		{[]string{"skip", "9"}, "no such poisoned message", true},
		{[]string{"skip", "2"}, "1 message(s) dropped", false},
		{[]string{"retry", "--all"}, "2 message(s) will be handled again", false},
	} {
		out, err := command(secretsFor(database), append([]string{"reactors"}, c.args...)...).CombinedOutput()
		if (err != nil) != c.fail || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "\x1b") {
			t.Errorf("%v: %v\n%s", c.args, err, out)
		}
	}
}

func TestMailSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url, from string
		problems  int
	}{
		{"", "", 0}, {"smtp://localhost", "a@b.c", 0}, {"smtp://localhost", "", 1}, {"", "a@b.c", 1},
		{"localhost", "nobody", 2},
	} {
		if got := checkMail(config.Config{SMTPURL: c.url, MailFrom: c.from}); len(got) != c.problems {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestAVerifiedAddressIsNeededInProductionOnceMailsAreSent(t *testing.T) {
	t.Parallel()
	no := false
	for want, all := range map[bool][]config.Config{
		true: {{AppEnv: "production", SMTPURL: "smtp://h"}},
		false: {{AppEnv: "production"}, {AppEnv: "development", SMTPURL: "smtp://h"},
			{AppEnv: "production", SMTPURL: "smtp://h", RequireVerifiedEmail: &no}},
	} {
		for _, c := range all {
			if got := c.VerifiedEmailRequired(); got != want {
				t.Errorf("%+v: got %v", c, got)
			}
		}
	}
}
