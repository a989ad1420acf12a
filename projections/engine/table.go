package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Table is a projection in which every record changes at most one row. A page costs a query for the
// rows that it changes and a statement that writes them back, however many records it has. Row is
// the Go type of a row, V that of decoded data.
type Table[Row, V any] struct {
	ReadModel string   // the name of the table and of the projection
	Columns   []Column // the first is the key, "id" of type uuid
	// Fields returns pointers to what the columns hold, in the order of Columns.
	Fields func(*Row) []any
	Decode Decode[V]
	// Key names the row that a record changes. The result ok is false if it changes none, and
	// creates is true if the record makes the row.
	Key func(*Record[V]) (key uuid.UUID, creates, ok bool)
	// Reduce changes the row as the record says. Live pages and rebuilds use the same function.
	Reduce func(*Row, *Record[V])
	// Refresh, when set, completes rows that a program of an older version has written, which does not
	// know all columns. It is called when this process begins to apply records, and runs beside.
	Refresh func(context.Context, *pgxpool.Pool) error
	// InvalidatesCount tells whether a record adds or renames a row. The column listing of the
	// checkpoint grows with such pages, so that counts of rows can be cached. Nil: no record does.
	InvalidatesCount func(V) bool
	// Applied, when set, is called after the commits of pages, in the order of the log, while the
	// projection keeps up. There are gaps where it does not. It must not block.
	Applied func(Applied[Row, V])
}

// Applied is what a page has changed. Records are only lent for the call.
type Applied[Row, V any] struct {
	From, To int64
	Hash     eventstore.Hash // of the last record
	Rows     []Changed[Row]
	Records  []Record[V]
}

// Changed is a row as a page has left it, with the positions of the first and the last record that
// changed it.
type Changed[Row any] struct {
	Row         Row
	First, Last int64
}

// Column is a column of a read model.
type Column struct{ Name, SQLType string }

// parameterType is the type in which values are sent. Every value of the field fits in it:
// PostgreSQL has to refuse a number that is too large, because an argument that pgx can't encode
// costs the connection.
func (c Column) parameterType() string {
	if c.SQLType == "int" {
		return "bigint"
	}
	return c.SQLType
}

// Name implements [Projection].
func (t *Table[Row, V]) Name() string { return t.ReadModel }

func (t *Table[Row, V]) refresh(ctx context.Context, pool *pgxpool.Pool) error {
	if t.Refresh == nil {
		return nil
	}
	return t.Refresh(ctx, pool)
}

// ColumnList names the columns for a select, each with a prefix such as the alias of a table and a
// dot.
func (t *Table[Row, V]) ColumnList(prefix string) string {
	return prefix + strings.Join(t.columnNames(), ", "+prefix)
}

func (t *Table[Row, V]) columnNames() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Differences describes each column in which got is not what it should be.
func (t *Table[Row, V]) Differences(got, want *Row) string {
	var different []string
	wants := t.Fields(want)
	for i, field := range t.Fields(got) {
		if g, w := shown(field), shown(wants[i]); g != w {
			different = append(different, fmt.Sprintf("%s is %v and should be %v", t.Columns[i].Name, g, w))
		}
	}
	return strings.Join(different, "; ")
}

func (t *Table[Row, V]) apply(ctx context.Context, p *page, name string) error {
	records, err := t.Decode.all(p.records)
	if err != nil {
		return err
	}
	rows := t.newRowSet()
	if err := rows.fetch(ctx, p.conn, name, rows.recall(p.rows, rows.missing(records))); err != nil {
		return err
	}
	rows.keepBefore()
	countChanges := rows.reduce(records)
	b := &pgx.Batch{}
	t.queueSave(b, name, rows)
	p.committed = append(p.committed, func() {
		rows.remember(p.rows)
		t.tell(p, rows, records)
	})
	applied := appliedRanges{}
	for i := range records {
		applied.add(records[i].Position, records[i].hash)
	}
	if p.isPart {
		for first, s := range applied {
			p.sums = append(p.sums, sum{name, first, s})
		}
	} else {
		applied.queue(b, name)
	}
	if countChanges {
		b.Queue(nextListingSQL, name)
	}
	if err := p.write(ctx, b); err != nil {
		return fmt.Errorf("save rows: %w", err)
	}
	return nil
}

// nextListingSQL goes by the clock, so that no value comes again after a restore.
const nextListingSQL = `
	update projection_checkpoints
	set listing = greatest(listing + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
	where name = $1`

// tell calls Applied with what a page of few records has changed.
func (t *Table[Row, V]) tell(p *page, rows *rowSet[Row, V], records []Record[V]) {
	if t.Applied == nil || p.rows == nil || p.lastHash == (eventstore.Hash{}) || len(records) > cachedRows {
		return
	}
	at, changed := map[uuid.UUID]int{}, []Changed[Row](nil)
	for i := range records {
		key, _, ok := t.Key(&records[i])
		if !ok {
			continue
		}
		n, isThere := at[key]
		if !isThere {
			n = len(changed)
			at[key] = n
			changed = append(changed, Changed[Row]{Row: *rows.byKey[key], First: records[i].Position})
		}
		changed[n].Last = records[i].Position
	}
	t.Applied(Applied[Row, V]{p.From, p.To, p.lastHash, changed, records})
}

