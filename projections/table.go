package projections

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
)

// Projection turns records of the log into rows of a read model, a table with the projection's name.
type Projection interface {
	// Name is the identity of the projection in the database. It is never reused for another shape of rows: a new shape gets a new
	// name (events_v2) and a table of its own, and is built beside the old one.
	Name() string
	// apply writes what the records of the page change, and commits it. They come in the order of the log, each exactly once in
	// effect. Rows, and what was applied, go to the read model called name, which is the projection's own or one that is being
	// rebuilt. Only the holder of the lease writes to it, so what is read before the transaction holds in it: else it can't commit.
	apply(ctx context.Context, p *page, name string) error
	// newLoad fills an empty read model in bulk.
	newLoad(s *shadow) load
}

// table is a projection in which every record changes at most one row. A page costs a query for the rows that it changes and a
// statement that writes them back, however many records it has.
type table[Row any] struct {
	name    string
	columns []column // the first is the key, a uuid
	// row names the row that a fact changes; ok is false when it changes none, and fresh is true when the fact makes the row.
	row func(*fact) (key uuid.UUID, fresh, ok bool)
	// reduce changes the row as the fact says. It is the same for live pages and for a rebuild.
	reduce func(*Row, *fact)
	// fields are pointers to what the columns hold, in their order.
	fields func(*Row) []any
	// relists tells whether a fact adds or renames a row, so that totals that were counted before don't hold any more.
	relists func(domain.Record) bool
}

type column struct{ name, sqlType string }

// travels is the type in which values are sent: one that everything a field can hold fits in. It is PostgreSQL that has to refuse a
// number, because an argument that can't be sent costs the connection.
func (c column) travels() string {
	if c.sqlType == "int" {
		return "bigint"
	}
	return c.sqlType
}

func (t *table[Row]) Name() string { return t.name }

func (t *table[Row]) apply(ctx context.Context, p *page, name string) error {
	facts, err := factsOf(p.records)
	if err != nil {
		return err
	}
	rows := t.newRowSet()
	if err := rows.fetch(ctx, p.conn, name, rows.missing(facts)); err != nil {
		return err
	}
	relisted := rows.reduce(facts)
	b := p.begin()
	if changed := append(rows.made, rows.fetched...); len(changed) > 0 {
		b.Queue(t.saveSQL(name), t.arrays(changed)...)
	}
	applied := tally{}
	applied.add(facts)
	applied.queue(b, name)
	if relisted {
		b.Queue(`update projection_checkpoints set listing = listing + 1 where name = $1`, name)
	}
	if err := p.commit(ctx, b); err != nil {
		return fmt.Errorf("save rows: %w", err)
	}
	return nil
}

// rowSet holds the rows that facts change.
type rowSet[Row any] struct {
	table         *table[Row]
	byKey         map[uuid.UUID]*Row
	made, fetched []*Row // by the facts, and from the database; in the order in which they came
	arena         []Row
}

func (t *table[Row]) newRowSet() *rowSet[Row] {
	return &rowSet[Row]{table: t, byKey: make(map[uuid.UUID]*Row)}
}

// arenaSize is how many rows are allocated together at most: as many as there are already. Millions of small objects would keep the
// garbage collector busy, and so would room for hundreds of rows where one booking changes two.
const arenaSize = 256

func (s *rowSet[Row]) add(key uuid.UUID) *Row {
	if len(s.arena) == 0 {
		s.arena = make([]Row, min(max(1, len(s.byKey)), arenaSize))
	}
	row := &s.arena[0]
	s.arena = s.arena[1:]
	s.byKey[key] = row
	return row
}

// missing makes room for the rows that the facts make, and names those that must be there already.
func (s *rowSet[Row]) missing(facts []fact) (keys [][16]byte) {
	asked := make(map[uuid.UUID]bool)
	for i := range facts {
		key, fresh, ok := s.table.row(&facts[i])
		if !ok || s.byKey[key] != nil || asked[key] {
			continue
		}
		if fresh {
			s.made = append(s.made, s.add(key))
		} else {
			asked[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// fetch reads rows of the read model called name.
func (s *rowSet[Row]) fetch(ctx context.Context, from querier, name string, keys [][16]byte) error {
	if len(keys) == 0 {
		return nil
	}
	rows, _ := from.Query(ctx, `select `+columnList(s.table.columns, "")+` from `+name+` where id = any($1)`, keys)
	fetched, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Row, error) {
		var r Row
		fields := s.table.fields(&r)
		if err := row.Scan(fields...); err != nil {
			return nil, err
		}
		utc(fields)
		kept := s.add(*fields[0].(*uuid.UUID))
		*kept = r
		return kept, nil
	})
	if err != nil {
		return fmt.Errorf("load rows: %w", err)
	}
	s.fetched = append(s.fetched, fetched...)
	for _, key := range keys {
		if s.byKey[key] == nil {
			return fmt.Errorf("%s has no row %s", name, uuid.UUID(key))
		}
	}
	return nil
}

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (s *rowSet[Row]) reduce(facts []fact) (relisted bool) {
	for i := range facts {
		if key, _, ok := s.table.row(&facts[i]); ok {
			s.table.reduce(s.byKey[key], &facts[i])
			relisted = relisted || s.table.relists != nil && s.table.relists(facts[i].Value)
		}
	}
	return relisted
}

// saveSQL writes rows that travel as one array for each column.
func (t *table[Row]) saveSQL(name string) string {
	var arrays, sets []string
	for i, c := range t.columns {
		arrays = append(arrays, "$"+strconv.Itoa(i+1)+"::"+c.travels()+"[]")
		sets = append(sets, c.name+" = excluded."+c.name)
	}
	return `
		insert into ` + name + ` (` + columnList(t.columns, "") + `)
		select * from unnest(` + strings.Join(arrays, ", ") + `)
		on conflict (id) do update set ` + strings.Join(sets[1:], ", ")
}

func (t *table[Row]) arrays(rows []*Row) []any {
	columns := make([][]any, len(t.columns))
	for i := range columns {
		columns[i] = make([]any, len(rows))
	}
	for n, row := range rows {
		for i, field := range t.fields(row) {
			columns[i][n] = value(field)
		}
	}
	arrays := make([]any, len(columns))
	for i := range columns {
		arrays[i] = columns[i]
	}
	return arrays
}

// value is what a field holds, in a type that pgx encodes without going through reflection or text, which is many times as fast.
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
	case *time.Time:
		return *f
	case **time.Time:
		return *f
	}
	panic(fmt.Sprintf("projections: no column can hold a %T", field))
}

// utc brings times that were read to the location that they had when they were written.
func utc(fields []any) {
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
}

// columnList names columns, each with a prefix such as the alias of a table.
func columnList(columns []column, prefix string) string {
	return prefix + strings.Join(columnNames(columns), ", "+prefix)
}

func columnNames(columns []column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}
