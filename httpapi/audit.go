package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// Audit is what auditors and receipts work with.
type Audit struct {
	Checkpoints *audit.Checkpoints
	History     *audit.History
	Reads       *audit.Reads
	Runner      *audit.Runner
	Log         eventstore.Database // of the primary
}

// auditRoutes are for auditors. Their reads are recorded.
func auditRoutes(a *api) {
	auditors := a.signedIn(account.ScopeAudit, account.Auditor)
	route(a, op("GET /audit/streams", "listStreams", "List the streams of the log", 200, 400),
		a.listStreams, auditors, a.audited, a.readsLog, a.needsDatabase)
	route(a, op("GET /audit/streams/{id}", "auditStream",
		"Show the records of one stream, and its state at a version or time", 200, 400, 404),
		a.auditStream, auditors, a.audited, a.readsLog, a.needsDatabase)
	route(a, op("GET /audit/streams/{id}/diff", "diffStream", "Compare two versions of a stream", 200, 400, 404),
		a.diffStream, auditors, a.audited, a.readsLog, a.needsDatabase)
	route(a, op("GET /audit/streams/{id}/series", "seriesOfStream",
		"Show the activity of a stream over time, for charts", 200, 400, 404),
		a.seriesOfStream, auditors, a.audited, a.readsLog, a.needsDatabase)
	route(a, op("GET /audit/streams/{id}/fairness", "fairnessOfStream",
		"Show who was offered tickets that became free, and check that it was their turn", 200, 400, 404),
		a.fairnessOfStream, auditors, a.audited, a.readsLog, a.needsDatabase)
	route(a, op("GET /audit/records", "listRecords", "List records of the log", 200, 400),
		a.listRecords, auditors, a.audited, a.readsLog, a.needsDatabase)
	route(a, op("GET /audit/records/{position}/proof", "proveRecord", "Prove that a record is in the log", 200, 400, 404),
		a.proveRecord, auditors, a.audited, a.needsDatabase)
	route(a, op("GET /audit/checkpoints", "listCheckpoints", "List the signed checkpoints of the log", 200, 400),
		a.listCheckpoints, auditors, a.audited, a.needsDatabase)
	route(a, op("GET /audit/checkpoints/{size}/consistency", "proveConsistency",
		"Prove that a checkpoint extends an older one", 200, 400, 404),
		a.proveConsistency, auditors, a.audited, a.needsDatabase)
	route(a, op("GET /audit/export", "exportRecords", "Download records, one on each line", 200, 400),
		a.exportRecords, auditors, a.audited, a.needsDatabase)
	route(a, op("POST /audit/verify", "startVerification",
		"Verify the log, or one stream, in the background", 202, 400, 404),
		a.startVerification, auditors, a.audited, a.needsDatabase)
	route(a, op("POST /audit/verifications", "createVerification",
		"Verify the log, or one stream, in the background; one at a time: the one that is running, if there is one",
		202, 400, 404),
		a.startVerification, auditors, a.audited, a.needsDatabase)
	// Reads of verifications are not recorded: they are frequent, because pages poll, and show nothing
	// about people.
	route(a, op("GET /audit/verifications", "listVerifications", "List the verifications", 200, 400),
		a.listVerifications, auditors, a.needsDatabase)
	route(a, op("GET /audit/verifications/{id}", "showVerification",
		"Show one verification: its progress, and its result", 200, 400, 404),
		a.showVerification, auditors, a.needsDatabase)
	route(a, op("GET /audit/verify", "lastVerification", "Show the last verification", 200, 404),
		a.lastVerification, auditors, a.needsDatabase)
	route(a, op("GET /audit/reads", "listReads", "List the reads of the audit", 200, 400),
		a.listReads, auditors, a.audited, a.needsDatabase)
}

// newestVersion returns the version of a stream, or an error if there is no such stream.
func (a *api) newestVersion(ctx context.Context, stream uuid.UUID) (int, error) {
	newest, err := a.Log.Version(ctx, stream)
	if err == nil && newest == 0 {
		err = audit.ErrNoStream
	}
	return newest, err
}

