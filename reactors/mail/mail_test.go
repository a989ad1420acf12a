package mail_test

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/mailtest"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/mail"
)

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
}

func TestWhoBooksGetsTheTickets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run()
	booking, ann := uuid.New(), uuid.New()
	b.add(domain.TicketBooked{BookingID: booking, CustomerID: ann, Currency: "EUR",
		Lines: domain.Lines{{Type: 1, Quantity: 2, Price: 45_00}, {Type: 2, Quantity: 1, Price: 20_50}}})
	m := b.gets(1)[0]
	if m.To != emailOf(ann) || m.Subject() != "Your tickets for Rock & Roll <Night>" {
		t.Errorf("got %q to %q", m.Subject(), m.To)
	}
	if got, want := m.Header.Get("Message-Id"), fmt.Sprintf("<2.%s@example.com>", ann); got != want {
		t.Errorf("Message-ID %s, want %s", got, want)
	}
	contains(t, "the text", m.Text, "Rock & Roll <Night>", "Saturday, 4 May 2030, 20:30 (WEST)", "City Hall",
		"2 × Balcony, EUR 90.00", "1 × Floor, EUR 20.50", "https://tickets.example.com/bookings")
	contains(t, "the HTML", m.HTML, "Rock &amp; Roll &lt;Night&gt;", "prefers-color-scheme: dark", "Show these codes")
	for i, want := range []struct {
		of    ticket.Ticket
		label string
	}{
		{ticket.Ticket{EventID: b.event, BookingID: booking, Type: 1, Number: 1}, "Ticket 1 of 3: Balcony"},
		{ticket.Ticket{EventID: b.event, BookingID: booking, Type: 1, Number: 2}, "Ticket 2 of 3: Balcony"},
		{ticket.Ticket{EventID: b.event, BookingID: booking, Type: 2, Number: 1}, "Ticket 3 of 3: Floor"},
	} {
		name := fmt.Sprintf("ticket-%d.png", i+1)
		contains(t, "the HTML", m.HTML, `src="cid:`+name+`"`, want.label)
		if m.Files[name] != mailtest.QRCode(t, b.codeOf(want.of)) {
			t.Errorf("%s is not the code of %+v", name, want.of)
		}
	}
	c, err := ics.ParseCalendar(strings.NewReader(m.Files["Rock-Roll-Night.ics"]))
	dbtest.Must(t, err)
	e := c.Events()[0]
	starts, err := e.GetStartAt()
	if err != nil || !starts.Equal(b.details.StartsAt) || e.Id() != booking.String()+"@boxoffice" {
		t.Errorf("got %v, %v, %s", starts, err, e.Id())
	}
}

func TestWithoutAKeyMailsHaveNoCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(func(o *mail.Options) { o.Tickets = nil })
	b.add(book(uuid.New(), uuid.New()))
	m := b.gets(1)[0]
	contains(t, "the text", m.Text, "Your tickets are under your bookings.")
	if len(m.Files) != 1 || strings.Contains(m.HTML, "<img") {
		t.Errorf("got %d files:\n%s", len(m.Files), m.HTML)
	}
}

// One that an earlier version of the program has queued.
func TestALetterThatDoesNotNameTypesHasNoCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run()
	db := stdlib.OpenDBFromPool(b.Pool)
	defer db.Close() //nolint:errcheck // a test
	dbtest.Must(t, mail.Queue(db, mail.Letter{
		Kind: mail.BookingConfirmed, User: uuid.New(), Position: 9, Booking: uuid.New(),
		Event: &mail.Event{ID: b.event, Title: "Show", TimeZone: "UTC"}, Lines: []mail.Line{{Type: "Floor", Quantity: 1}},
	}))
	b.notifier.Queued(mail.Topic)
	if m := b.gets(1)[0]; len(m.Files) != 1 {
		t.Errorf("got %d files", len(m.Files))
	}
}

func TestEveryRecordThatConcernsSomebodyIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run()
	lines := domain.Lines{{Type: 2, Quantity: 1, Price: 20_50}}
	until := time.Date(2030, 5, 1, 10, 0, 0, 0, time.UTC)
	id := uuid.New
	for _, c := range []struct {
		record  domain.Record
		subject string
		text    string
	}{
		{domain.HoldConfirmed{HoldID: id(), CustomerID: id(), Currency: "EUR", Lines: lines},
			"Your tickets for ", "EUR 20.50"},
		{domain.BookingCancelled{BookingID: id(), CustomerID: id(), Lines: lines}, "Your booking for ", "not valid any more"},
		{domain.BookingCancelled{BookingID: id(), CustomerID: id(), Lines: lines, By: id(), Reason: "Paid twice"},
			"Your booking for ", "Reason: Paid twice\n"},
		{domain.HoldLapsed{HoldID: id(), CustomerID: id(), Lines: lines}, "Your tickets for ", "not booked in time"},
		{domain.TicketsOffered{EntryID: id(), CustomerID: id(), Currency: "EUR", Lines: lines, ExpiresAt: until},
			"Tickets for ", "Book before: Wednesday, 1 May 2030, 11:00 (WEST)"},
		{domain.OfferLapsed{EntryID: id(), CustomerID: id(), Lines: lines}, "Your offer for ", "next in line"},
	} {
		before := len(b.server.Mails())
		b.add(c.record)
		m := b.gets(before + 1)[before]
		if !strings.HasPrefix(m.Subject(), c.subject) {
			t.Errorf("%T: got %q", c.record, m.Subject())
		}
		contains(t, fmt.Sprintf("%T", c.record), m.Text, c.text, "1 × Floor")
	}
}

func TestHoldersAreToldWhatHasChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, carol, booking := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	b.add(book(booking, ann), book(uuid.New(), ann), book(uuid.New(), bob), book(uuid.New(), carol),
		domain.CapacityChanged{Capacity: 60_000})
	b.run()
	cancelled := uuid.New()
	b.add(book(cancelled, uuid.New()), domain.BookingCancelled{BookingID: cancelled, CustomerID: uuid.New()})
	unseen := b.details
	unseen.Description = "Nobody would notice."
	b.add(domain.DetailsChanged{Details: unseen})
	moved := unseen
	moved.Venue, moved.StartsAt = "Open-air stage", b.details.StartsAt.Add(time.Hour)
	b.add(domain.DetailsChanged{Details: moved})
	mails := b.gets(5)[2:]
	var to []string
	for _, m := range mails {
		to = append(to, m.To)
		contains(t, "the text", m.Text, "Where: Open-air stage (before: City Hall)",
			"21:30 (WEST) (before: Saturday, 4 May 2030, 20:30 (WEST))", "Event: Rock & Roll <Night>\n")
	}
	if want := []string{emailOf(ann), emailOf(bob), emailOf(carol)}; !slices.Equal(to, want) {
		t.Errorf("got %v, want %v", to, want)
	}
	b.add(domain.EventCancelled{})
	last := b.gets(8)[7]
	c, err := ics.ParseCalendar(strings.NewReader(last.Files["Rock-Roll-Night.ics"]))
	dbtest.Must(t, err)
	if status := c.Events()[0].GetProperty(ics.ComponentPropertyStatus).Value; status != "CANCELLED" {
		t.Errorf("the calendar says %s", status)
	}
}

func TestHoldersGetWhatAnOrganizerWrites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, booking := uuid.New(), uuid.New(), uuid.New()
	b.add(book(uuid.New(), ann), book(booking, bob), domain.BookingCancelled{BookingID: booking, CustomerID: bob})
	b.run()
	olga, erased := uuid.New(), uuid.New()
	b.mu.Lock()
	b.erased[erased] = true
	b.mu.Unlock()
	b.add(domain.MessageSent{
		By: olga, At: time.Now(), Recipients: 1, Subject: "Doors <open> at 7", Text: "Come <b>early</b>.\n\nThank you.",
	})
	m := b.gets(1)[0]
	if m.To != emailOf(ann) || m.Subject() != "Doors <open> at 7" {
		t.Errorf("got %q to %q", m.Subject(), m.To)
	}
	text, html := strings.ReplaceAll(m.Text, "\r\n", "\n"), strings.ReplaceAll(m.HTML, "\r\n", "\n")
	contains(t, "the text", text, "Ann \"Pro\" O'Neil, Äpfel writes to everybody who has tickets for Rock & Roll <Night>:",
		"Come <b>early</b>.\n\nThank you.", "Where: City Hall")
	contains(t, "the HTML", html, "Come &lt;b&gt;early&lt;/b&gt;.\n\nThank you.", "Doors &lt;open&gt; at 7")

	named := b.details
	named.OrganizerName = "Rock House"
	b.add(domain.DetailsChanged{Details: named})
	b.add(domain.MessageSent{By: erased, At: time.Now(), Recipients: 1, Subject: "Once more", Text: "Hello"})
	contains(t, "the text", b.gets(2)[1].Text, "Rock House writes to everybody")
	named.OrganizerName = ""
	b.add(domain.DetailsChanged{Details: named})
	b.add(domain.MessageSent{By: erased, At: time.Now(), Recipients: 1, Subject: "And again", Text: "Hello"})
	contains(t, "the text", b.gets(3)[2].Text, "The organizer writes to everybody")
}

