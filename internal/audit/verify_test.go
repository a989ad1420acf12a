package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestALogThatNobodyTouchedVerifies(t *testing.T) {
	b := open(t)
	if r := b.verify(); !r.OK() || r.Records != 0 {
		t.Errorf("an empty log: %+v", r)
	}
	one, _ := b.sample()
	b.sign()
	b.readModels()
	b.happen(one, domain.TicketBooked{BookingID: id('b', 999), CustomerID: id('c', 999)}) // the read models lag
	b.sign()
	var phases []string
	r := b.verify(func(o *audit.VerifyOptions) {
		o.Observe = func(p audit.VerifyProgress) { phases = append(phases, p.Phase) }
	})
	if !r.OK() || r.Records != 29 || r.Head != 29 || r.Streams != 2 || r.Checkpoints != 2 || !r.SignaturesChecked ||
		r.Root == "" {
		t.Errorf("got %+v", r)
	}
	rows := map[string]int64{}
	for _, m := range r.ReadModels {
		rows[m.Name] = m.Rows
	}
	if len(rows) != len(projections.Names()) || rows["bookings"] != 18 || rows["events"] != 2 ||
		r.ReadModels[0].Position != 28 {
		t.Errorf("got read models %+v", r.ReadModels)
	}
	if len(phases) < 2 || phases[0] != "records" || phases[len(phases)-1] != "read models" {
		t.Errorf("got phases %v", phases)
	}
	if r := b.verify(func(o *audit.VerifyOptions) { o.Stream = one }); !r.OK() || r.Records != 15 || r.Streams != 1 {
		t.Errorf("one stream: %+v", r)
	}
}

func TestWhatASuperuserDoesToTheLogIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	const edit = `update event_log set data = replace(data::text, '63', '64')::json where position = 6`
	for name, c := range map[string]struct {
		tamper   func(*box)
		check    string
		position int64
		detail   string
	}{
		"a record is edited": {func(b *box) { b.tamper(edit) }, audit.CheckHash, 6, "should be"},
		"a record is edited and hashed anew": {func(b *box) {
			b.tamper(edit)
			records, err := b.log.After(b.ctx, 4, 2)
			dbtest.Must(b, err)
			sum := records[1].Sum(records[0].Hash)
			b.tamper(`update event_log set hash = $1 where position = 6`, sum[:])
		}, audit.CheckHash, 7, "should be"},
		"a record is edited and its stream hashed anew": {func(b *box) {
			b.tamper(edit)
			b.rehash(id('e', 1), 1)
		}, audit.CheckCheckpoint, 1, "positions 1 to 28"},
		"a record is edited and its stream hashed anew, between two checkpoints": {func(b *box) {
			b.happen(id('e', 1), domain.TicketBooked{BookingID: id('b', 99), CustomerID: id('c', 99)})
			b.sign()
			b.tamper(`update event_log set recorded_at = recorded_at + interval '1 second' where position = 29`)
			b.rehash(id('e', 1), 1)
		}, audit.CheckCheckpoint, 29, "positions 29 to 29"},
		"a record is deleted": {func(b *box) { b.tamper(`delete from event_log where position = 7`) }, audit.CheckPosition, 7,
			"position 7 is missing"},
		"records are deleted and the others close ranks": {func(b *box) {
			b.tamper(`delete from event_log where position = 7`)
			b.tamper(`update event_log set position = position - 1 where position > 7`)
			b.tamper(`update log_head set position = position - 1`)
		}, audit.CheckVersion, 7, "continues with version 8 after 6"},
		"a record is deleted without a trace in the log": {func(b *box) {
			b.tamper(`delete from event_log where position = 7`)
			b.tamper(`update event_log set position = position - 1 where position > 7`)
			b.tamper(`update event_log set version = version - 1 where stream_id = $1 and version > 7`, id('e', 1))
			b.tamper(`update log_head set position = position - 1`)
			b.rehash(id('e', 1), 7)
		}, audit.CheckCheckpoint, 28, "signed over 28 records, and the log has 27"},
		"two records of different streams change places": {func(b *box) {
			b.tamper(`update event_log set position = case position when 27 then 28 else 27 end + 1000
				where position in (27, 28)`)
			b.tamper(`update event_log set position = position - 1000 where position > 1000`)
		}, audit.CheckCheckpoint, 1, "positions 1 to 28"},
		"two records of one stream change places": {func(b *box) {
			b.tamper(`update event_log set position = case position when 3 then 4 else 3 end + 1000 where position in (3, 4)`)
			b.tamper(`update event_log set position = position - 1000 where position > 1000`)
		}, audit.CheckVersion, 3, "version 4 stands in the log before version 3"},
		"the end is cut off": {func(b *box) { b.tamper(`delete from event_log where position > 25`) },
			audit.CheckPosition, 26, "positions 26 to 28 are missing"},
		"the end is cut off, and the head too": {func(b *box) { b.cut(25) }, audit.CheckCheckpoint, 26,
			"signed over 28 records, and the log has 25"},
		"everything is cut off": {func(b *box) { b.cut(0) }, audit.CheckCheckpoint, 1, "the log has 0"},
		"a record is put in": {func(b *box) {
			b.tamper(`
				insert into event_log
				select 1000, stream_id, 100, type, schema_version, data, metadata, recorded_at, hash
				from event_log
				where position = 2`)
		}, audit.CheckPosition, 29, "positions 29 to 999 are missing"},
		"a record of another program": {func(b *box) {
			b.tamper(`update event_log set schema_version = 2 where position = 28`)
		}, audit.CheckHash, 28, ""},
		"time runs backwards": {func(b *box) {
			b.tamper(`update event_log set recorded_at = recorded_at - interval '1 day' where position = 28`)
		}, audit.CheckTime, 28, "recorded at"},
		"a checkpoint is made up": {func(b *box) {
			b.tamper(`update audit_checkpoints set note = replace(note, '28', '29')`)
		}, audit.CheckCheckpoint, 1, "not signed by a key that is trusted"},
		"a checkpoint is signed with another key": {func(b *box) {
			keys, err := audit.NewKeys("another signing secret, of somebody else's")
			dbtest.Must(b, err)
			b.cut(25)
			b.tamper(`delete from audit_checkpoints`)
			_, err = audit.NewCheckpoints(b.pool, keys).Write(b.ctx)
			dbtest.Must(b, err)
		}, audit.CheckCheckpoint, 1, "not signed by a key that is trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.sample()
			b.sign()
			if r := b.verify(); !r.OK() {
				t.Fatalf("before: %v", r.Findings)
			}
			c.tamper(b)
			b.finds(b.verify(), c.check, c.position, c.detail)
		})
	}
}

