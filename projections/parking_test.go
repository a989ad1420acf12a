package projections_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections"
)

// unfit is a record that decodes well, and that no table can take: PostgreSQL has no text with a
// zero byte.
func unfit(tb testing.TB) appendtest.Record {
	tb.Helper()
	name, schema, data, err := domain.Codec{}.Encode(domain.DetailsChanged{Details: details("Renamed", 1, 1)})
	dbtest.Must(tb, err)
	return appendtest.Record{Type: name, SchemaVersion: schema,
		Data: []byte(strings.Replace(string(data), "Renamed", `Re\u0000named`, 1))}
}

func TestARecordThatCannotBeAppliedParksItsStreamAndNoOther(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]appendtest.Record{
		"with a broken body": {Type: domain.TypeTicketBooked, SchemaVersion: 1, Data: []byte(`{"bookingId": 7}`)},
		"that no row can be": unfit(t),
		"of a missing row": {Type: domain.TypeBookingCancelled, SchemaVersion: 1,
			Data: []byte(`{"bookingId":"` + uuid.NewString() + `"}`)},
		"with a number ahead": {Type: domain.TypeCapacityChanged, SchemaVersion: 1, Data: []byte(`{"capacity":99999999999}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if bad.Type != domain.TypeTicketBooked { // one kind is quick enough
				dbtest.Slow(t)
			}
			b := setup(t)
			good, hurt := b.schedule("Good", 100), b.schedule("Hurt", 100)
			b.book(good, 5)
			b.book(hurt, 5)
			b.append(hurt, bad)
			badVersion, badPosition := b.versions[hurt], b.head
			b.book(good, 5)
			b.book(hurt, 5)
			p := b.start() // everything is one page
			p.Reaches(b.head)
			b.book(hurt, 5) // and these are others
			b.book(good, 5)
			p.Reaches(b.head)

			parked := map[string]int{}
			for _, projection := range projections.Names() {
				for _, s := range enginetest.Parked(b.Database, projection) {
					parked[projection]++
					if s.StreamID != hurt || s.Version != badVersion || s.Position != badPosition || s.Reason == "" ||
						s.CorrelationID != fmt.Sprint("request ", badPosition) {
						t.Errorf("%s: parked is %+v, want version %d of stream %s", projection, s, badVersion, hurt)
					}
				}
			}
			if parked["events"]+parked["bookings"] == 0 {
				t.Fatal("nothing was parked")
			}
			row, err := projections.NewEvents(b.Pool).Get(context.Background(), good)
			dbtest.Must(t, err)
			if row.Remaining != 85 {
				t.Errorf("%d tickets of the other stream remain, want 85", row.Remaining)
			}
			want := map[string]int{"events": 90, "bookings": 15}
			if parked["events"] > 0 {
				want["events"] = 95
			}
			if parked["bookings"] == 0 {
				want["bookings"] = 30
			} else {
				want["bookings"] = 20
			}
			row, err = projections.NewEvents(b.Pool).Get(context.Background(), hurt)
			dbtest.Must(t, err)
			if parked["events"] > 0 && row.Remaining != want["events"] {
				t.Errorf("%d tickets of the parked stream remain, want %d", row.Remaining, want["events"])
			}
			if got := b.Count(`select count(*) from bookings`); got != want["bookings"] {
				t.Errorf("there are %d bookings, want %d", got, want["bookings"])
			}
			enginetest.CheckVerified(b.Database, projections.All())
		})
	}
}
