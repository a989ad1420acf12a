package projections_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/text/currency"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestEventsAreSearchedSortedAndPaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	titles := []string{"100% Jazz", "100 Jazz", "under_score", "underXscore", `back\slash`, "ÄRGER im Zoo", "straße",
		"alpha", "Beta", "gamma"}
	for i, title := range titles {
		b.do(uuid.New(), domain.ScheduleEvent{Details: details(title, i%3, int64(i%4)), Capacity: 1})
	}
	p.Reaches(b.head)
	events := projections.NewEvents(b.Pool)
	list := func(q projections.EventQuery) (got []string, total int) {
		t.Helper()
		if q.Sort == "" {
			q.Sort = projections.SortByTitle
		}
		if q.Limit == 0 {
			q.Page, q.Limit = 1, 50
		}
		page, total, err := events.List(context.Background(), q)
		dbtest.Must(t, err)
		for _, e := range page {
			got = append(got, e.Title)
		}
		return got, total
	}
	for search, want := range map[string][]string{
		"100%":    {"100% Jazz"},
		"r_s":     {"under_score"},
		`k\s`:     {`back\slash`},
		"ärger":   {"ÄRGER im Zoo"},
		"STRASSE": {"straße"},
		"jAzZ":    {"100 Jazz", "100% Jazz"},
		"%":       {"100% Jazz"},
		"none":    nil,
		"a\x00b":  nil,
		"\xff":    nil,
	} {
		if got, total := list(projections.EventQuery{Search: search}); fmt.Sprint(got) != fmt.Sprint(want) ||
			total != len(want) {
			t.Errorf("search %q: got %v of %d, want %v", search, got, total, want)
		}
	}
	for _, sort := range []projections.EventSort{projections.SortByDate, projections.SortByPrice,
		projections.SortByTitle} {
		for _, descending := range []bool{false, true} {
			all, _ := list(projections.EventQuery{Sort: sort, Descending: descending})
			var paged []string
			for page := 1; page <= 5; page++ {
				part, total := list(projections.EventQuery{Sort: sort, Descending: descending, Page: page, Limit: 3})
				if total != len(titles) {
					t.Errorf("total is %d, want %d", total, len(titles))
				}
				paged = append(paged, part...)
			}
			if fmt.Sprint(all) != fmt.Sprint(paged) || len(all) != len(titles) {
				t.Errorf("by %s (descending %v), the pages %v differ from the whole %v", sort, descending, paged, all)
			}
		}
	}
	want := []string{"100 Jazz", "100% Jazz", "alpha", "ÄRGER im Zoo", `back\slash`, "Beta", "gamma", "straße",
		"under_score", "underXscore"}
	if got, _ := list(projections.EventQuery{}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("by title, without regard to case: got %v, want %v", got, want)
	}
	if _, _, err := events.List(context.Background(),
		projections.EventQuery{Sort: "password", Page: 1, Limit: 1}); err == nil {
		t.Error("an unknown order was accepted")
	}
}

func TestEventsAreSortedByThePriceThatIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	for title, price := range map[string]domain.Money{
		"free": {Minor: 0, Currency: "JPY"}, "1.5 KWD": {Minor: 1_500, Currency: "KWD"},
		"2 CLF":     {Minor: 20_000, Currency: "CLF"},
		"24.99 EUR": {Minor: 24_99, Currency: "EUR"}, "25.1 KWD": {Minor: 25_100, Currency: "KWD"},
		"26 JPY":  {Minor: 26, Currency: "JPY"},
		"120 USD": {Minor: 120_00, Currency: "USD"}, "2400 JPY": {Minor: 2_400, Currency: "JPY"},
		"100000000 EUR":   {Minor: domain.MaxPrice, Currency: "EUR"},
		"10000000000 JPY": {Minor: domain.MaxPrice, Currency: "JPY"},
	} {
		d := details(title, 0, 0)
		d.Currency, d.TicketTypes = price.Currency, domain.GeneralAdmission(price.Minor)
		b.do(uuid.New(), domain.ScheduleEvent{Details: d, Capacity: 1})
	}
	p.Reaches(b.head)
	want := []string{
		"free", "1.5 KWD", "2 CLF", "24.99 EUR", "25.1 KWD", "26 JPY", "120 USD", "2400 JPY",
		"100000000 EUR", "10000000000 JPY",
	}
	events := projections.NewEvents(b.Pool)
	check := func(when string) {
		t.Helper()
		for _, descending := range []bool{false, true} {
			var got []string
			for page := 1; page <= 4; page++ {
				rows, _, err := events.List(context.Background(), projections.EventQuery{
					Sort: projections.SortByPrice, Descending: descending, Page: page, Limit: 3,
				})
				dbtest.Must(t, err)
				for _, e := range rows {
					got = append(got, e.Title)
				}
			}
			if descending {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, descending %v: got %v, want %v", when, descending, got, want)
			}
		}
	}
	check("as it was built")
	_, err := enginetest.Rebuild(b.Database, named("events"))
	dbtest.Must(t, err)
	check("after a rebuild")
	if b.Count(`select count(*) from pg_indexes where indexname = 'events_by_displayed_price'`) != 1 {
		t.Error("the rebuilt table has no index for this order")
	}
}

// The database sorts by the decimals that a currency had when its index was made. When they change
// in the library that prices are shown with, a migration has to make another function, and the
// index anew.
func TestTheDatabaseKnowsTheDecimalsOfEveryCurrency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	scales := map[string]int{"ZZZ": 2, "": 2}
	for i := range 26 * 26 * 26 {
		code := string([]byte{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26)})
		if unit, err := currency.ParseISO(code); err == nil {
			scales[code], _ = currency.Standard.Rounding(unit)
		}
	}
	if len(scales) < 200 {
		t.Fatalf("the library knows only %d currencies", len(scales))
	}
	codes := slices.Collect(maps.Keys(scales))
	rows, _ := b.Pool.Query(context.Background(), `
		select code, round(-log(displayed_price(1, code)))::int from unnest($1::text[]) as code`, codes)
	var code string
	var scale int
	_, err := pgx.ForEachRow(rows, []any{&code, &scale}, func() error {
		if scale != scales[code] {
			t.Errorf("%s has %d decimals in the database and %d where it is shown", code, scale, scales[code])
		}
		return nil
	})
	dbtest.Must(t, err)
}

// One character can become eighteen when it is made comparable, and an entry of an index has its
// limits.
func TestTheLongestTitleIsListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	event := b.schedule(strings.Repeat("\ufdfa", domain.MaxTitle), 1)
	p.Reaches(b.head)
	if parked := enginetest.Parked(b.Database, "events"); len(parked) > 0 {
		t.Fatalf("it was parked: %+v", parked)
	}
	rows, total, err := projections.NewEvents(b.Pool).List(context.Background(),
		projections.EventQuery{Search: "\ufdfa", Sort: projections.SortByTitle, Page: 1, Limit: 10})
	if err != nil || total != 1 || rows[0].ID != event {
		t.Errorf("got %v of %d, %v", rows, total, err)
	}
}

