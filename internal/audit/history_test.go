package audit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestAStreamIsShownAsItWasAtAnyVersionAndTime(t *testing.T) {
	b := open(t)
	stream := id('e', 7)
	b.happen(stream, domain.EventScheduled{Details: concert(7), Capacity: 5_000})
	for n := range 26 { // past several cached states
		var records []domain.Record
		for i := range 100 {
			records = append(records, domain.TicketBooked{BookingID: id('b', n*100+i), CustomerID: id('c', n*100+i)})
		}
		b.happen(stream, records...)
	}
	b.happen(stream, domain.BookingCancelled{BookingID: id('b', 0), CustomerID: id('c', 0)}, domain.EventCancelled{})
	h := audit.NewHistory(b.pool)
	// Later queries continue from cached states.
	for _, version := range []int{2, 2601, 1000, 1, 1001, 2000, 1500, 2603} {
		m, err := h.At(b.ctx, stream, version)
		sold := min(version, 2601) - 1
		if version > 2601 {
			sold--
		}
		if err != nil || m.Record.Version != version || m.State.Sold() != sold || m.Problem != "" ||
			m.State.Cancelled() != (version == 2603) {
			t.Errorf("version %d: sold %d, want %d; %+v %v", version, m.State.Sold(), sold, m.Problem, err)
		}
		if at, err := h.VersionAt(b.ctx, stream, m.Record.RecordedAt); err != nil || at < version {
			t.Errorf("the version at the time of %d is %d, %v", version, at, err)
		}
		if at, err := h.VersionAt(b.ctx, stream, m.Record.RecordedAt.Add(-time.Microsecond)); err != nil || at >= version {
			t.Errorf("the version before the time of %d is %d, %v", version, at, err)
		}
	}
	for _, beyond := range []int{0, 99_999} {
		if m, err := h.At(b.ctx, stream, beyond); err != nil || m.Record.Version != 2603 {
			t.Errorf("got version %d, %v", m.Record.Version, err)
		}
	}
	var versions []int
	dbtest.Must(t, h.Walk(b.ctx, stream, 1998, 2003, func(m audit.Moment) error {
		versions = append(versions, m.Record.Version)
		if m.State.Sold() != m.Record.Version-1 {
			t.Errorf("version %d: sold %d", m.Record.Version, m.State.Sold())
		}
		return nil
	}))
	if len(versions) != 5 || versions[0] != 1999 {
		t.Errorf("walked %v", versions)
	}
	changes := func(from, to, after int) (d audit.Difference, all []audit.BookingChange) {
		t.Helper()
		d, err := h.Diff(b.ctx, stream, from, to)
		dbtest.Must(t, err)
		dbtest.Must(t, h.EachChange(b.ctx, &d, after, func(c audit.BookingChange) error { all = append(all, c); return nil }))
		return d, all
	}
	if d, all := changes(2599, 2603, 0); len(all) != 3 || !all[0].Made || !all[1].Made || all[2].Made ||
		all[2].ID != id('b', 0) || all[2].Version != 2602 || !d.To.State.Cancelled() {
		t.Errorf("got %+v", all)
	}
	if _, all := changes(2599, 2603, 2601); len(all) != 1 {
		t.Errorf("got %+v", all)
	}
	if d, all := changes(0, 2603, 0); len(all) != 2600 || !all[0].Cancelled || d.From.State.Exists() {
		t.Errorf("got %d changes", len(all))
	}
	for _, spans := range []int{1, 7, 300} {
		buckets, span, err := h.Series(b.ctx, stream, time.Time{}, time.Time{}, spans)
		dbtest.Must(t, err)
		bookings, cancellations := 0, 0
		for i, x := range buckets {
			bookings, cancellations = bookings+x.Bookings, cancellations+x.Cancellations
			if i > 0 && x.At.Sub(buckets[i-1].At) < span {
				t.Errorf("spans overlap: %v after %v", x.At, buckets[i-1].At)
			}
		}
		last := buckets[len(buckets)-1]
		if bookings != 2600 || cancellations != 1 || len(buckets) > spans || last.Version != 2603 ||
			last.Remaining != 5_000-2_599 {
			t.Errorf("%d spans: %d buckets with %d bookings; %+v", spans, len(buckets), bookings, last)
		}
	}
	// A duration holds 292 years.
	if buckets, _, err := h.Series(b.ctx, stream, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), 1); err != nil || len(buckets) != 1 {
		t.Errorf("%d buckets: %v", len(buckets), err)
	}
	if _, err := h.At(b.ctx, uuid.New(), 1); !errors.Is(err, audit.ErrNoStream) {
		t.Errorf("got %v", err)
	}
}

func TestAStreamWithABadRecordIsShownAllTheSame(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	b.tamper(`update event_log set data = '7' where position = 6`)
	b.happen(one, domain.EventScheduled{Details: concert(1), Capacity: 3})
	var problems, unknown []int
	dbtest.Must(t, audit.NewHistory(b.pool).Walk(b.ctx, one, 0, 0, func(m audit.Moment) error {
		if m.Problem != "" {
			problems = append(problems, m.Record.Version)
		}
		if m.Unknown {
			unknown = append(unknown, m.Record.Version)
		}
		return nil
	}))
	if len(problems) != 2 || problems[0] != 6 || problems[1] != 15 || len(unknown) != 10 {
		t.Errorf("problems at %v, unknown at %v", problems, unknown)
	}
}

func TestRecordsAndStreamsAreListedAndSearched(t *testing.T) {
	b := open(t)
	one, other := b.sample()
	b.readModels()
	h := audit.NewHistory(b.pool)
	for name, c := range map[string]struct {
		f           audit.Filter
		after       int64
		limit, want int
		next        int64
	}{
		"a page":          {audit.Filter{}, 0, 10, 10, 10},
		"the last page":   {audit.Filter{}, 20, 10, 8, 0},
		"an exact end":    {audit.Filter{}, 20, 8, 8, 0},
		"a type":          {audit.Filter{Type: domain.TypeBookingCancelled}, 0, 10, 6, 0},
		"an actor":        {audit.Filter{Actor: id('u', 1)}, 0, 50, 28, 0},
		"nobody":          {audit.Filter{Actor: uuid.New()}, 0, 50, 0, 0},
		"a stream":        {audit.Filter{Stream: other}, 0, 50, 14, 0},
		"a stream's page": {audit.Filter{Stream: one, Type: domain.TypeTicketBooked}, 3, 2, 2, 6},
	} {
		lines, next, err := h.Records(b.ctx, c.f, c.after, c.limit)
		if err != nil || len(lines) != c.want || next != c.next {
			t.Errorf("%s: got %d lines and next %d, %v", name, len(lines), next, err)
		}
	}
	for search, want := range map[string]int{"": 2, "concert 1": 1, "CONCERT": 2,
		"65000000-0000-4000-8000-000000000002": 1, "nothing": 0, "%": 0} {
		if list, err := h.Streams(b.ctx, search, 0, 10); err != nil || len(list) != want {
			t.Errorf("search %q: got %+v, %v", search, list, err)
		}
	}
	list, err := h.Streams(b.ctx, "", 1, 10)
	if err != nil || len(list) != 1 || list[0].ID != other || list[0].Records != 14 || list[0].Status != "CANCELLED" ||
		list[0].Capacity != 10 {
		t.Errorf("got %+v, %v", list, err)
	}
	for search, want := range map[string]int64{"": 2, "concert 1": 1, "nothing": 0} {
		if n, err := h.CountStreams(b.ctx, search); n != want || err != nil {
			t.Errorf("search %q: got %d, %v", search, n, err)
		}
	}
}