// Record is a record of the log as the API shows it: everything that its hash covers, byte for
// byte.
type Record struct {
	Position      int64     `json:"position" doc:"Place in the whole log"`
	Version       int       `json:"version" doc:"Place in the stream"`
	Type          string    `json:"type" example:"TicketBooked"`
	SchemaVersion int16     `json:"schemaVersion"`
	Data          rawJSON   `json:"data"`
	Metadata      rawJSON   `json:"metadata"`
	RecordedAt    time.Time `json:"recordedAt"`
	Hash          string    `json:"hash" doc:"SHA-256 over the record and the hash before it, in hexadecimal"`
}

// rawJSON passes stored JSON through as it is.
type rawJSON struct{ json.RawMessage }

func (rawJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "As stored"}
}

func recordOf(r eventstore.Record) Record {
	return Record{
		Position: r.Position, Version: r.Version, Type: r.Type, SchemaVersion: r.SchemaVersion,
		Data: rawJSON{r.Data}, Metadata: rawJSON{r.Metadata}, RecordedAt: r.RecordedAt, Hash: r.Hash.String(),
	}
}

type auditStreamInput struct {
	ID    uuid.UUID `path:"id" format:"uuid"`
	At    string    `query:"at" doc:"A version, or a time such as 2026-05-17T19:30:00Z: show the stream at that point" example:"12"`
	After int       `query:"after" minimum:"0" default:"0" doc:"Only records with a higher version"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
}

// StreamPage is a part of the history of one event.
type StreamPage struct {
	StreamID uuid.UUID      `json:"streamId" format:"uuid"`
	Version  int            `json:"version" doc:"Of the newest record of the stream"`
	State    StreamState    `json:"state" doc:"At the requested version or time, otherwise now"`
	Records  []StreamRecord `json:"records" nullable:"false" doc:"Oldest first, up to the version of the state"`
	Next     int            `json:"next,omitempty" doc:"The value of after for the next page; absent on the last one"`
}

// StreamRecord is a record and the state after it.
type StreamRecord struct {
	Record
	State   StateSummary `json:"state" doc:"Of the event right after this record"`
	Problem string       `json:"problem,omitempty" doc:"Why the record can't be read, or which rule it breaks"`
}

func (a *api) auditStream(ctx context.Context, in *auditStreamInput) (*struct{ Body StreamPage }, error) {
	newest, err := a.newestVersion(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	at, err := a.versionAt(ctx, in.ID, in.At, newest)
	if err != nil {
		return nil, err
	}
	page := StreamPage{StreamID: in.ID, Version: newest, Records: []StreamRecord{}, State: streamStateOf(audit.Moment{})}
	if at > 0 {
		m, err := a.Audit.History.At(ctx, in.ID, at)
		if err != nil {
			return nil, err
		}
		page.State = streamStateOf(m)
	}
	last := min(in.After+in.Limit, at)
	if in.After >= last {
		return &struct{ Body StreamPage }{page}, nil
	}
	err = a.Audit.History.Walk(ctx, in.ID, in.After, last, func(m audit.Moment) error {
		page.Records = append(page.Records, StreamRecord{recordOf(m.Record.Record), stateSummaryOf(m.State), m.Problem})
		return nil
	})
	if last < at {
		page.Next = last
	}
	return &struct{ Body StreamPage }{page}, err
}

// versionAt reads a version or a time; without either it is the newest.
func (a *api) versionAt(ctx context.Context, streamID uuid.UUID, text string, newest int) (int, error) {
	if text == "" {
		return newest, nil
	}
	if version, err := strconv.Atoi(text); err == nil && version > 0 {
		return min(version, newest), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, problem.Invalid(problem.FieldProblem{
			Pointer: "at", Detail: "Use a version from 1, or a time such as 2026-05-17T19:30:00Z.",
		})
	}
	return a.Audit.History.VersionAt(ctx, streamID, at)
}

type diffStreamInput struct {
	ID    uuid.UUID `path:"id" format:"uuid"`
	From  int       `query:"from" minimum:"0" required:"true" doc:"A version; 0: before the first record"`
	To    int       `query:"to" minimum:"1" required:"true" doc:"A version"`
	After int       `query:"after" minimum:"0" default:"0" doc:"Only bookings that changed after this version"`
	Limit int       `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"At most so many bookings"`
}

// StreamDiff is the difference between two versions.
type StreamDiff struct {
	From      StreamState      `json:"from"`
	To        StreamState      `json:"to"`
	Booked    []AuditedBooking `json:"booked" nullable:"false" doc:"Bookings that were made in between, in the order in which they were made"`
	Cancelled []AuditedBooking `json:"cancelled" nullable:"false" doc:"Bookings from before that were cancelled in between, in the order of the cancellations"`
	Next      int              `json:"next,omitempty" doc:"The value of after for more bookings; absent on the last page"`
}

// AuditedBooking is a booking as a stream has it.
type AuditedBooking struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	UserID    uuid.UUID `json:"userId" format:"uuid"`
	Cancelled bool      `json:"cancelled"`
}

func (a *api) diffStream(ctx context.Context, in *diffStreamInput) (*struct{ Body StreamDiff }, error) {
	d, err := a.Audit.History.Diff(ctx, in.ID, in.From, in.To)
	if err != nil {
		return nil, err
	}
	diff := StreamDiff{
		From: streamStateOf(d.From), To: streamStateOf(d.To), Booked: []AuditedBooking{}, Cancelled: []AuditedBooking{},
	}
	last := 0
	err = a.Audit.History.EachChange(ctx, &d, in.After, func(c audit.BookingChange) error {
		if len(diff.Booked)+len(diff.Cancelled) == in.Limit {
			diff.Next = last
			return errPageFull
		}
		to := &diff.Cancelled
		if c.Made {
			to = &diff.Booked
		}
		*to = append(*to, AuditedBooking{c.ID, c.CustomerID, c.Cancelled})
		last = c.Version
		return nil
	})
	if errors.Is(err, errPageFull) {
		err = nil
	}
	return &struct{ Body StreamDiff }{diff}, err
}

// errPageFull ends a walk through a stream.
const errPageFull failure = "the page is full"

type seriesInput struct {
	ID    uuid.UUID `path:"id" format:"uuid"`
	From  time.Time `query:"from" doc:"A time; otherwise that of the first record"`
	To    time.Time `query:"to" doc:"A time; otherwise that of the last record"`
	Spans int       `query:"spans" minimum:"1" maximum:"2000" default:"200" doc:"Number of spans of equal length that the time is divided into"`
}

// StreamSeries is a history divided into intervals.
type StreamSeries struct {
	StreamID    uuid.UUID      `json:"streamId" format:"uuid"`
	SpanSeconds float64        `json:"spanSeconds"`
	Spans       []StreamBucket `json:"spans" nullable:"false" doc:"In the order of time; empty spans are left out"`
	Busiest     int            `json:"busiest" doc:"Index of the span with the most bookings; -1 when there is none"`
}

// StreamBucket is what happened in one interval.
type StreamBucket struct {
	At            time.Time `json:"at" doc:"Its beginning"`
	Version       int       `json:"version" doc:"Of its last record"`
	Capacity      int       `json:"capacity" doc:"After it"`
	Remaining     int       `json:"remaining" doc:"After it"`
	Bookings      int       `json:"bookings" doc:"Made in it"`
	Cancellations int       `json:"cancellations" doc:"Made in it"`
}

func (a *api) seriesOfStream(ctx context.Context, in *seriesInput) (*struct{ Body StreamSeries }, error) {
	buckets, span, err := a.Audit.History.Series(ctx, in.ID, in.From, in.To, in.Spans)
	if err != nil {
		return nil, err
	}
	s := StreamSeries{
		StreamID: in.ID, SpanSeconds: span.Seconds(), Spans: make([]StreamBucket, 0, len(buckets)), Busiest: -1,
	}
	for i, b := range buckets {
		s.Spans = append(s.Spans, StreamBucket(b))
		if b.Bookings > 0 && (s.Busiest < 0 || b.Bookings > buckets[s.Busiest].Bookings) {
			s.Busiest = i
		}
	}
	return &struct{ Body StreamSeries }{s}, nil
}
