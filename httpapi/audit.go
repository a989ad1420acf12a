package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Record is a record of the log as the API shows it: everything that its hash covers, byte for byte.
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
	After int       `query:"after" minimum:"0" default:"0" doc:"Only records with a higher version"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
}

// StreamPage is a part of the history of one event.
type StreamPage struct {
	StreamID uuid.UUID `json:"streamId" format:"uuid"`
	Version  int       `json:"version" doc:"Of the newest record of the stream"`
	Records  []Record  `json:"records" nullable:"false"`
}

func (a *api) auditStream(ctx context.Context, in *auditStreamInput) (*struct{ Body StreamPage }, error) {
	version, err := a.Log.Version(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		return nil, newProblem(404, "stream_not_found", "There is no stream with this id")
	}
	records, err := a.Log.Stream(ctx, in.ID, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	page := StreamPage{StreamID: in.ID, Version: version, Records: make([]Record, 0, len(records))}
	for _, r := range records {
		page.Records = append(page.Records, recordOf(r))
	}
	return &struct{ Body StreamPage }{page}, nil
}
