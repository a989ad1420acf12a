package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/audit"
)

// audited records who asks for an operation before it is answered: a read that can't be recorded is
// refused.
func (a *api) audited(op *huma.Operation) {
	a.textParameters(op)                         // they are part of the record
	a.auditReads.WithLabelValues(op.OperationID) // a counter that starts at 0 shows the first read as a rate
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		u, claims := ctx.URL(), claimsOf(ctx.Context())
		err := a.Audit.Reads.Add(ctx.Context(), audit.Read{
			UserID: claims.UserID, KeyID: claims.KeyID, Operation: op.OperationID, Target: u.RequestURI(),
			RequestID: middleware.RequestID(ctx.Context()),
		})
		a.auditReads.WithLabelValues(op.OperationID).Inc()
		if err != nil {
			a.writeError(ctx, err)
			return
		}
		next(ctx)
	})
}

// newAuditReads makes the counter of what auditors look at, registered where there are metrics.
func newAuditReads(registry prometheus.Registerer) *prometheus.CounterVec {
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "boxoffice", Name: "audit_reads_total", Help: "Requests of auditors.",
	}, []string{"operation"})
	if registry != nil {
		registry.MustRegister(reads)
	}
	return reads
}

type listReadsInput struct {
	After int64 `query:"after" minimum:"0" default:"0" doc:"Only reads with a higher id"`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// ReadList is a page of the reads of the audit.
type ReadList struct {
	Data []AuditRead `json:"data" nullable:"false"`
	Next int64       `json:"next,omitempty" doc:"The value of after for the next page; absent on the last one"`
}

// AuditRead says who has looked at what.
type AuditRead struct {
	ID        int64     `json:"id"`
	Position  int64     `json:"position,omitempty" doc:"Of its record in the log; absent for a read from before reads were records"`
	UserID    uuid.UUID `json:"userId" format:"uuid"`
	KeyID     uuid.UUID `json:"keyId,omitzero" format:"uuid" doc:"The API key that was used; absent: none"`
	Operation string    `json:"operation" example:"auditStream"`
	Target    string    `json:"target" doc:"Path and query"`
	RequestID string    `json:"requestId"`
	At        time.Time `json:"at"`
}

func (a *api) listReads(ctx context.Context, in *listReadsInput) (*struct{ Body ReadList }, error) {
	reads, err := a.Audit.Reads.List(ctx, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	list := ReadList{Data: make([]AuditRead, 0, len(reads))}
	for _, r := range reads {
		list.Data = append(list.Data, AuditRead(r))
	}
	if len(reads) == in.Limit {
		list.Next = reads[in.Limit-1].ID
	}
	return &struct{ Body ReadList }{list}, nil
}

// Verification is one that runs in the background, or has.
type Verification struct {
	ID         uuid.UUID            `json:"id" format:"uuid"`
	State      string               `json:"state" enum:"running,passed,failed,broken" doc:"failed: the report has findings; broken: the verification itself failed"`
	StreamID   *uuid.UUID           `json:"streamId,omitempty" format:"uuid" doc:"The only stream to verify; absent for the whole log"`
	StartedBy  uuid.UUID            `json:"startedBy" format:"uuid"`
	StartedAt  time.Time            `json:"startedAt"`
	FinishedAt *time.Time           `json:"finishedAt,omitempty"`
	Progress   audit.VerifyProgress `json:"progress"`
	Report     *audit.Report        `json:"report,omitempty"`
	Error      string               `json:"error,omitempty"`
}

func verificationOf(r audit.Run) Verification {
	v := Verification{
		ID: r.ID, State: r.State, StartedBy: r.StartedBy, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
		Progress: r.Progress, Report: r.Report, Error: r.Error,
	}
	if r.StreamID != uuid.Nil {
		v.StreamID = &r.StreamID
	}
	return v
}

type startVerificationInput struct {
	Body *struct {
		StreamID uuid.UUID `json:"streamId,omitempty" format:"uuid" doc:"Only this stream"`
	} `required:"false"`
}

type startVerificationOutput struct {
	Location string `header:"Location"`
	Body     Verification
}

func (a *api) startVerification(ctx context.Context, in *startVerificationInput) (*startVerificationOutput, error) {
	var stream uuid.UUID
	if in.Body != nil {
		stream = in.Body.StreamID
	}
	if stream != uuid.Nil {
		if _, err := a.newestVersion(ctx, stream); err != nil {
			return nil, err
		}
	}
	run, err := a.Audit.Runner.Start(ctx, stream, claimsOf(ctx).UserID, a.Now())
	if err != nil {
		return nil, err
	}
	return &startVerificationOutput{"/audit/verifications/" + run.ID.String(), verificationOf(run)}, nil
}

func (a *api) lastVerification(ctx context.Context, _ *struct{}) (*struct{ Body Verification }, error) {
	run, err := a.Audit.Runner.Last(ctx)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Verification }{verificationOf(run)}, nil
}

type showVerificationInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) showVerification(ctx context.Context, in *showVerificationInput) (*struct{ Body Verification }, error) {
	run, err := a.Audit.Runner.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Verification }{verificationOf(run)}, nil
}

