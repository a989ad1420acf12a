package booking_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// The files in testdata are a log and a snapshot that the last program without ticket types wrote.
var (
	limited   = uuid.MustParse("01a22a92-77e1-7144-80ca-57707abc01cf") // 3 of 4 tickets sold
	freeTalk  = uuid.MustParse("01a22a92-7802-748a-b0ac-8a71a5c2688a") // sold out
	calledOff = uuid.MustParse("01a22a92-7808-7638-a483-83ffc6526145")
	bob       = uuid.MustParse("fd931a11-964a-4c95-bc24-aa84e6286442") // has one ticket of limited
	bobsOwn   = uuid.MustParse("01a22a92-7814-7d67-900b-9afda9d44c98") // that booking
)

// restore fills the empty log with a file of testdata, byte for byte.
func (b *bundle) restore() {
	b.db.Helper()
	ctx := b.db.Context()
	var lines []audit.Line
	for _, text := range linesOf(b.db, "testdata/log-of-version-1.jsonl") {
		var l audit.Line
		dbtest.Must(b.db, json.Unmarshal(text, &l))
		lines = append(lines, l)
	}
	dbtest.Must(b.db, pgx.BeginFunc(ctx, b.db.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}
		for _, l := range lines {
			_, err := tx.Exec(ctx, `
				insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
				values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				l.Position, [16]byte(l.StreamID), l.Version, l.Type, l.SchemaVersion, string(l.Data), string(l.Metadata),
				l.RecordedAt, l.Hash[:])
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `update log_head set position = $1`, len(lines))
		return err
	}))
	for _, text := range linesOf(b.db, "testdata/snapshots-of-version-1.jsonl") {
		var s struct {
			StreamID     uuid.UUID
			Version      int
			Hash, Digest string
			State        []byte
		}
		dbtest.Must(b.db, json.Unmarshal(text, &s))
		hash, err := hex.DecodeString(s.Hash)
		dbtest.Must(b.db, err)
		digest, err := hex.DecodeString(s.Digest)
		dbtest.Must(b.db, err)
		_, err = b.db.Pool.Exec(ctx, `insert into snapshots (stream_id, version, hash, digest, state)
			values ($1, $2, $3, $4, $5)`, [16]byte(s.StreamID), s.Version, hash, digest, s.State)
		dbtest.Must(b.db, err)
	}
}

func linesOf(t testing.TB, file string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	dbtest.Must(t, err)
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

func (b *bundle) verified() {
	b.db.Helper()
	keys, err := audit.NewKeys("a signing secret for tests, which is long enough")
	dbtest.Must(b.db, err)
	pool := dbtest.Connect(b.db, b.db.URL, dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
	report, err := audit.Verify(b.db.Context(), audit.VerifyOptions{Pool: pool, Keys: keys})
	dbtest.Must(b.db, err)
	for _, f := range report.Findings {
		b.db.Errorf("found %s", f)
	}
}

func TestALogOfTheVersionBeforeIsReadVerifiedProjectedAndBookedOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.restore()
	b.project()
	before := b.head()
	b.WaitFor(t.Context(), before)
	b.verified()
	for id, want := range map[uuid.UUID]string{
		limited:   "Limited Concert, second evening: 1 of 4 for 5999 EUR, SCHEDULED",
		freeTalk:  "Free Talk: 0 of 2 for 0 USD, SCHEDULED",
		calledOff: "Called Off: 4 of 5 for 500 JPY, CANCELLED",
	} {
		b.WaitForAnswered(t.Context())
		e, err := b.events.Get(t.Context(), id)
		dbtest.Must(t, err)
		got := fmt.Sprintf("%s: %d of %d for %d %s, %s", e.Title, e.Remaining, e.Capacity, e.Price.Minor, e.Price.Currency,
			e.Status)
		if got != want {
			t.Errorf("the read model has %q, want %q", got, want)
		}
	}

	_, err := b.Book(t.Context(), by(bob), booking.Book{EventID: limited})
	if !errors.Is(err, domain.ErrAlreadyBooked) {
		t.Errorf("a second ticket: %v", err)
	}
	cancelled, err := b.CancelBooking(t.Context(), by(bob), bobsOwn)
	dbtest.Must(t, err)
	if cancelled.Booking.Status != projections.BookingCancelled || cancelled.Event.Remaining != 2 {
		t.Errorf("cancelled %+v", cancelled)
	}
	for remaining := 1; remaining >= 0; remaining-- {
		made, err := b.Book(t.Context(), by(uuid.New()), booking.Book{EventID: limited})
		dbtest.Must(t, err)
		if made.Event.Remaining != remaining {
			t.Errorf("%d tickets remain, want %d", made.Event.Remaining, remaining)
		}
	}
	_, err = b.Book(t.Context(), by(uuid.New()), booking.Book{EventID: limited})
	if !errors.Is(err, domain.ErrSoldOut) {
		t.Errorf("a ticket too many: %v", err)
	}
	b.verified()
	var untouched int
	dbtest.Must(t, b.db.Pool.QueryRow(t.Context(), `
		select count(*) from event_log where position <= $1 and schema_version = 1`, before).Scan(&untouched))
	if int64(untouched) != before {
		t.Errorf("%d of %d old records are as they were", untouched, before)
	}
}
