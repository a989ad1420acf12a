package audit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// VerifyConnections is how many connections [Verify] uses at once.
const VerifyConnections = 2

// VerifyOptions say what to verify.
type VerifyOptions struct {
	Pool *pgxpool.Pool
	// Keys whose signatures are believed. Without any, roots are compared and signatures are not.
	Keys *Keys
	// Stream, when set, is the only one that is looked at; then there is no tree, and so there are no
	// checkpoints.
	Stream uuid.UUID
	// Against, when set, is a signed checkpoint that was kept outside of the database. Only such a one
	// shows that the end of the log was cut off together with all checkpoints after it.
	Against string
	// Observe, when set, is called often, from one goroutine at a time, and must be quick.
	Observe func(VerifyProgress)
}

// VerifyProgress tells what a verification is doing.
type VerifyProgress struct {
	Phase string `json:"phase" enum:"records,read models"`
	Done  int64  `json:"done" doc:"Records"`
	Total int64  `json:"total" doc:"Records"`
}

// Report is what a verification found out.
type Report struct {
	StreamID          uuid.UUID         `json:"streamId" format:"uuid" doc:"The only stream that was looked at; zero for the whole log"`
	Head              int64             `json:"head" doc:"Position of the newest record when the verification began"`
	Records           int64             `json:"records"`
	Streams           int               `json:"streams"`
	Root              string            `json:"root,omitempty" doc:"Of the Merkle tree over all records, in hexadecimal"`
	Checkpoints       int               `json:"checkpoints" doc:"That were compared"`
	SignaturesChecked bool              `json:"signaturesChecked" doc:"False when no public key was at hand"`
	ReadModels        []ReadModelReport `json:"readModels" nullable:"false"`
	Findings          []Finding         `json:"findings" nullable:"false" doc:"What is wrong, in the order of the log; the first hundred"`
	More              int               `json:"more" doc:"Findings that are not listed"`
	Seconds           float64           `json:"seconds"`
}

// ReadModelReport is what a read model was compared with.
type ReadModelReport struct {
	Name     string `json:"name"`
	Position int64  `json:"position" doc:"Up to which it has applied the log"`
	Rows     int64  `json:"rows"`
}

// OK tells whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// verification is one at work.
type verification struct {
	VerifyOptions
	*checker
	report      *Report
	checkpoints *Checkpoints
	against     Statement
	page        []Checkpoint // the next ones
	good        int64        // size of the last checkpoint that was right
	diverged    bool         // one was wrong, and so will be all after it
	states      map[int64]map[uuid.UUID]projections.Stream
}

// Verify checks the log, or one stream: that nothing is missing, that hashes and roots are right,
// that each record can be read and breaks no rule, and that the read models are what the streams
// come to. It looks at one moment of the database and goes on reading from it for as long as it
// takes. It keeps the state of every stream in memory, some 170 bytes for each booking.
//
// The error is about the verification, [ErrNoStream] for instance; what it found is in the report.
func Verify(ctx context.Context, o VerifyOptions) (*Report, error) {
	began := time.Now()
	v := &verification{VerifyOptions: o, checker: newChecker(), report: &Report{StreamID: o.Stream},
		states: map[int64]map[uuid.UUID]projections.Stream{}}
	if v.Keys == nil {
		v.Keys = &Keys{}
	}
	if v.Observe == nil {
		v.Observe = func(VerifyProgress) {}
	}
	v.whole = o.Stream == uuid.Nil
	v.checkpoints = NewCheckpoints(o.Pool, v.Keys)
	v.onRoot = func(size int64, root eventstore.Hash) error { return v.compareRoot(ctx, size, root) }
	v.onMark = v.keepStates
	if o.Against != "" {
		var err error
		if v.against, err = v.Keys.Open(o.Against); err != nil {
			return nil, err
		}
	}
	err := pgx.BeginTxFunc(ctx, o.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(snapshot pgx.Tx) error {
			if _, err := snapshot.Exec(ctx,
				`set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0`); err != nil {
				return err
			}
			return v.run(ctx, snapshot)
		})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	r := v.report
	r.Records, r.Streams, r.Findings, r.More, r.Seconds = v.records, len(v.streams), v.findings, v.more,
		time.Since(began).Seconds()
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	return r, nil
}