func TestTotalsAreExactAtEveryMoment(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	p := b.start()
	counter := &dbtest.Statements{}
	events := projections.NewEvents(dbtest.Connect(t, b.URL, dbtest.MaxConns(2),
		counter.Trace))
	total := func(search string, want int) {
		t.Helper()
		if _, got, err := events.List(context.Background(), projections.EventQuery{Search: search,
			Sort: projections.SortByDate, Page: 1, Limit: 1}); err != nil || got != want {
			t.Errorf("search %q: %d in all, %v; want %d", search, got, err, want)
		}
	}
	counted := func() int { return counter.Count("select count(*)") }

	jazz := b.schedule("Jazz", 100)
	b.schedule("Rock", 100)
	p.Reaches(b.head)
	total("", 2)
	total("jazz", 1)

	// Bookings change no total, and nothing is counted again.
	before := counted()
	b.book(jazz, 10)
	p.Reaches(b.head)
	total("", 2)
	total("jazz", 1)
	if now := counted(); now != before {
		t.Errorf("counted %d times though only bookings came", now-before)
	}

	b.schedule("More jazz", 100)
	p.Reaches(b.head)
	total("jazz", 2)
	total("", 3)
	b.do(jazz, domain.ChangeDetails{Details: details("Blues", 1, 1)})
	p.Reaches(b.head)
	total("jazz", 1)
	total("", 3)

	// A stream that was parked brings events of long ago.
	b.Exec(`alter table events add constraint planted check (title <> 'Jazz of old')`)
	b.schedule("Jazz of old", 1)
	b.schedule("Newer", 1)
	p.Reaches(b.head)
	total("", 4)
	b.Exec(`alter table events drop constraint planted`)
	_, err := enginetest.Retry(b.Database, named("events"))
	dbtest.Must(t, err)
	total("", 5)
	total("jazz", 2)

	// So may a rebuild.
	b.Exec(`delete from events where title = 'Newer'`)
	_, err = enginetest.Rebuild(b.Database, named("events"), enginetest.AcceptDifferences)
	dbtest.Must(t, err)
	total("newer", 1)
}

// A booking changes the row of its event. PostgreSQL leaves the indexes of a table alone (a "hot"
// update) only when no index names a column that has changed.
func TestABookingLeavesTheIndexesOfEventsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(projections.Connections+2), dbtest.Settings(engine.RunSession()))
	p := b.startOn(pool)
	event := b.schedule("Jazz", 10)
	p.Reaches(b.head)
	for range 9 { // the tenth sells it out, which a list of available events has to learn
		b.book(event, 1)
		p.Reaches(b.head)
	}
	p.Stop()
	pool.Close() // sessions that end report their statistics
	const updates = `select n_tup_upd from pg_stat_user_tables where relname = 'events'`
	waittest.For(t, "nine updates are reported", func() bool { return b.Count(updates) == 9 })
	rows, _ := b.Pool.Query(context.Background(),
		`select relname::text, n_tup_upd - n_tup_hot_upd from pg_stat_user_tables where n_tup_upd > n_tup_hot_upd`)
	cold, err := pgx.CollectRows(rows, pgx.RowToMap)
	dbtest.Must(t, err)
	if len(cold) > 0 {
		t.Errorf("indexes are written for updates: %v", cold)
	}
}

