package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// history writes records to a new stream as they are.
func history(t *testing.T, url string, records ...domain.Record) string {
	t.Helper()
	id, pool := uuid.New(), dbtest.Connect(t, url)
	var news []appendtest.Record
	for _, r := range records {
		name, schema, data, err := domain.Codec{}.Encode(r)
		must(t, err)
		news = append(news, appendtest.Record{Type: name, SchemaVersion: schema, Data: data,
			Metadata: eventstore.Metadata{CorrelationID: "test"}})
	}
	_, err := appendtest.Append(t.Context(), pool, id, 0, news...)
	must(t, err)
	return id.String()
}

func TestAuditorsSeeTheWaitingListAndWhetherItWasFair(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	until := time.Date(2089, 1, 1, 12, 0, 0, 0, time.UTC)
	details := domain.Details{
		Title: "Two Sorts", Venue: "Hall", TimeZone: "UTC", StartsAt: until.AddDate(1, 0, 0),
		Currency: "EUR", MaxPerCustomer: 4,
		TicketTypes: []domain.TicketType{
			{ID: 1, Name: "Floor", Price: 500}, {ID: 2, Name: "Balcony", Price: 900, Capacity: 1},
		},
	}
	floor := func(n int) domain.Lines { return domain.Lines{{Type: 1, Quantity: n}} }
	priced := func(n int) domain.Lines { return domain.Lines{{Type: 1, Quantity: n, Price: 500}} }
	people, ids := make([]uuid.UUID, 5), make([]uuid.UUID, 5)
	for i := range people {
		people[i], ids[i] = uuid.New(), uuid.New()
	}
	start := []domain.Record{
		domain.EventScheduled{Details: details, Capacity: 3},
		domain.TicketBooked{BookingID: ids[0], CustomerID: people[0], Currency: "EUR", Lines: priced(2)},
		domain.TicketsHeld{HoldID: ids[1], CustomerID: people[1], Currency: "EUR",
			Lines: domain.Lines{{Type: 2, Quantity: 1, Price: 900}}, ExpiresAt: until},
		domain.WaitlistJoined{EntryID: ids[2], CustomerID: people[2], Lines: floor(2)},
		domain.WaitlistJoined{EntryID: ids[3], CustomerID: people[3], Lines: floor(1)},
		domain.WaitlistJoined{EntryID: ids[4], CustomerID: people[4], Lines: floor(1)},
		domain.HoldReleased{HoldID: ids[1], CustomerID: people[1], Lines: domain.Lines{{Type: 2, Quantity: 1}}},
	}
	offer := func(n int) domain.Record {
		return domain.TicketsOffered{
			EntryID: ids[n], CustomerID: people[n], Currency: "EUR", Lines: priced(1), ExpiresAt: until,
		}
	}
	fair, unfair := history(t, url, append(start, offer(3))...), history(t, url, append(start, offer(4))...)

	want := func(code int, pattern string, args ...string) string {
		t.Helper()
		cmd := command([]string{"DATABASE_URL=" + url, "DATA_DIR=" + t.TempDir()}, append([]string{"audit"}, args...)...)
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if cmd.ProcessState.ExitCode() != code || !regexp.MustCompile(pattern).Match(out) {
			t.Errorf("audit %s: %v, want %d with %q:\n%s", args, err, code, pattern, out)
		}
		for line := range strings.Lines(string(out)) {
			if n := utf8.RuneCountInString(line); n > 81 && !strings.HasPrefix(line, "{") {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		return string(out)
	}
	shown := want(0, `(?m)^tickets    3, of which 2 sold, 1 held and 0 left$`, "show", fair, "--at", "6")
	for _, text := range []string{
		"sale       4 per customer\n",
		"  type 1   Floor\n           2 sold, 0 held, 0 left; 500 minor units each\n",
		"  type 2   Balcony\n           0 sold, 1 held, 0 left; 900 minor units each\n",
		"held for\n  customer " + people[1].String() + ", hold until 2089-01-01 12:00:00\n    1 × type 2\n",
		"waiting    3, in this order\n  customer " + people[2].String() + ", joined as number 1\n    2 × type 1\n" +
			"  customer " + people[3].String() + ", joined as number 2\n    1 × type 1\n",
	} {
		if !strings.Contains(shown, text) {
			t.Errorf("want %q in\n%s", text, shown)
		}
	}
	want(0, `"waitlist":\[\{"id":"`+ids[2].String(), "show", fair, "--at", "5", "--json")
	want(0, `(?m)^- held +1\n\+ held +0\n- left +0\n\+ left +1\n- waiting +2\n\+ waiting +3$`, "diff", fair, "5", "7")

	wrapped := func(pattern string) string { return strings.ReplaceAll(pattern, " ", `\s+`) }
	want(0, wrapped(`freed by 1 × type 2 of customer `+people[1].String()+`; 1 free, 3 waiting: offered (.|\n)*`+
		`1 × type 1 to customer `+people[3].String()+`, entry (.|\n)* joined as number 2, at version 5; 1 waited longer; `+
		`1 free - number 1: wants 2 × type 1, 1 free (.|\n)* nothing is wrong`), "fairness", fair)
	want(1, wrapped(`WRONG: the customer `+people[3].String()+`, who joined at version 5 as number 2, comes first(.|\n)* `+
		`position \d+: fairness`), "fairness", unfair)
	want(0, `nothing is wrong`, "verify", fair)
	want(1, `comes first`, "verify", unfair)
	lines := strings.Split(strings.TrimSpace(want(1, "", "fairness", unfair, "--json")), "\n")
	var report audit.FairnessReport
	if err := json.Unmarshal([]byte(lines[2]), &report); err != nil || len(report.Findings) != 1 || report.Waiting != 2 {
		t.Errorf("got %+v, %v", report, err)
	}
}
