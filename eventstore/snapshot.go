package eventstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Snapshots spare a process that does not know a long stream from reading all of it. There is at
// most one for each stream, beside the log; any of them can be deleted at any time. One is used
// only if the log has its hash at its version, and if its own digest is right; otherwise the stream
// is folded from the start.
const (
	snapshotSQL = `
		select s.version, s.hash, l.recorded_at, l.position, s.digest, s.state
		from snapshots s
		join event_log l on l.stream_id = s.stream_id and l.version = s.version and l.hash = s.hash
		where s.stream_id = $1 and s.version > $2`
	saveSnapshotSQL = `
		insert into snapshots as s (stream_id, version, hash, digest, state)
		values ($1, $2, $3, $4, $5)
		on conflict (stream_id) do update
			set version = excluded.version, hash = excluded.hash, digest = excluded.digest, state = excluded.state
			where s.version < excluded.version`
)

// snapshotDue tells whether a stream has grown enough for another snapshot: by Options.Snapshot
// records and a quarter, but by no more than snapshotStep. So what is read after one takes well below
// a second, and writing them costs little beside the records.
func snapshotDue(version, last, every int) bool {
	return version >= last+max(every, min(last/4+every, snapshotStep))
}

// snapshotStep is a number of records.
const snapshotStep = 100_000

// snapshotter writes snapshots in the background. One that is due while it is busy is left out, until
// the stream is used again.
type snapshotter[S, R any] struct {
	model   *Model[S, R]
	every   int // records
	pool    *pgxpool.Pool
	logger  *slog.Logger
	running context.Context // ends when nothing may be written any more
	jobs    chan snapshotJob[S]
	stop    func()
	stopped sync.WaitGroup
}

type snapshotJob[S any] struct {
	id     uuid.UUID
	stream stream[S]
}

func newSnapshotter[S, R any](
	running context.Context, pool *pgxpool.Pool, model *Model[S, R], o Options,
) *snapshotter[S, R] {
	w := &snapshotter[S, R]{
		model: model, every: o.Snapshot, pool: pool, logger: o.Logger, running: running,
		jobs: make(chan snapshotJob[S], 4),
	}
	w.stop = sync.OnceFunc(func() { close(w.jobs) })
	w.stopped.Go(func() {
		for job := range w.jobs {
			if err := w.save(job); err != nil {
				w.logger.Warn("a snapshot was not written", "stream", job.id, "error", err)
			}
		}
	})
	return w
}

// close returns when what is due has been written. Nothing may be offered any more.
func (w *snapshotter[S, R]) close() {
	w.stop()
	w.stopped.Wait()
}

// offer takes note of a committed state, which is immutable and can be written any time. It may have
// been appended or only read: a stream that was long to read has a snapshot the next time.
func (w *snapshotter[S, R]) offer(id uuid.UUID, s *stream[S]) {
	if w.model.Snapshot == nil || !snapshotDue(s.Version, s.snapshot, w.every) {
		return
	}
	select {
	case w.jobs <- snapshotJob[S]{id, *s}:
		s.snapshot = s.Version
	default:
	}
}

func (w *snapshotter[S, R]) save(job snapshotJob[S]) error {
	ctx, cancel := context.WithTimeout(w.running, time.Minute)
	defer cancel()
	var state []byte
	err := guarded(func() (err error) {
		state, err = w.model.Snapshot(job.stream.state)
		return err
	})
	if err != nil {
		return err
	}
	at := job.stream.Tail
	digest := digestOf(at.Hash, state)
	_, err = w.pool.Exec(ctx, saveSnapshotSQL, [16]byte(job.id), at.Version, at.Hash[:], digest, state)
	return err
}

// digestOf ties the bytes of a state to its place in the log.
func digestOf(at Hash, state []byte) []byte {
	h := sha256.New()
	h.Write(at[:])
	h.Write(state)
	return h.Sum(nil)
}

// scanSnapshot reads a row of snapshotSQL. refused tells why the snapshot can't be used.
func (w *snapshotter[S, R]) scanSnapshot(rows pgx.Rows) (s stream[S], refused, err error) {
	var digest, state []byte
	err = rows.Scan(&s.Version, (*hashScanner)(&s.Hash), &s.RecordedAt, &s.position, &digest,
		(*pgtype.DriverBytes)(&state))
	if err != nil {
		return s, nil, err
	}
	s.RecordedAt, s.snapshot = s.RecordedAt.UTC(), s.Version
	if !bytes.Equal(digest, digestOf(s.Hash, state)) {
		return s, errors.New("its digest is wrong"), nil
	}
	refused = guarded(func() (err error) {
		s.state, err = w.model.Restore(state)
		return err
	})
	return s, refused, nil
}