func (v *verification) run(ctx context.Context, snapshot pgx.Tx) error {
	var last int64
	if err := snapshot.QueryRow(ctx,
		`select h.position, coalesce((select max(position) from event_log), 0) from log_head h`).Scan(&v.report.Head,
		&last); err != nil {
		return err
	}
	if err := v.planReadModels(ctx, snapshot); err != nil {
		return err
	}
	if v.whole {
		if err := v.planCheckpoints(ctx, snapshot); err != nil {
			return err
		}
	}
	if err := v.goThrough(ctx, snapshot, max(last, v.report.Head)); err != nil {
		return err
	}
	v.passMarks(math.MaxInt64)
	if v.whole {
		if err := v.checkEnd(last); err != nil {
			return err
		}
	}
	return v.compareReadModels(ctx, snapshot)
}

// goThrough reads, links, inspects and folds at the same time.
func (v *verification) goThrough(ctx context.Context, snapshot pgx.Tx, upTo int64) error {
	const ahead = 8 // chunks that may wait to be folded
	total := upTo
	if !v.whole {
		version, err := eventstore.NewLog(v.Pool).Version(ctx, v.Stream)
		if err != nil {
			return err
		}
		if version == 0 {
			return ErrNoStream
		}
		total = int64(version)
	}
	group, ctx := errgroup.WithContext(ctx)
	inspecting := make(chan chan *step, ahead)
	group.Go(func() error {
		defer close(inspecting)
		each := func(records []eventstore.Record) error {
			s, done := v.link(records), make(chan *step, 1)
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
			return eventstore.Scan(ctx, snapshot, 0, upTo, true, each)
		}
		return v.scanStream(ctx, each)
	})
	group.Go(func() error {
		for done := range inspecting {
			if err := v.fold(<-done); err != nil {
				return err
			}
			v.Observe(VerifyProgress{"records", v.records, max(total, v.records)})
		}
		return nil
	})
	return group.Wait()
}

func (v *verification) scanStream(ctx context.Context, each func([]eventstore.Record) error) error {
	const page = 4_096
	log, after := eventstore.NewLog(v.Pool), 0
	for {
		records, err := log.Stream(ctx, v.Stream, after, page)
		if err != nil || len(records) == 0 {
			return err
		}
		after = records[len(records)-1].Version
		beyond := slices.IndexFunc(records, func(r eventstore.Record) bool { return r.Position > v.report.Head })
		if beyond >= 0 {
			records = records[:beyond]
		}
		if len(records) > 0 {
			if err := each(records); err != nil {
				return err
			}
		}
		if beyond >= 0 {
			return nil
		}
	}
}

func (v *verification) planCheckpoints(ctx context.Context, snapshot pgx.Tx) error {
	rows, _ := snapshot.Query(ctx, `select size from audit_checkpoints order by size`)
	sizes, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	v.report.SignaturesChecked = len(v.Keys.trusted) > 0
	if v.against.Size > 0 {
		sizes = append(sizes, v.against.Size)
		slices.Sort(sizes)
	}
	v.sizes = slices.Compact(sizes)
	return nil
}

// compareRoot is called when the log has been gone through up to the size of a checkpoint.
func (v *verification) compareRoot(ctx context.Context, size int64, root eventstore.Hash) error {
	if size == v.against.Size {
		v.report.Checkpoints++
		if root != v.against.Root {
			v.diverge(size, "the checkpoint that was kept elsewhere")
		}
	}
	row, err := v.nextCheckpoint(ctx, size)
	if err != nil {
		return fmt.Errorf("read checkpoint %d: %w", size, err)
	}
	if row == nil { // only the one from elsewhere
		return nil
	}
	v.report.Checkpoints++
	var doubt error
	if len(v.Keys.trusted) > 0 {
		doubt = v.checkpoints.believe(*row)
	}
	switch {
	case doubt != nil:
		v.found(Finding{Check: CheckCheckpoint, Position: v.good + 1, Detail: doubt.Error()})
	case row.Root != root:
		v.diverge(size, fmt.Sprintf("checkpoint %d", size))
	case !v.diverged:
		v.good = size
	}
	return nil
}