// fewRows is how many rows are saved with a statement for each. PostgreSQL takes three times as long
// for a row that comes in arrays, and many rows in arrays are quicker than many statements.
const fewRows = 4

// queueSave inserts or updates rows.
func (t *Table[Row, V]) queueSave(b *pgx.Batch, name string, rows *rowSet[Row, V]) {
	if changed := append(rows.created, rows.fetched...); len(changed) > fewRows {
		b.Queue(t.saveSQL(name), t.arrays(changed)...)
		return
	}
	for _, row := range rows.created {
		fields := t.Fields(row)
		for i := range fields {
			fields[i] = value(fields[i])
		}
		b.Queue(t.saveOneSQL(name), fields...)
	}
	for i, row := range rows.fetched {
		t.queueUpdate(b, name, &rows.before[i], row)
	}
}

// queueUpdate updates the columns of a row that have changed: most of a wide row has not.
func (t *Table[Row, V]) queueUpdate(b *pgx.Batch, name string, before, row *Row) {
	was, is := t.Fields(before), t.Fields(row)
	s := statement{}
	s.add(`update ` + name + ` set `)
	for i, c := range t.Columns {
		if same(was[i], is[i]) {
			continue
		}
		if len(s.args) > 0 {
			s.add(`, `)
		}
		s.add(c.Name + ` = ` + s.parameter(value(is[i])) + `::` + c.parameterType())
	}
	if len(s.args) == 0 {
		return
	}
	s.add(` where id = ` + s.parameter(value(is[0])))
	b.Queue(s.sql.String(), s.args...)
}

// saveSQL inserts or updates rows. Each column is one parameter, an array.
func (t *Table[Row, V]) saveSQL(name string) string {
	return t.upsertSQL(name, "select * from unnest(", "[]", ")")
}

// saveOneSQL is the same for one row. Each column is one parameter.
func (t *Table[Row, V]) saveOneSQL(name string) string {
	return t.upsertSQL(name, "values (", "", ")")
}

func (t *Table[Row, V]) upsertSQL(name, before, ofType, after string) string {
	var parameters, sets []string
	for i, c := range t.Columns {
		parameters = append(parameters, "$"+strconv.Itoa(i+1)+"::"+c.parameterType()+ofType)
		sets = append(sets, c.Name+" = excluded."+c.Name)
	}
	return `
		insert into ` + name + ` (` + t.ColumnList("") + `)
		` + before + strings.Join(parameters, ", ") + after + `
		on conflict (id) do update set ` + strings.Join(sets[1:], ", ")
}

func (t *Table[Row, V]) arrays(rows []*Row) []any {
	columns := make([][]any, len(t.Columns))
	for i := range columns {
		columns[i] = make([]any, len(rows))
	}
	for n, row := range rows {
		for i, field := range t.Fields(row) {
			columns[i][n] = value(field)
		}
	}
	arrays := make([]any, len(columns))
	for i := range columns {
		arrays[i] = columns[i]
	}
	return arrays
}

// value returns what a field holds, in a type that pgx encodes without reflection or text, which is
// many times as fast.
func value(field any) any {
	switch f := field.(type) {
	case *uuid.UUID:
		return [16]byte(*f)
	case *string:
		return *f
	case *int:
		return *f
	case *int64:
		return *f
	case *bool:
		return *f
	case *time.Time:
		return *f
	case **time.Time:
		return *f
	case driver.Valuer:
		v, err := f.Value()
		if err != nil {
			panic(fmt.Sprintf("engine: value of a %T: %v", field, err))
		}
		return v
	}
	panic(fmt.Sprintf("engine: no column can hold a %T", field))
}

// same tells whether two fields hold the same.
func same(a, b any) bool {
	switch a := a.(type) {
	case *string:
		return *a == *b.(*string)
	case *int:
		return *a == *b.(*int)
	case *time.Time:
		return a.Equal(*b.(*time.Time))
	}
	return reflect.DeepEqual(a, b)
}

// shown is what a field holds, in a form that can be compared and printed.
func shown(field any) any {
	if at, ok := field.(**time.Time); ok {
		if *at == nil {
			return nil
		}
		return **at
	}
	return value(field)
}

// Scan reads a row into fields. Times are in UTC, as they were when they were written.
func Scan(row pgx.CollectableRow, fields ...any) error {
	if err := row.Scan(fields...); err != nil {
		return err
	}
	for _, field := range fields {
		switch f := field.(type) {
		case *time.Time:
			*f = f.UTC()
		case **time.Time:
			if *f != nil {
				**f = (**f).UTC()
			}
		}
	}
	return nil
}
