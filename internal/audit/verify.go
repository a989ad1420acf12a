package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// VerifyConnections is how many database connections [Verify] uses.
const VerifyConnections = 2

// VerifyOptions configure [Verify].
type VerifyOptions struct {
	Pool *pgxpool.Pool
	// Keys verify signatures. Without any, roots are compared and signatures are not checked.
	Keys *Keys
	// Stream, when set, is the only stream that is verified. Its records have to be in the tree of the
	// newest checkpoint.
	Stream uuid.UUID
	// Against are signed checkpoints that were kept outside of the database. Only such ones can show
	// that the log was changed together with its checkpoints.
	Against []string
	// Checkpoints, when set, adds the last checkpoint that this process knows.
	Checkpoints *Checkpoints
	// Observe, when set, is called often, from one goroutine at a time, and must be quick.
	Observe func(VerifyProgress)
	// Resume, when set, is what Save was given last: the verification goes on from there.
	Resume []byte
	// Save, when set, is called at places from which a later verification can go on, from one
	// goroutine at a time, and must be quick. After Verify has returned it is not called.
	Save func(state []byte)
	// SaveEvery is the least time between two calls of Save.
	SaveEvery time.Duration
}

// VerifyProgress is the progress of a verification.
type VerifyProgress struct {
	Phase string `json:"phase" enum:"records,read models"`
	Done  int64  `json:"done" doc:"Records"`
	Total int64  `json:"total" doc:"Records"`
}

// Report is the result of a verification.
type Report struct {
	StreamID          uuid.UUID         `json:"streamId" format:"uuid" doc:"The verified stream; zero for the whole log"`
	Head              int64             `json:"head" doc:"Position of the newest record when the verification began"`
	Records           int64             `json:"records"`
	Streams           int               `json:"streams"`
	Root              string            `json:"root,omitempty" doc:"Of the Merkle tree of all records, in hexadecimal"`
	Checkpoints       int               `json:"checkpoints" doc:"Number of checkpoints compared"`
	SignedUpTo        int64             `json:"signedUpTo" doc:"Position up to which the records are those that a checkpoint was signed over"`
	SignaturesChecked bool              `json:"signaturesChecked" doc:"False without a public key"`
	ReadModels        []ReadModelReport `json:"readModels" nullable:"false"`
	Findings          []Finding         `json:"findings" nullable:"false" doc:"The first hundred, in the order of the log"`
	More              int               `json:"more" doc:"Number of findings that are not listed"`
	Seconds           float64           `json:"seconds"`
}

// ReadModelReport describes a read model that was compared with the log.
type ReadModelReport struct {
	Name     string `json:"name"`
	Position int64  `json:"position" doc:"Position up to which it has applied the log"`
	Rows     int64  `json:"rows"`
}

// OK reports whether there are no findings.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// verification is a verification in progress.
type verification struct {
	VerifyOptions
	*checker
	*order
	whole       bool // not only one stream
	report      *Report
	checkpoints *Checkpoints
	kept        []Statement  // by Against and Checkpoints
	signed      []signedRoot // by size
	compared    int          // those of signed that were
	rejected    []Finding    // checkpoints that are not signed
	good        int64        // size of the last checkpoint that matched
	diverged    bool         // a root did not match, and so no later one can
	positions   []int64      // of the stream
	models      []*projections.Comparison
	upTo        int64 // the newest position when the verification began
	head        int64 // of this snapshot
	resumption
}

// Verify checks the log, or one stream: nothing is missing, hashes and roots match, each record can
// be decoded and breaks no rule, and the read models equal the states of the streams. It goes
// through the log twice: in the order of positions for what is missing and for the checkpoints, then
// stream by stream for everything else. So it needs little more memory than the state of the longest
// stream, some 200 bytes per booking in it. It reads one snapshot of the database, for as long as
// that takes.
//
// The error means that the verification failed to run, for example [ErrNoStream]; findings are in
// the report.
func Verify(ctx context.Context, o VerifyOptions) (*Report, error) {
	began := time.Now()
	v := &verification{VerifyOptions: o, checker: newChecker(), order: newOrder(), whole: o.Stream == uuid.Nil,
		report: &Report{StreamID: o.Stream}}
	if v.Keys == nil {
		v.Keys = &Keys{}
	}
	if v.Observe == nil {
		v.Observe = func(VerifyProgress) {}
	}
	v.streams, v.sorted, v.onEnd = nil, true, v.finishStream(ctx)
	v.checkpoints = NewCheckpoints(o.Pool, v.Keys)
	v.onRoot = func(size int64, root eventstore.Hash) error { return v.compareRoot(size, root) }
	if err := v.openKept(); err != nil { // before the snapshot, so that it is not newer
		return nil, err
	}
	err := inSnapshot(ctx, o.Pool, "", v.run)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	r := v.report
	r.Records, r.Findings, r.More = v.records, append([]Finding{}, v.findings...), v.more
	r.Seconds += time.Since(began).Seconds()
	r.SignedUpTo = v.good
	if v.Checkpoints != nil && slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Check != CheckReadModel }) {
		v.Checkpoints.metrics.tampered(foundByVerification)
	}
	return r, nil
}