// With 20,000 events, a page must not read more than it shows, or in the middle of a list more
// than entries of an index.
func TestListsOfManyEventsGoByTheirIndexes(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	b.Exec(`
		insert into events (id, title, title_key, description, venue, starts_at, time_zone, price_minor, currency, capacity,
			remaining, status, version, created_at, updated_at, category)
		select gen_random_uuid(), title, lower(title), repeat('What it is about. ', 10), 'Hall',
			'2031-01-01'::timestamptz + i * 7919 % 300000 * interval '1 minute',
			'UTC', i * 7919 % 20000, (array['EUR', 'JPY', 'KWD'])[1 + i % 3], 100, i % 10,
			case when i % 19 = 0 then 'CANCELLED' else 'SCHEDULED' end, 1, now(), now(), (array['', 'MUSIC'])[1 + i / 5 % 2]
		from generate_series(1, 20000) i,
			lateral (
				select case when i % 200 = 0 then 'Zanzibar ' when i % 4 = 0 then 'Jazz ' else 'Rock ' end || md5(i::text)
			) as t (title)`)
	if n, err := projections.RefreshEvents(context.Background(), b.Pool); n != 20_000 || err != nil {
		t.Fatalf("%d rows got their keys, %v", n, err)
	}
	b.Exec(`analyze events`)
	// Index-only scans are cheap only when vacuum has found all rows visible, and that waits for
	// other transactions that read the table.
	waittest.For(t, "all rows are known to be visible", func() bool {
		b.Exec(`vacuum events`)
		return b.Count(`select count(*) from pg_class where oid = 'events'::regclass and relallvisible = relpages`) == 1
	})
	plan := &explainer{}
	events := projections.NewEvents(dbtest.Connect(t, b.URL, dbtest.MaxConns(1),
		func(c *pgxpool.Config) { c.ConnConfig.Tracer = plan }))
	at := time.Date(2031, 2, 1, 0, 0, 0, 0, time.UTC)
	for most, q := range map[int]projections.EventQuery{
		20: {Sort: projections.SortByDate}, 101: {Sort: projections.SortByDate, Search: "zanzibar"},
		1_000: {Sort: projections.SortByTitle, Descending: true},
	} {
		q.Upcoming, q.Now, q.Limit = true, at, 10
		var after projections.EventCursor
		for range 3 {
			page, next, _, err := events.After(context.Background(), q, after)
			dbtest.Must(t, err)
			text, rows := plan.explain(t, b.Pool)
			if len(page) != q.Limit || rows > most || strings.Contains(text, "Seq Scan") {
				t.Errorf("%+v: %d events, and a step looks at %d rows, want at most %d\n%s", q, len(page), rows, most, text)
			}
			after = next
		}
	}
	filtersGoByIndexes(t, b, events, plan, at)
	for _, c := range []struct {
		search string
		total  int
		page   int
		rows   int // that any step of the plan may look at
	}{
		{"", 20_000, 1, 10},
		{"", 20_000, 2_000, 10},
		{"", 20_000, 1_000, 10_000},
		{"zanzibar", 100, 1, 100},
		{"zanzibar", 100, 10, 100},
		{"jazz", 4_900, 1, 1_000},
		{"jazz", 4_900, 490, 1_000},
		{"z", 5_000, 1, 1_000},
		{"z", 5_000, 500, 1_000},
	} {
		for _, sort := range []projections.EventSort{projections.SortByDate, projections.SortByPrice,
			projections.SortByTitle} {
			if sort == projections.SortByTitle && c.search != "" && c.search != "zanzibar" {
				continue // all of these begin with the same letter: they are together in the index, at one end or in the middle
			}
			for _, descending := range []bool{false, true} {
				q := projections.EventQuery{Search: c.search, Sort: sort, Descending: descending, Page: c.page, Limit: 10}
				plan.page = query{}
				page, total, err := events.List(context.Background(), q)
				dbtest.Must(t, err)
				if len(page) != 10 || total != c.total {
					t.Errorf("%+v: %d events of %d", q, len(page), total)
				}
				text, most := plan.explain(t, b.Pool)
				if most > c.rows || strings.Contains(text, "Seq Scan") {
					t.Errorf("%+v: a step looks at %d rows, want at most %d\n%s", q, most, c.rows, text)
				}
			}
		}
	}
}