type listVerificationsInput struct {
	Before uuid.UUID `query:"before" format:"uuid" doc:"Only verifications that were started before this one"`
	Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"20"`
}

// VerificationList is a part of the list of verifications.
type VerificationList struct {
	Data []Verification `json:"data" nullable:"false" doc:"Newest first"`
	Next *uuid.UUID     `json:"next,omitempty" format:"uuid" doc:"The value of before for the next page; absent on the last one"`
}

func (a *api) listVerifications(
	ctx context.Context, in *listVerificationsInput,
) (*struct{ Body VerificationList }, error) {
	runs, err := a.Audit.Runner.List(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	list := VerificationList{Data: make([]Verification, 0, len(runs))}
	for _, r := range runs {
		list.Data = append(list.Data, verificationOf(r))
	}
	if len(runs) == in.Limit {
		list.Next = &runs[in.Limit-1].ID
	}
	return &struct{ Body VerificationList }{list}, nil
}

type listCheckpointsInput struct {
	After int64 `query:"after" minimum:"0" default:"0" doc:"Only checkpoints that cover more records"`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// CheckpointList is a part of the list of checkpoints.
type CheckpointList struct {
	Data      []SignedCheckpoint `json:"data" nullable:"false"`
	PublicKey string             `json:"publicKey" doc:"The key that this process signs with; empty when it does not sign"`
	Next      int64              `json:"next,omitempty" doc:"The value of after for the next page; absent on the last one"`
}

// SignedCheckpoint says what the log was at some time.
type SignedCheckpoint struct {
	Size int64     `json:"size" doc:"Records that it covers"`
	Root string    `json:"root" doc:"Root of the Merkle tree over them (RFC 6962), in hexadecimal"`
	Note string    `json:"note" doc:"The same, signed: a note as in C2SP's tlog-checkpoint"`
	At   time.Time `json:"at" doc:"When it was written; not signed"`
}

func (a *api) listCheckpoints(ctx context.Context, in *listCheckpointsInput) (*struct{ Body CheckpointList }, error) {
	checkpoints, err := a.Audit.Checkpoints.List(ctx, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	list := CheckpointList{
		Data: make([]SignedCheckpoint, 0, len(checkpoints)), PublicKey: a.Audit.Checkpoints.Keys().Public(),
	}
	for _, c := range checkpoints {
		list.Data = append(list.Data, SignedCheckpoint{c.Size, c.Root.String(), c.Note, c.At})
	}
	if len(checkpoints) == in.Limit {
		list.Next = checkpoints[in.Limit-1].Size
	}
	return &struct{ Body CheckpointList }{list}, nil
}

// Receipt proves that a record is in the log, to anyone with the public key.
type Receipt struct {
	Record     ProvenRecord `json:"record"`
	LeafHash   string       `json:"leafHash" doc:"Hash of the record's leaf in the Merkle tree, in hexadecimal"`
	TreeSize   int64        `json:"treeSize" doc:"Records that the checkpoint covers"`
	Path       []string     `json:"path" nullable:"false" doc:"Inclusion proof of RFC 6962: hashes from the leaf's sibling up, in hexadecimal"`
	Checkpoint string       `json:"checkpoint" doc:"The signed checkpoint: a note as in C2SP's tlog-checkpoint"`
	PublicKey  string       `json:"publicKey,omitempty" doc:"The key that it is signed with. To verify, get the key from another source"`
}

// ProvenRecord is a record with all that its hash is computed from.
type ProvenRecord struct{ audit.Line }

// Schema describes what the line writes itself as.
func (ProvenRecord) Schema(huma.Registry) *huma.Schema {
	text, number := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
	stored := rawJSON{}.Schema(nil)
	base64 := &huma.Schema{
		Type: huma.TypeString, ContentEncoding: "base64",
		Description: "Instead of the other, when the stored bytes would not survive as JSON in JSON",
	}
	return &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"position": number, "streamId": text, "version": number, "type": text, "schemaVersion": number,
		"recordedAt": {Type: huma.TypeString, Format: "date-time"},
		"data":       stored, "dataBase64": base64, "metadata": stored, "metadataBase64": base64,
		"previousHash": text, "hash": text,
	}, Required: []string{
		"position", "streamId", "version", "type", "schemaVersion", "recordedAt", "previousHash", "hash",
	}}
}

// prove makes the receipt of a record. If no checkpoint covers the record yet, it signs one first.
func (a *api) prove(ctx context.Context, position int64) (Receipt, error) {
	err := a.Audit.Checkpoints.Cover(ctx, position)
	if err != nil && !errors.Is(err, audit.ErrNoCheckpoint) {
		return Receipt{}, err
	}
	r, err := a.Audit.Checkpoints.Prove(ctx, position)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ProvenRecord{r.Record}, r.LeafHash, r.TreeSize, r.Path, r.Checkpoint, r.PublicKey}, nil
}

type proveRecordInput struct {
	Position int64 `path:"position" minimum:"1"`
}

func (a *api) proveRecord(ctx context.Context, in *proveRecordInput) (*struct{ Body Receipt }, error) {
	if head, err := eventstore.NewLog(a.Audit.Log).Head(ctx); err != nil || in.Position > head {
		return nil, errors.Join(err, audit.ErrNoRecord)
	}
	receipt, err := a.prove(ctx, in.Position)
	return &struct{ Body Receipt }{receipt}, err
}

type exportInput struct {
	Format string    `query:"format" enum:"jsonl,cloudevents" default:"jsonl"`
	Stream uuid.UUID `query:"stream" format:"uuid"`
	After  int64     `query:"after" minimum:"0" default:"0" doc:"Only records at a higher position"`
	UpTo   int64     `query:"upTo" minimum:"0" default:"0" doc:"The last position; 0: the end of the log"`
	Since  time.Time `query:"since" doc:"Only records from this time on"`
	Until  time.Time `query:"until" doc:"Only records before this time"`
}

// readsWithin bounds how long a client may take to accept one part of a streamed answer.
const readsWithin = time.Minute

type patientWriter struct {
	body io.Writer
	w    http.ResponseWriter
}

func (p patientWriter) Write(part []byte) (int, error) {
	_ = http.NewResponseController(p.w).SetWriteDeadline(time.Now().Add(readsWithin)) // a server without deadlines refuses
	return p.body.Write(part)
}

// exportRecords streams a file of any length. After an error it ends without the last chunk, by which
// clients notice that it is incomplete.
func (a *api) exportRecords(_ context.Context, in *exportInput) (*huma.StreamResponse, error) {
	selection := audit.Selection{Stream: in.Stream, After: in.After, UpTo: in.UpTo, Since: in.Since, Until: in.Until}
	mediaType, extension := "application/jsonl", "jsonl"
	if in.Format == string(audit.CloudEvents) {
		mediaType, extension = "application/cloudevents+jsonl", "cloudevents.jsonl"
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humachi.Unwrap(ctx)
		ctx.SetHeader("Content-Type", mediaType)
		ctx.SetHeader("Content-Disposition",
			fmt.Sprintf(`attachment; filename="boxoffice-%s.%s"`, a.Now().UTC().Format("20060102T150405Z"), extension))
		to := patientWriter{ctx.BodyWriter(), w}
		if _, err := audit.Export(ctx.Context(), a.Audit.Log, selection, audit.Format(in.Format), to); err != nil {
			_ = problemOf(ctx.Context(), a.Logger, err) // logs it
			panic(http.ErrAbortHandler)
		}
	}}, nil
}
