package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/audit"
)

type listStreamsInput struct {
	Search string `query:"search" maxLength:"200" doc:"A part of the title, or the beginning of the id"`
	After  int64  `query:"after" minimum:"0" default:"0" doc:"Only streams that began after this position"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// StreamList is a part of the list of streams.
type StreamList struct {
	Data  []StreamItem `json:"data" nullable:"false" doc:"In the order in which they began"`
	Total int64        `json:"total" doc:"Streams that the search finds, on all pages"`
	Next  int64        `json:"next,omitempty" doc:"The value of after for the next page; absent on the last one"`
}

// StreamItem is a stream in a list. Title, status, capacity and remaining come from the read model.
type StreamItem struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	Position  int64     `json:"position" doc:"Of its first record"`
	Records   int       `json:"records"`
	Title     string    `json:"title"`
	Status    string    `json:"status"`
	Capacity  int       `json:"capacity"`
	Remaining int       `json:"remaining"`
	FirstAt   time.Time `json:"firstAt"`
	LastAt    time.Time `json:"lastAt"`
}

func (a *api) listStreams(ctx context.Context, in *listStreamsInput) (*struct{ Body StreamList }, error) {
	streams, err := a.Audit.History.Streams(ctx, in.Search, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	list := StreamList{Data: make([]StreamItem, 0, len(streams))}
	for _, s := range streams {
		list.Data = append(list.Data, StreamItem(s))
	}
	if len(streams) == in.Limit {
		list.Next = streams[in.Limit-1].Position
	}
	list.Total, err = a.Audit.History.CountStreams(ctx, in.Search)
	return &struct{ Body StreamList }{list}, err
}

type listRecordsInput struct {
	After  int64     `query:"after" minimum:"0" default:"0" doc:"Only records at a higher position"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Type   string    `query:"type" maxLength:"100" example:"TicketBooked"`
	Actor  uuid.UUID `query:"actor" format:"uuid" doc:"The user who sent the command"`
	Stream uuid.UUID `query:"stream" format:"uuid"`
}

// RecordList is a part of the log.
type RecordList struct {
	Records []LogRecord `json:"records" nullable:"false"`
	Head    int64       `json:"head" doc:"Position of the newest record"`
	Next    int64       `json:"next,omitempty" doc:"The value of after for the next page; absent at the end of the log. A page with few records or none can have a next page: one request reads a bounded part of the log"`
}

// LogRecord is a record, its stream, and the hash before it.
type LogRecord struct {
	StreamID uuid.UUID `json:"streamId" format:"uuid"`
	Record
	PreviousHash string `json:"previousHash" doc:"Of the record before it in its stream; zeros for the first"`
}

func (a *api) listRecords(ctx context.Context, in *listRecordsInput) (*struct{ Body RecordList }, error) {
	filter := audit.Filter{Type: in.Type, Actor: in.Actor, Stream: in.Stream}
	lines, next, err := a.Audit.History.Records(ctx, filter, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	list := RecordList{Records: make([]LogRecord, 0, len(lines)), Next: next}
	for _, l := range lines {
		list.Records = append(list.Records, LogRecord{l.StreamID, recordOf(l.Record), l.PreviousHash.String()})
	}
	list.Head, err = a.Log.Head(ctx)
	return &struct{ Body RecordList }{list}, err
}