// cut deletes the end of the log without a trace.
func (b *box) cut(to int) {
	b.Helper()
	b.tamper(`delete from event_log where position > $1`, to)
	b.tamper(`update log_head set position = $1`, to)
}

func TestACheckpointFromElsewhereShowsThatTheEndWasCutOffWithItsCheckpoints(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	b.sign()
	b.happen(one, domain.TicketBooked{BookingID: id('b', 99), CustomerID: id('c', 99)})
	kept := b.sign().Note
	b.cut(28)
	b.tamper(`delete from audit_checkpoints where size > 28`)
	if r := b.verify(); !r.OK() { // nobody can tell from the database alone
		t.Errorf("got %v", r.Findings)
	}
	against := func(o *audit.VerifyOptions) { o.Against = []string{kept} }
	b.finds(b.verify(against), audit.CheckCheckpoint, 29, "signed over 29 records, and the log has 28")

	b.happenAgain(one)
	b.finds(b.verify(against), audit.CheckCheckpoint, 29,
		"the checkpoint that was kept elsewhere was signed over other records")

	unsigned := []string{"boxoffice/audit\n1\nAA==\n"}
	_, err := audit.Verify(b.ctx, audit.VerifyOptions{Pool: b.pool, Keys: b.keys, Against: unsigned})
	if !errors.Is(err, audit.ErrNotSigned) {
		t.Errorf("a checkpoint without a signature: %v", err)
	}
}

// happenAgain appends another history in place of one that was cut off.
func (b *box) happenAgain(stream uuid.UUID) {
	b.Helper()
	b.versions[stream]--
	b.happen(stream, domain.TicketBooked{BookingID: id('b', 98), CustomerID: id('c', 98)})
}

