package engine_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// The streams of these tests are baskets: one is opened with a label, and items go in and out.
const (
	typeOpened  = "Opened"
	typeAdded   = "Added"
	typeRemoved = "Removed"
)

type change struct {
	kind  string
	Label string    `json:"label,omitempty"`
	Item  uuid.UUID `json:"item,omitzero"`
	Size  int       `json:"size,omitempty"`
}

func decode(recordType string, schemaVersion int16, data []byte) (c change, err error) {
	switch recordType {
	case typeOpened, typeAdded, typeRemoved:
		c.kind = recordType
		return c, json.Unmarshal(data, &c)
	}
	return c, &unknownKindError{recordType, schemaVersion}
}

type unknownKindError struct {
	recordType    string
	schemaVersion int16
}

func (e *unknownKindError) Error() string { return fmt.Sprint(e.recordType, " is not known") }
func (*unknownKindError) UnknownRecord()  {}

type basket struct {
	ID    uuid.UUID
	Label string
	Items int
	Last  time.Time
}

// basketsTable has a row for each stream.
func basketsTable() *engine.Table[basket, change] { return basketsNamed("baskets", func(*basket) {}) }

// basketsNamed calls check after each change of a row.
func basketsNamed(name string, check func(*basket)) *engine.Table[basket, change] {
	return &engine.Table[basket, change]{
		ReadModel: name,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"}, {Name: "label", SQLType: "text"},
			{Name: "items", SQLType: "int"}, {Name: "last", SQLType: "timestamptz"},
		},
		Fields: func(b *basket) []any { return []any{&b.ID, &b.Label, &b.Items, &b.Last} },
		Decode: decode,
		Key: func(r *engine.Record[change]) (key uuid.UUID, creates, ok bool) {
			return r.StreamID, r.Value.kind == typeOpened, true
		},
		Reduce: func(b *basket, r *engine.Record[change]) {
			switch r.Value.kind {
			case typeOpened:
				*b = basket{ID: r.StreamID, Label: r.Value.Label}
			case typeAdded:
				b.Items++
			case typeRemoved:
				b.Items--
			}
			check(b)
			b.Last = r.RecordedAt
		},
	}
}

type item struct {
	ID      uuid.UUID
	Basket  uuid.UUID
	Size    int
	Removed *time.Time
	Version int
}

// itemsTable has a row for each item, so not every record changes one.
func itemsTable() *engine.Table[item, change] {
	return &engine.Table[item, change]{
		ReadModel: "items",
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"}, {Name: "basket", SQLType: "uuid"}, {Name: "size", SQLType: "int"},
			{Name: "removed", SQLType: "timestamptz"}, {Name: "version", SQLType: "int"},
		},
		Fields: func(i *item) []any { return []any{&i.ID, &i.Basket, &i.Size, &i.Removed, &i.Version} },
		Decode: decode,
		Key: func(r *engine.Record[change]) (key uuid.UUID, creates, ok bool) {
			return r.Value.Item, r.Value.kind == typeAdded, r.Value.kind != typeOpened
		},
		Reduce: func(i *item, r *engine.Record[change]) {
			if r.Value.kind == typeAdded {
				*i = item{ID: r.Value.Item, Basket: r.StreamID, Size: r.Value.Size}
			} else {
				at := r.RecordedAt
				i.Removed = &at
			}
			i.Version = r.Version
		},
	}
}

func all() []engine.Projection { return []engine.Projection{basketsTable(), itemsTable()} }

func names() []string { return []string{"baskets", "items"} }

const schema = `
	create table baskets (id uuid primary key, label text not null, items int not null, last timestamptz not null);
	create index on baskets (label, id);
	create table items (
		id uuid primary key, basket uuid not null, size int not null, removed timestamptz, version int not null)`
