package projections_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/projections"
)

// at schedules an event that differs from the usual.
func (b *bundle) at(starts time.Time, title, venue string, price domain.Money) uuid.UUID {
	b.Helper()
	id := uuid.New()
	d := details(title, 0, 0)
	d.Venue, d.StartsAt = venue, starts.UTC().Truncate(time.Microsecond)
	d.Currency, d.TicketTypes = price.Currency, domain.GeneralAdmission(price.Minor)
	b.do(id, domain.ScheduleEvent{Details: d, Capacity: 2})
	return id
}

// titlesOf are the titles of the first fifty events, by date unless the query says otherwise.
func titlesOf(t testing.TB, events *projections.Events, q projections.EventQuery) (titles []string) {
	t.Helper()
	if q.Sort == "" {
		q.Sort = projections.SortByDate
	}
	q.Page, q.Limit = 1, 50
	rows, total, err := events.List(context.Background(), q)
	dbtest.Must(t, err)
	if total != len(rows) {
		t.Errorf("%+v: %d events of %d", q, len(rows), total)
	}
	for _, e := range rows {
		titles = append(titles, e.Title)
	}
	return titles
}

func TestASearchFindsWordsInAnyOrderWithoutAccents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	soon := time.Now().Add(time.Hour)
	eur := domain.Money{Minor: 100, Currency: "EUR"}
	for i, e := range [][2]string{
		{"Café Noir", "Zürich"}, {"Straße der Musik", "Hall"}, {"İstanbul Nights", "Łódź"},
		{"ＦＵＬＬ　Ｗｉｄｔｈ", "Hall"}, {"Jazz  am See", "Rote Fabrik Zürich"}, {"Ὀδύσσεια", "Ωδείο Ηρώδου"},
		{"Smo\u0308rga\u030as", "ŒUVRE"},
	} {
		b.at(soon.Add(time.Duration(i)*time.Minute), e[0], e[1], eur)
	}
	p.Reaches(b.head)
	events := projections.NewEvents(b.Pool)
	for search, want := range map[string]string{
		"cafe": "Café Noir", "CAFÉ": "Café Noir", "cafe\u0301": "Café Noir", "noir cafe": "Café Noir",
		"strasse": "Straße der Musik", "STRAẞE": "Straße der Musik", "istanbul": "İstanbul Nights",
		"İSTANBUL": "İstanbul Nights",
		"ISTANBUL": "İstanbul Nights", "lodz": "İstanbul Nights",
		"full width": "ＦＵＬＬ　Ｗｉｄｔｈ", "ｆｕｌｌ": "ＦＵＬＬ　Ｗｉｄｔｈ",
		"  jazz   see ": "Jazz  am See", "zurich jazz": "Jazz  am See", "see am fabrik": "Jazz  am See",
		"οδυσσεια": "Ὀδύσσεια", "ΟΔΥΣΣΕΙΑ": "Ὀδύσσεια", "ηρωδου": "Ὀδύσσεια", "smörgås": "Smo\u0308rga\u030as",
		"oeuvre": "Smo\u0308rga\u030as",
	} {
		if got := titlesOf(t, events, projections.EventQuery{Search: search}); !slices.Equal(got, []string{want}) {
			t.Errorf("search %q: got %q, want %q", search, got, want)
		}
	}
	if got := titlesOf(t, events, projections.EventQuery{Search: "zurich"}); len(got) != 2 {
		t.Errorf("in Zürich: got %q", got)
	}
	if got := titlesOf(t, events, projections.EventQuery{Search: "cafe jazz"}); len(got) != 0 {
		t.Errorf("words of two events find %q", got)
	}
}

func TestTitlesAreSortedAsPeopleSortThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	want := []string{"Ägypten", "Emil", "Émile", "emirate", "Öl", "Zebra", "Ωδή", "Ярмарка"}
	for _, title := range []string{"Zebra", "Émile", "Ярмарка", "emirate", "Öl", "Ωδή", "Emil", "Ägypten"} {
		b.schedule(title, 1)
	}
	p.Reaches(b.head)
	events := projections.NewEvents(b.Pool)
	if got := titlesOf(t, events, projections.EventQuery{Sort: projections.SortByTitle}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventsAreSelected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	now := time.Now().UTC().Truncate(time.Second)
	eur := func(minor int64) domain.Money { return domain.Money{Minor: minor, Currency: "EUR"} }
	b.at(now.Add(-time.Hour), "past", "Hall", eur(1000))
	soldOut := b.at(now.Add(time.Hour), "sold out", "Hall", eur(2000))
	b.at(now.Add(2*time.Hour), "open", "Hall", eur(3000))
	cancelled := b.at(now.Add(3*time.Hour), "cancelled", "Hall", eur(4000))
	b.at(now.Add(4*time.Hour), "yen", "Hall", domain.Money{Minor: 30, Currency: "JPY"})
	b.book(soldOut, 2)
	b.do(cancelled, domain.CancelEvent{})
	id := uuid.New()
	d := details("of somebody else", 0, 1)
	d.StartsAt = now.Add(5 * time.Hour)
	name, schema, data, err := domain.Codec{}.Encode(domain.EventScheduled{Details: d, Capacity: 1})
	dbtest.Must(t, err)
	other := uuid.New()
	stored, err := appendtest.Append(context.Background(), b.Pool, id, 0, appendtest.Record{
		Type: name, SchemaVersion: schema, Data: data, Metadata: eventstore.Metadata{Actor: other},
	})
	dbtest.Must(t, err)
	p.Reaches(stored[0].Position)
	events := projections.NewEvents(b.Pool)
	for want, q := range map[string]projections.EventQuery{
		"[past sold out open cancelled yen of somebody else]": {},
		"[sold out open cancelled yen of somebody else]":      {Upcoming: true, Now: now},
		"[open cancelled yen of somebody else]":               {Upcoming: true, Now: now.Add(time.Hour)},
		"[open yen of somebody else]":                         {Available: true, Now: now},
		"[sold out open]":                                     {From: now.Add(time.Hour), To: now.Add(3 * time.Hour)},
		"[cancelled]":                                         {Status: projections.EventCancelled},
		"[open cancelled]":                                    {Currency: "EUR", MinPrice: 2001, MaxPrice: 4000},
		"[yen]":                                               {Currency: "JPY", MaxPrice: 30},
		"[of somebody else]":                                  {Organizer: other},
		"[past sold out open cancelled yen]":                  {Organizer: actor},
		"[open]":                                              {Available: true, Now: now, Search: "ope", Organizer: actor},
	} {
		if got := fmt.Sprint(titlesOf(t, events, q)); got != want {
			t.Errorf("%+v: got %s, want %s", q, got, want)
		}
	}
}

// The totals of what is upcoming and available change without a change of the list.
func TestTotalsFollowTheTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	now := time.Now().UTC().Truncate(time.Second)
	for i := range 3 {
		b.at(now.Add(time.Duration(i+1)*time.Hour), fmt.Sprint(i), "Hall", domain.Money{Currency: "EUR"})
	}
	event := b.at(now.Add(9*time.Hour), "last", "Hall", domain.Money{Currency: "EUR"})
	p.Reaches(b.head)
	events := projections.NewEvents(b.Pool)
	total := func(q projections.EventQuery, want int) {
		t.Helper()
		q.Sort, q.Page, q.Limit = projections.SortByDate, 1, 1
		if _, total, err := events.List(context.Background(), q); err != nil || total != want {
			t.Errorf("%+v: %d in all, %v; want %d", q, total, err, want)
		}
	}
	for hours, want := range []int{4, 3, 2, 1, 1} {
		total(projections.EventQuery{Upcoming: true, Now: now.Add(time.Duration(hours) * time.Hour)}, want)
	}
	total(projections.EventQuery{Upcoming: true, Now: now}, 4) // the clock was set back
	total(projections.EventQuery{Available: true, Now: now}, 4)
	b.book(event, 2)
	p.Reaches(b.head)
	total(projections.EventQuery{Available: true, Now: now.Add(time.Second)}, 3)
}

// Whoever goes through a list by cursors gets each event exactly once that is there from the
// beginning to the end and keeps its place, and none twice, whatever is scheduled, cancelled and
// booked meanwhile.
func TestCursorsNeitherSkipNorDouble(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	random := rand.New(rand.NewPCG(7, 11))
	base := time.Now().Add(time.Hour)
	schedule := func(n int) (ids []uuid.UUID) {
		for range n {
			title := string(rune('A'+random.IntN(4))) + strings.Repeat("é", random.IntN(2))
			price := domain.Money{Minor: random.Int64N(4) * 100, Currency: []string{"EUR", "JPY", "KWD"}[random.IntN(3)]}
			ids = append(ids, b.at(base.Add(time.Duration(random.IntN(5))*time.Minute), title, "Hall", price))
		}
		return ids
	}
	there := schedule(40)
	events := projections.NewEvents(b.Pool)
	sorts := []projections.EventSort{projections.SortByDate, projections.SortByPrice, projections.SortByTitle}
	for _, sort := range sorts {
		for _, descending := range []bool{false, true} {
			p.Reaches(b.head)
			q := projections.EventQuery{Sort: sort, Descending: descending, Limit: 1 + random.IntN(6)}
			seen := map[uuid.UUID]int{}
			var after projections.EventCursor
			for first := true; first || after.ID != uuid.Nil; first = false {
				page, next, _, err := events.After(context.Background(), q, after)
				dbtest.Must(t, err)
				if len(page) > q.Limit || next.ID != uuid.Nil && (len(page) != q.Limit || !next.Valid(sort)) {
					t.Fatalf("%+v: a page of %d, and then %+v", q, len(page), next)
				}
				for _, e := range page {
					seen[e.ID]++
				}
				after = next
				schedule(random.IntN(2))
				if random.IntN(3) == 0 {
					b.do(there[random.IntN(len(there))], domain.CancelEvent{})
				}
				p.Reaches(b.head)
			}
			for _, id := range there {
				if seen[id] == 0 {
					t.Errorf("%+v: skipped %s", q, id)
				}
			}
			for id, times := range seen {
				if times > 1 {
					t.Errorf("%+v: %s came %d times", q, id, times)
				}
			}
		}
	}
}