func TestARecordThatBreaksARuleIsNamedAndTheRestOfItsStreamIsNot(t *testing.T) {
	b := open(t)
	one, other := id('e', 1), id('e', 2)
	b.happen(one, domain.EventScheduled{Details: concert(1), Capacity: 1},
		domain.TicketBooked{BookingID: id('b', 1), CustomerID: id('c', 1)})
	b.happen(one, domain.TicketBooked{BookingID: id('b', 2), CustomerID: id('c', 2)},
		domain.TicketBooked{BookingID: id('b', 3), CustomerID: id('c', 3)})
	b.sell(other, 3)
	for _, r := range []*audit.Report{b.verify(), b.verify(func(o *audit.VerifyOptions) { o.Stream = one })} {
		b.finds(r, audit.CheckRule, 3, domain.ErrSoldOut.Error())
		if len(r.Findings) != 1 {
			t.Errorf("got %v", r.Findings)
		}
	}
	b.tamper(`update event_log set data = '7' where position = 5`)
	r := b.verify()
	if len(r.Findings) != 3 || r.Findings[1].Check != audit.CheckHash || r.Findings[2].Check != audit.CheckDecode ||
		r.Findings[2].Position != 5 {
		t.Errorf("got %v", r.Findings)
	}
}

func TestReadModelsThatAreNotWhatTheStreamsComeToAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, detail string }{
		"a number in a row": {`update events set remaining = 77 where id = '65000000-0000-4000-8000-000000000001'`,
			"remaining is 77 and should be 14"},
		"a row is gone": {`delete from events where id = '65000000-0000-4000-8000-000000000001'`,
			"there is a stream and no row"},
		"a row of nothing": {`
			insert into events
			select gen_random_uuid(), title, title_key, description, venue, starts_at, time_zone, price_minor,
				currency, capacity, remaining, status, version, created_at, updated_at
			from events
			limit 1`, "there is a row and no stream"},
		"a booking is gone": {`delete from bookings where id = '02000000-0000-4000-8000-000000000001'`,
			"1 booking(s) of the stream have no row"},
		"a booking of another": {`
			update bookings set user_id = gen_random_uuid()
			where id = '02000000-0000-4000-8000-000000000001'`, "is said to be of user"},
		"a booking comes back": {`
			update bookings set status = 'CONFIRMED'
			where id = '02000000-0000-4000-8000-000000000002'`, "cancelled: false in the read model, true in the stream"},
		"somebody is let in": {`
			update bookings
			set check_ins = '[{"type": 1, "number": 1, "at": "2031-01-01T00:00:00Z",
				"by": "65000000-0000-4000-8000-000000000001"}]'
			where id = '02000000-0000-4000-8000-000000000001'`, "has other check-ins in the stream"},
		"somebody gets a role": {`
			update events set organizers = '{"65000000-0000-4000-8000-000000000001": "manage"}'
			where id = '65000000-0000-4000-8000-000000000001'`, "organizers is "},
		"a booking that never was": {`
			insert into bookings
			select gen_random_uuid(), event_id, user_id, status, created_at, cancelled_at, version
			from bookings
			limit 1`, "is in no record"},
		"more than there is": {`update projection_checkpoints set position = 99 where name = 'events'`,
			"events has applied the log up to position 99"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.sample()
			b.readModels()
			if r := b.verify(); !r.OK() {
				t.Fatalf("before: %v", r.Findings)
			}
			b.tamper(c.sql)
			position := int64(28)
			if name == "more than there is" {
				position++
			}
			b.finds(b.verify(), audit.CheckReadModel, position, c.detail)
		})
	}
}

func TestWhatCannotBeLookedAtIsAnErrorAndNoFinding(t *testing.T) {
	b := open(t)
	b.sample()
	b.sign()
	noStream := audit.VerifyOptions{Pool: b.pool, Keys: b.keys, Stream: uuid.New()}
	if r, err := audit.Verify(b.ctx, noStream); !errors.Is(err, audit.ErrNoStream) {
		t.Errorf("a stream that there is not: got %+v, %v", r, err)
	}
	_, err := b.pool.Exec(b.ctx, `alter table audit_checkpoints rename column note to kept`)
	dbtest.Must(t, err)
	if r, err := audit.Verify(b.ctx, audit.VerifyOptions{Pool: b.pool, Keys: b.keys}); err == nil ||
		!strings.Contains(err.Error(), "read checkpoints") {
		t.Errorf("checkpoints that can't be read: got %+v, %v", r, err)
	}
}