// Nobody goes without mails because of their name, and no name adds a recipient or a header.
func TestAnyNameGetsMails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.details.Title = strings.Repeat("音", domain.MaxTitle) // the name of a file too, which has to fit into a line
	names := map[string]string{}
	for _, name := range []string{
		`Ann "Annie" Lee`, `5' 11" Bob`, `"`, `back\`, `a\"b`, `x" <evil@example.com>, "y`, `x" <evil@example.com> (`,
		"Bcc: evil@example.com", "Lee, Ann; (Dr.) <a@b>", "José 日本", "\u200fدينا\u200f", strings.Repeat("🎺", 100), ".",
	} {
		customer := uuid.New()
		b.names[customer], names[emailOf(customer)] = name, name
	}
	b.run()
	b.add(domain.DetailsChanged{Details: b.details})
	for customer := range b.names {
		b.add(book(uuid.New(), customer))
	}
	for _, m := range b.gets(len(names)) {
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != m.To || m.Header.Get("Bcc") != "" {
			t.Errorf("to %s: %v, %v, %v", m.To, to, err, m.Header)
			continue
		}
		name, err := new(mime.WordDecoder).DecodeHeader(to[0].Name)
		if err != nil || name != names[m.To] {
			t.Errorf("got the name %q, %v, want %q", name, err, names[m.To])
		}
		contains(t, "the text", m.Text, "Hello "+names[m.To]+",")
	}
}

// A cancelled event with many holders: the process stops in the middle, again and again.
func TestManyHoldersAreToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const holders = 300
	var records []domain.Record
	for range holders {
		records = append(records, book(uuid.New(), uuid.New()))
	}
	b.add(records...)
	stop := b.run()
	b.add(domain.EventCancelled{})
	for n := 50; n < holders; n += 100 {
		b.eventually("some are sent", func() bool { return len(b.server.Mails()) > n })
		stop()
		stop = b.run()
	}
	ids := map[string]bool{}
	for _, m := range b.gets(holders) {
		ids[m.Header.Get("Message-Id")] = true
	}
	if len(ids) != holders {
		t.Errorf("%d different mails of %d", len(ids), holders)
	}
}

func TestNoMoreMailsAreSentThanTheRateAllows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(func(o *mail.Options) { o.Rate, o.Per = 20, time.Second })
	began := time.Now()
	for range 13 { // the first two go at once
		b.add(book(uuid.New(), uuid.New()))
	}
	b.gets(13)
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("13 mails took %s at 20 a second", took)
	}
}

func TestARefusalForGoodIsNotRepeatedAndNamesNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, carol := uuid.New(), uuid.New(), uuid.New()
	var mu sync.Mutex
	tries := map[string]int{}
	b.server.Refuse(func(to string) error {
		mu.Lock()
		defer mu.Unlock()
		tries[to]++
		switch {
		case to == emailOf(ann):
			return mailtest.Reply(550, "no such user <"+to+">")
		case to == emailOf(bob):
			return mailtest.Reply(451, "come again later, <"+to+">")
		}
		return nil
	})
	b.run()
	b.add(book(uuid.New(), ann), book(uuid.New(), bob), book(uuid.New(), carol))
	if m := b.gets(1)[0]; m.To != emailOf(carol) {
		t.Errorf("got a mail to %s", m.To)
	}
	mu.Lock()
	defer mu.Unlock()
	if tries[emailOf(ann)] != 1 || tries[emailOf(bob)] != 5 {
		t.Errorf("%d tries after 550, want 1, and %d after 451, want 5", tries[emailOf(ann)], tries[emailOf(bob)])
	}
	poisoned, err := reactors.PoisonedMessages(context.Background(), b.Pool, 10)
	dbtest.Must(t, err)
	if len(poisoned) != 1 || !strings.Contains(poisoned[0].MessageID, bob.String()) ||
		!strings.Contains(poisoned[0].Reason, "451") {
		t.Errorf("got %+v", poisoned)
	}
	text := b.log.String() + fmt.Sprint(poisoned)
	if strings.Contains(text, "@example.org") || strings.Contains(text, "Äpfel") {
		t.Errorf("an address or a name is told:\n%s", text)
	}
	contains(t, "the log", b.log.String(), "refused for good", ann.String(), "550")
}

func TestMailsWaitForAServerThatIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run()
	b.add(book(uuid.New(), uuid.New()))
	b.gets(1)
	b.server.Stop()
	b.add(book(uuid.New(), uuid.New()), book(uuid.New(), uuid.New()))
	b.eventually("it waits", func() bool { return strings.Contains(b.log.String(), "a reactor waits") })
	b.server.Restart(t)
	b.gets(3)
	if n := b.Count(`select count(*) from poisoned_messages`); n > 0 {
		t.Errorf("%d are poisoned", n)
	}
}

func TestWhoWasErasedGetsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone := uuid.New()
	b.erased[gone] = true
	b.run()
	b.add(book(uuid.New(), gone), book(uuid.New(), uuid.New()))
	if m := b.gets(1)[0]; m.To == emailOf(gone) {
		t.Errorf("got a mail to %s", m.To)
	}
	if n := b.Count(`select count(*) from poisoned_messages`); n > 0 {
		t.Errorf("%d are poisoned", n)
	}
}

func TestLettersAboutAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run()
	db := stdlib.OpenDBFromPool(b.Pool)
	defer db.Close() //nolint:errcheck // a test
	user, link := uuid.New(), uuid.New()
	for _, c := range []struct {
		letter mail.Letter
		to     string
		text   string
	}{
		{mail.Letter{Kind: mail.VerifyEmail, User: user, Link: link},
			"new@example.org", "verify_email#token=" + link.String()},
		{mail.Letter{Kind: mail.ResetPassword, User: user, Link: link},
			"new@example.org", "reset_password#token=" + link.String()},
		{mail.Letter{Kind: mail.PasswordChanged, User: user}, emailOf(user), "/forgot-password"},
		{mail.Letter{Kind: mail.EmailChanged, User: user, To: "old@example.org"},
			"old@example.org", "another e-mail address"},
	} {
		before := len(b.server.Mails())
		dbtest.Must(t, mail.Queue(db, c.letter))
		b.notifier.Queued(mail.Topic)
		m := b.gets(before + 1)[before]
		if m.To != c.to {
			t.Errorf("%s went to %s", c.letter.Kind, m.To)
		}
		contains(t, string(c.letter.Kind), m.Text, c.text)
	}
}

func TestHoldersAreRemindedOnceForEachBeginning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, ctx := uuid.New(), uuid.New(), context.Background()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := b.Pool.Exec(ctx, sql, args...)
		dbtest.Must(t, err)
	}
	exec(`insert into events (id, title, title_key, description, venue, starts_at, time_zone, price_minor, currency,
			capacity, remaining, status, version, created_at, updated_at)
		values ($1, 'Show', '', '', 'Hall', $2, 'UTC', 0, 'EUR', 9, 9, 'SCHEDULED', 3, now(), now())`,
		b.event, b.details.StartsAt)
	for _, user := range []uuid.UUID{ann, ann, bob} {
		exec(`insert into bookings (id, event_id, user_id, status, created_at, version)
			values ($1, $2, $3, 'CONFIRMED', now(), 2)`, uuid.New(), b.event, user)
	}
	exec(`update bookings set status = 'CANCELLED' where user_id = $1`, bob)
	for _, c := range []struct {
		before time.Duration
		want   int
	}{{25 * time.Hour, 0}, {24 * time.Hour, 1}, {23 * time.Hour, 0}} {
		n, err := mail.QueueReminders(ctx, b.Pool, b.details.StartsAt.Add(-c.before))
		if err != nil || n != c.want {
			t.Errorf("%s before: %d reminders, %v, want %d", c.before, n, err, c.want)
		}
	}
	exec(`update events set starts_at = starts_at + '2 days'`)
	if n, err := mail.QueueReminders(ctx, b.Pool, b.details.StartsAt.Add(30*time.Hour)); err != nil || n != 1 {
		t.Errorf("after it was moved: %d, %v", n, err)
	}
	b.run()
	m := b.gets(2)[0]
	if m.To != emailOf(ann) || m.Subject() != "Show is soon" {
		t.Errorf("got %q to %s", m.Subject(), m.To)
	}
}

func TestAddressesOfServers(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"smtp://mail.example.com": true, "smtps://user:secret@mail.example.com": true,
		"smtp://user:secret@mail.example.com:25?tls=opportunistic": true, "smtp://localhost:1025?tls=none": true,
		"mail.example.com": false, "smtp://": false, "smtp://h?tls=yes": false, "smtps://h?tls=none": false,
		"http://user:secret@h": false, "smtp://user:secret@h:99999": false, "smtp://user:secret@h/x": false,
	} {
		_, err := mail.ParseServer(address)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestEveryKindHasAPreview(t *testing.T) {
	t.Parallel()
	h, err := mail.Previews("http://localhost:3000", signer(t), time.Now)
	dbtest.Must(t, err)
	get := func(path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	contains(t, "the preview of tickets", get("/dev/mails?kind="+string(mail.BookingConfirmed)),
		"data:image/png;base64,", "Ticket 3 of 3: Standing")
	list := get("/dev/mails")
	for _, kind := range []mail.Kind{mail.VerifyEmail, mail.ResetPassword, mail.PasswordChanged, mail.EmailChanged,
		mail.BookingConfirmed, mail.BookingCancelled, mail.HoldLapsed, mail.TicketsOffered, mail.OfferLapsed,
		mail.EventChanged, mail.EventCancelled, mail.Reminder, mail.BookingCancelledByOrganizer,
		mail.OrganizerMessage} {
		contains(t, "the list", list, "kind="+string(kind))
		contains(t, "the page", get("/dev/mails?kind="+string(kind)), "<iframe", "Hello")
	}
}
