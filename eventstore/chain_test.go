package eventstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
)

func TestALinkIsCheckedAgainstTheRecordBefore(t *testing.T) {
	t.Parallel()
	stream, at := uuid.New(), time.Unix(1_800_000_000, 0).UTC()
	var chain eventstore.Tail
	first := eventstore.Record{StreamID: stream, Version: 1, Type: "First", Data: []byte(`{}`), RecordedAt: at}
	first.Hash = first.Sum(eventstore.Hash{})
	chain.Next(&first)

	for name, test := range map[string]struct {
		change              func(*eventstore.Record)
		version, time, hash bool // whether the check fails
	}{
		"it follows":            {change: func(*eventstore.Record) {}},
		"a version is missing":  {change: func(r *eventstore.Record) { r.Version = 3 }, version: true},
		"a version is repeated": {change: func(r *eventstore.Record) { r.Version = 1 }, version: true},
		"it is older": {change: func(r *eventstore.Record) { r.RecordedAt = at.Add(-time.Second) },
			time: true, hash: true},
		"its data was changed":        {change: func(r *eventstore.Record) { r.Data = []byte(`{"a":1}`) }, hash: true},
		"its hash is of another past": {change: func(r *eventstore.Record) { r.Hash = r.Sum(eventstore.Hash{}) }, hash: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := eventstore.Record{StreamID: stream, Version: 2, Type: "Second", Data: []byte(`{}`), RecordedAt: at}
			r.Hash = r.Sum(first.Hash)
			test.change(&r)
			end := chain
			link := end.Next(&r)
			if err := link.CheckVersion(); (err != nil) != test.version {
				t.Errorf("version: %v", err)
			}
			if err := link.CheckTime(); (err != nil) != test.time {
				t.Errorf("time: %v", err)
			}
			if err := link.CheckHash(); (err != nil) != test.hash {
				t.Errorf("hash: %v", err)
			}
			if end.Version != r.Version || end.Hash != r.Hash || !end.RecordedAt.Equal(r.RecordedAt) {
				t.Errorf("the chain ends at %+v, want %+v", end, r)
			}
		})
	}
}