func (v *verification) diverge(size int64, name string) {
	if !v.diverged {
		v.found(Finding{Check: CheckCheckpoint, Position: v.good + 1, Detail: fmt.Sprintf(
			"%s was signed over other records: at least one of the positions %d to %d has changed since", name, v.good+1, size)})
	}
	v.diverged = true
}

func (v *verification) nextCheckpoint(ctx context.Context, size int64) (*Checkpoint, error) {
	const page = 500
	for len(v.page) > 0 && v.page[0].Size < size {
		v.page = v.page[1:]
	}
	if len(v.page) == 0 {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		var err error
		if v.page, err = v.checkpoints.List(ctx, size-1, page); err != nil {
			return nil, err
		}
	}
	if len(v.page) == 0 || v.page[0].Size != size {
		return nil, nil
	}
	return &v.page[0], nil
}

// checkEnd looks at what is beyond the last record.
func (v *verification) checkEnd(last int64) error {
	head := v.report.Head
	if v.last < head {
		v.found(missing(v.last+1, head))
	}
	if last > head {
		v.found(Finding{Check: CheckPosition, Position: head + 1,
			Detail: fmt.Sprintf("the log goes on to position %d, and its head says %d", last, head)})
	}
	if n := len(v.sizes); n > 0 && v.sizes[n-1] > v.last {
		v.found(Finding{Check: CheckCheckpoint, Position: v.last + 1, Detail: fmt.Sprintf(
			"a checkpoint was signed over %d records, and the log has %d: some were taken away", v.sizes[n-1], v.last)})
	}
	if !v.treeLost {
		root, err := rootOf(v.tree)
		if err != nil {
			return err
		}
		v.report.Root = root.String()
	}
	return nil
}

// planReadModels notes where in the log the read models are.
func (v *verification) planReadModels(ctx context.Context, snapshot pgx.Tx) error {
	rows, _ := snapshot.Query(ctx, `
		select name, position, 0::bigint
		from projection_checkpoints
		where name = any($1)
		order by name`, projections.Names())
	models, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ReadModelReport])
	if err != nil {
		return err
	}
	v.report.ReadModels = append([]ReadModelReport{}, models...)
	for _, m := range models {
		v.marks = append(v.marks, m.Position)
	}
	slices.Sort(v.marks)
	v.marks = slices.Compact(v.marks)
	return nil
}

// keepStates keeps what the streams have come to at a position.
func (v *verification) keepStates(position int64) {
	states := make(map[uuid.UUID]projections.Stream, len(v.seen))
	for _, p := range v.seen {
		states[p.id] = projections.Stream{
			State: p.replay.State(), Version: p.linkedTo, CreatedAt: p.first, UpdatedAt: p.foldedAt, Unknown: p.abandoned,
		}
	}
	v.states[position] = states
}

func (v *verification) compareReadModels(ctx context.Context, snapshot pgx.Tx) error {
	v.Observe(VerifyProgress{"read models", v.records, v.records})
	for i := range v.report.ReadModels {
		m := &v.report.ReadModels[i]
		if m.Position > v.report.Head {
			v.found(Finding{Check: CheckReadModel, Position: v.report.Head + 1,
				Detail: fmt.Sprintf("%s has applied the log up to position %d, and its head says %d", m.Name, m.Position,
					v.report.Head)})
			continue
		}
		var err error
		m.Rows, err = projections.CompareStates(ctx, snapshot, m.Name, v.Stream, v.states[m.Position],
			func(streamID uuid.UUID, detail string) {
				v.found(Finding{Check: CheckReadModel, Position: m.Position, StreamID: streamID,
					Version: v.states[m.Position][streamID].Version, Detail: m.Name + ": " + detail})
			})
		if err != nil {
			return err
		}
	}
	return nil
}