// inSnapshot reads one snapshot of the database: a new one, or the one with this name.
func inSnapshot(ctx context.Context, pool *pgxpool.Pool, name string, use func(context.Context, pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		if name != "" {
			if _, err := tx.Exec(ctx, `set transaction snapshot '`+name+`'`); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx,
			`set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0`); err != nil {
			return err
		}
		return use(ctx, tx)
	})
}

func (v *verification) run(ctx context.Context, snapshot pgx.Tx) error {
	var last int64
	err := snapshot.QueryRow(ctx, `
		select h.position, coalesce((select max(position) from event_log), 0)
		from log_head h`).Scan(&v.report.Head, &last)
	if err != nil {
		return err
	}
	v.head = v.report.Head
	if last, err = v.resume(last); err != nil {
		return err
	}
	v.upTo = max(last, v.report.Head)
	v.counted = v.upTo
	if !v.whole || !v.ordered {
		if err := v.planCheckpoints(ctx, snapshot); err != nil {
			return err
		}
	}
	if !v.whole {
		v.sizes = nil // the tree is not built from the stream alone
	} else if !v.ordered {
		if err := v.checkOrder(ctx, snapshot, last); err != nil {
			return err
		}
	}
	return v.withReadModels(ctx, snapshot, func() error {
		err := v.checkRecords(ctx, snapshot)
		if err == nil && !v.whole {
			err = v.checkInTree(ctx, snapshot)
		}
		return err
	})
}

// checkOrder goes through the log in the order of positions.
func (v *verification) checkOrder(ctx context.Context, snapshot pgx.Tx, last int64) error {
	err := v.scan(ctx, snapshot, v.upTo, v.found, func() error {
		v.observe()
		return v.save(false)
	})
	if err == nil {
		err = v.checkEnd(last)
	}
	v.ordered = true
	return err
}

// observe tells how many records are checked, of which each goes through twice.
func (v *verification) observe() {
	done, total := v.records, v.upTo
	switch {
	case !v.whole:
		total = v.length
	default:
		done = (min(v.last, v.upTo) + min(v.records, v.upTo)) / 2
	}
	v.Observe(VerifyProgress{"records", done, max(total, done)})
}

// checkRecords reads, links, inspects and folds concurrently, stream by stream.
func (v *verification) checkRecords(ctx context.Context, snapshot pgx.Tx) error {
	const ahead = 8 // chunks between link and fold
	if !v.whole {
		version, err := eventstore.NewLog(snapshot).Version(ctx, v.Stream)
		if err != nil {
			return err
		}
		if version == 0 {
			return ErrNoStream
		}
		v.length = int64(version)
	}
	group, ctx := errgroup.WithContext(ctx)
	inspecting := make(chan chan *chunk, ahead)
	group.Go(func() error {
		defer close(inspecting)
		each := func(records []eventstore.Record) error {
			s, done := v.link(records), make(chan *chunk, 1)
			select {
			case inspecting <- done:
			case <-ctx.Done():
				return ctx.Err()
			}
			go func() {
				v.inspect(s)
				done <- s
			}()
			return nil
		}
		if v.whole {
			return eventstore.ScanStreams(ctx, snapshot, v.after, each)
		}
		return v.scanStream(ctx, snapshot, each)
	})
	group.Go(func() error {
		for done := range inspecting {
			if err := v.fold(<-done); err != nil {
				return err
			}
			v.observe()
		}
		return v.endStream()
	})
	return group.Wait()
}

func (v *verification) scanStream(ctx context.Context, snapshot pgx.Tx, each func([]eventstore.Record) error) error {
	const page = 4_096
	log, after := eventstore.NewLog(snapshot), 0
	for {
		records, err := log.Stream(ctx, v.Stream, after, page)
		if err != nil || len(records) == 0 {
			return err
		}
		after = records[len(records)-1].Version
		for i := range records {
			v.positions = append(v.positions, records[i].Position)
		}
		if err := each(records); err != nil {
			return err
		}
	}
}