// filtersGoByIndexes checks that first pages of filtered lists are short, and that nothing is counted
// but in an index, because the rows of 100,000 events are 100 MB.
func filtersGoByIndexes(t *testing.T, b *bundle, events *projections.Events, plan *explainer, now time.Time) {
	t.Helper()
	for name, q := range map[string]projections.EventQuery{
		"available": {Available: true}, "available music": {Available: true, Categories: "MUSIC"},
		"scheduled": {Status: projections.EventScheduled}, "cancelled": {Status: projections.EventCancelled},
		"drafts": {Status: projections.EventDraft, Drafts: true}, "music": {Upcoming: true, Categories: "MUSIC"},
		"free":            {Upcoming: true, Free: true},
		"up to two euros": {Upcoming: true, Currency: "EUR", MaxPrice: 200},
	} {
		q.Now, q.Sort, q.Limit = now, projections.SortByDate, 10
		plan.count = query{}
		_, _, _, err := events.After(context.Background(), q, projections.EventCursor{})
		dbtest.Must(t, err)
		if text, most := plan.explain(t, b.Pool); most > 1_000 || strings.Contains(text, "Seq Scan") {
			t.Errorf("%s: a step of a page looks at %d rows\n%s", name, most, text)
		}
		plan.page = plan.count
		text, _ := plan.explain(t, b.Pool)
		if name == "available music" {
			continue // its rows are read, once a second
		}
		if !strings.Contains(text, "Heap Fetches: 0") {
			t.Errorf("%s: rows are read in order to count\n%s", name, text)
		}
	}
	for name, q := range map[string]projections.EventQuery{
		"cancelled by title":       {Status: projections.EventCancelled, Sort: projections.SortByTitle},
		"cancelled by price":       {Status: projections.EventCancelled, Sort: projections.SortByPrice},
		"up to two euros by title": {Upcoming: true, Currency: "EUR", MaxPrice: 200, Sort: projections.SortByTitle},
	} {
		q.Now, q.Limit = now, 10
		_, _, _, err := events.After(context.Background(), q, projections.EventCursor{})
		dbtest.Must(t, err)
		if text, _ := plan.explain(t, b.Pool); !strings.Contains(text, "Heap Fetches: 0") {
			t.Errorf("%s: rows are read that are not on the page\n%s", name, text)
		}
	}
}

type query struct {
	sql  string
	args []any
}

// explainer keeps the last query for a page and the last count.
type explainer struct {
	mu          sync.Mutex
	page, count query
}

func (e *explainer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	q := query{data.SQL, slices.DeleteFunc(slices.Clone(data.Args),
		func(a any) bool { _, is := a.(pgx.QueryExecMode); return is })}
	switch {
	case strings.Contains(q.sql, "order by"):
		e.page = q
	case strings.Contains(q.sql, "count(*)"):
		e.count = q
	}
	return ctx
}

func (e *explainer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// explain runs the page once more and gives the plan, and how many rows the busiest step looked at.
func (e *explainer) explain(tb testing.TB, pool *pgxpool.Pool) (text string, most int) {
	tb.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	rows, _ := pool.Query(context.Background(), `explain (analyze, timing off, costs off) `+e.page.sql,
		append([]any{pgx.QueryExecModeCacheDescribe}, e.page.args...)...)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	dbtest.Must(tb, err)
	for _, line := range lines {
		var n, loops int
		if _, after, found := strings.Cut(line, "(actual rows="); found {
			if _, err := fmt.Sscanf(after, "%d loops=%d", &n, &loops); err == nil {
				most = max(most, n*loops)
			}
		}
		if _, after, found := strings.Cut(line, "Removed by Filter: "); found {
			if _, err := fmt.Sscan(after, &n); err == nil {
				most = max(most, n)
			}
		}
	}
	return strings.Join(lines, "\n"), most
}

func TestAPageIsCountedFromTheNearerEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		page, limit, total int
		rows, skip         int
		backwards          bool
	}{
		{1, 10, 0, 0, 0, false},
		{1, 10, 5, 5, 0, false},
		{1, 10, 100, 10, 0, false},
		{5, 10, 100, 10, 40, false},
		{6, 10, 100, 10, 40, true},
		{10, 10, 100, 10, 0, true},
		{10, 10, 95, 5, 0, true},
		{11, 10, 100, 0, 0, false},
		{1_000_000, 50, 100, 0, 0, false},
	} {
		if rows, skip, backwards := projections.PartOf(c.page, c.limit, c.total); rows != c.rows || skip != c.skip ||
			backwards != c.backwards {
			t.Errorf("page %d of %d by %d: got %d rows after %d, backwards %v; want %d after %d, %v", c.page, c.total,
				c.limit, rows, skip, backwards, c.rows, c.skip, c.backwards)
		}
	}
}