func TestACursorOfAnotherOrderIsNotValid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sort projections.EventSort
		key  string
		want bool
	}{
		{projections.SortByDate, "2031-01-01T00:00:00.000000Z", true},
		{projections.SortByDate, "2031-02-31T00:00:00.000000Z", false},
		{projections.SortByDate, "49.99", false},
		{projections.SortByPrice, "49.99", true},
		{projections.SortByPrice, "NaN", false},
		{projections.SortByTitle, "00ff", true},
		{projections.SortByTitle, "'; drop", false},
		{"id", "1", false},
	} {
		if got := (projections.EventCursor{Key: c.key}).Valid(c.sort); got != c.want {
			t.Errorf("%q by %s: valid is %v", c.key, c.sort, got)
		}
	}
}

// A database of an older version has rows without keys, and during a rolling update its programs go
// on to write such rows.
func TestRowsOfAnOlderVersionAreFoundToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.schedule("Émile", 10)
	renamed := b.schedule("Straße", 10)
	booked := b.schedule("Zürich", 10)
	p.Reaches(b.head)
	p.Stop()

	_, err := migrations.Down(context.Background(), b.URL, 20)
	dbtest.Must(t, err)
	_, err = migrations.Up(context.Background(), b.URL)
	dbtest.Must(t, err)
	events := projections.NewEvents(b.Pool)
	find := func(search string) int { return len(titlesOf(t, events, projections.EventQuery{Search: search})) }
	p = b.start()
	for _, search := range []string{"emile", "strasse", "zurich"} {
		waittest.For(t, search+" is found after the update", func() bool { return find(search) == 1 })
	}
	p.Stop()

	// What a program of an older version does, and which projects until this one takes over.
	b.Exec(`update events set title = 'Gasse', title_key = 'gasse', version = version + 1 where id = $1`, renamed)
	if n, err := projections.RefreshEvents(context.Background(), b.Pool); n != 1 || err != nil {
		t.Errorf("%d rows were refreshed, %v", n, err)
	}
	if n, err := projections.RefreshEvents(context.Background(), b.Pool); n != 0 || err != nil {
		t.Errorf("%d rows were refreshed again, %v", n, err)
	}
	if find("gasse") != 1 || find("strasse") != 0 {
		t.Error("a title that an older program changed is not searched")
	}
	// A row that the projection gets to first.
	b.Exec(`update events set search_key = '', sort_key = '', keys_version = 0 where id = $1`, booked)
	b.book(booked, 1)
	_, err = enginetest.Rebuild(b.Database, named("events"), enginetest.AcceptDifferences)
	dbtest.Must(t, err)
	if find("zurich") != 1 {
		t.Error("a row that was rebuilt has no key")
	}
}

func TestBookingsAreListedByCursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	customer, now := uuid.New(), time.Now()
	var events []uuid.UUID
	for i := range 7 {
		event := b.at(now.Add(time.Duration(i-2)*time.Hour+time.Minute), fmt.Sprint(i), "Hall", domain.Money{Currency: "EUR"})
		booking := uuid.New()
		long := now.AddDate(0, 0, -1)
		b.do(event, domain.BookTicket{BookingID: booking, CustomerID: customer, Now: long})
		if i%2 == 0 {
			b.do(event, domain.CancelBooking{BookingID: booking, CustomerID: customer, Now: long})
		}
		events = append(events, event)
	}
	b.book(events[0], 1) // of somebody else
	p.Reaches(b.head)
	list := func(q projections.BookingQuery) (titles string) {
		t.Helper()
		q.UserID = customer
		for first := true; first || q.After.ID != uuid.Nil; first = false {
			page, next, err := projections.Bookings{Pool: b.Pool}.OfUser(context.Background(), q)
			dbtest.Must(t, err)
			for i := range page {
				titles += page[i].Event.Title
			}
			titles += " "
			q.After = next
		}
		return strings.TrimSpace(titles)
	}
	for want, q := range map[string]projections.BookingQuery{
		"6543210":   {Limit: 10},
		"654 321 0": {Limit: 3},
		"6543210 ":  {Limit: 7},
		"64 20":     {Limit: 2, Status: projections.BookingCancelled},
		"65432":     {Limit: 9, BeginsAfter: now},
		"5 3":       {Limit: 1, BeginsAfter: now, Status: projections.BookingConfirmed},
	} {
		if got := list(q); got != strings.TrimSpace(want) {
			t.Errorf("%+v: got %q, want %q", q, got, want)
		}
	}
}
