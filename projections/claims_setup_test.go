package projections_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// claim lets somebody hold tickets of an event, wait for them, or end either. Time goes on.
func (h *history) claim(event uuid.UUID) {
	h.t.Helper()
	h.now = h.now.Add(time.Duration(h.random.IntN(3)) * time.Minute)
	state, id, customer := h.states[event], uuid.New(), uuid.New()
	held := slices.Collect(state.Holds())
	if len(held) > 0 && h.random.IntN(2) == 0 {
		hold := held[h.random.IntN(len(held))]
		h.do(event, []domain.Command{
			domain.ConfirmHold{HoldID: hold.ID, CustomerID: hold.CustomerID, Now: h.now},
			domain.ReleaseHold{HoldID: hold.ID, CustomerID: hold.CustomerID, Now: h.now},
			domain.HoldTickets{HoldID: id, CustomerID: hold.CustomerID, Now: h.now, Until: h.now.Add(9 * time.Minute)},
			domain.LapseHolds{Now: h.now},
		}[h.random.IntN(4)])
		return
	}
	waiting := slices.Collect(state.Waitlist())
	if len(waiting) > 0 && h.random.IntN(4) == 0 {
		h.do(event, domain.LeaveWaitlist{CustomerID: waiting[h.random.IntN(len(waiting))].CustomerID})
		return
	}
	h.do(event, domain.HoldTickets{HoldID: id, CustomerID: customer, Now: h.now, Until: h.now.Add(5 * time.Minute)})
	h.do(event, domain.JoinWaitlist{EntryID: uuid.New(), CustomerID: uuid.New(), Now: h.now}) // if it is sold out
}

// checkClaims compares holds and waiting lists with a fold of the log that is made here.
func (b *bundle) checkClaims(records []eventstore.Record) {
	b.Helper()
	holds, entries := map[uuid.UUID]projections.Hold{}, map[uuid.UUID]projections.Entry{}
	for _, r := range records {
		v, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		dbtest.Must(b, err)
		hold := func(id uuid.UUID, status string) {
			h := holds[id]
			h.Status, h.Version = status, r.Version
			holds[id] = h
		}
		entry := func(id uuid.UUID, status string) {
			e := entries[id]
			e.Status, e.Version = status, r.Version
			entries[id] = e
		}
		switch v := v.(type) {
		case domain.TicketsHeld:
			holds[v.HoldID] = projections.Hold{v.HoldID, r.StreamID, v.CustomerID, "HELD", false, v.Currency, v.Lines,
				v.ExpiresAt, r.Version}
		case domain.TicketsOffered:
			holds[v.EntryID] = projections.Hold{v.EntryID, r.StreamID, v.CustomerID, "HELD", true, v.Currency, v.Lines,
				v.ExpiresAt, r.Version}
			entry(v.EntryID, "OFFERED")
		case domain.HoldConfirmed:
			hold(v.HoldID, "CONFIRMED")
			if v.Offered {
				entry(v.HoldID, "CONFIRMED")
			}
		case domain.HoldReleased:
			hold(v.HoldID, "RELEASED")
		case domain.HoldLapsed:
			hold(v.HoldID, "LAPSED")
		case domain.WaitlistJoined:
			entries[v.EntryID] = projections.Entry{v.EntryID, r.StreamID, v.CustomerID, "WAITING", v.Lines, r.Version,
				r.RecordedAt, r.Version}
		case domain.WaitlistLeft:
			entry(v.EntryID, "LEFT")
		case domain.OfferDeclined:
			hold(v.EntryID, "RELEASED")
			entry(v.EntryID, "DECLINED")
		case domain.OfferLapsed:
			hold(v.EntryID, "LAPSED")
			entry(v.EntryID, "LAPSED")
		default: // neither
		}
	}
	compareRows(b, "holds", b.shownHolds(), shownAll(holds))
	compareRows(b, "waitlist", b.shownEntries(), shownAll(entries))
}

func shownAll[Row any](rows map[uuid.UUID]Row) map[uuid.UUID]string {
	shown := map[uuid.UUID]string{}
	for id, row := range rows {
		shown[id] = fmt.Sprint(row)
	}
	return shown
}

func (b *bundle) ids(table string) []uuid.UUID {
	b.Helper()
	rows, _ := b.Pool.Query(context.Background(), `select id from `+table)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	dbtest.Must(b, err)
	return ids
}

func (b *bundle) shownHolds() map[uuid.UUID]string {
	b.Helper()
	all := map[uuid.UUID]projections.Hold{}
	for _, id := range b.ids("holds") {
		h, err := projections.Holds{Pool: b.Pool}.Get(context.Background(), id)
		dbtest.Must(b, err)
		all[id] = *h
	}
	return shownAll(all)
}

func (b *bundle) shownEntries() map[uuid.UUID]string {
	b.Helper()
	rows, _ := b.Pool.Query(context.Background(), `
		select id, event_id, user_id, status, lines, joined_version, joined_at, version from waitlist`)
	all := map[uuid.UUID]projections.Entry{}
	var e projections.Entry
	_, err := pgx.ForEachRow(rows, []any{&e.ID, &e.EventID, &e.UserID, &e.Status, &e.Lines, &e.JoinedVersion, &e.JoinedAt,
		&e.Version}, func() error {
		e.JoinedAt = e.JoinedAt.UTC()
		all[e.ID], e.Lines = e, nil
		return nil
	})
	dbtest.Must(b, err)
	return shownAll(all)
}
