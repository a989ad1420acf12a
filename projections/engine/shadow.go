package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// shadow is the table that a read model is rebuilt in, beside the one in use. It has a row in the
// table of checkpoints and everything else that a projection has, under its own name.
type shadow struct {
	pool    *pgxpool.Pool
	live    string // the table in use
	suffix  string
	name    string // live and suffix
	indexes []index
	maxRows int // that may be kept in memory while it is filled
}

// index is one of the table in use, and the shadow's too, under a name that ends in the suffix
// until the swap.
type index struct {
	Name    string
	Kind    string // what to create: index, or unique index
	Using   string // the rest of the definition
	Primary bool
}

// newShadow makes an empty table of the shape of the one in use, with its options and grants, and
// without its indexes. What an earlier rebuild left behind when it was killed is dropped; no other
// one may be running.
func newShadow(ctx context.Context, pool *pgxpool.Pool, live string) (*shadow, error) {
	suffix := fmt.Sprintf("_rebuild_%d", time.Now().UnixMilli())
	s := &shadow{pool: pool, live: live, suffix: suffix, name: live + suffix, maxRows: maxRows}
	if err := s.dropOld(ctx); err != nil {
		return nil, fmt.Errorf("drop what an earlier rebuild left: %w", err)
	}
	rows, _ := pool.Query(ctx, `
		select c.relname, case when i.indisunique then 'unique index' else 'index' end,
			substring(pg_get_indexdef(i.indexrelid) from ' USING .*$'), i.indisprimary
		from pg_index i
		join pg_class c on c.oid = i.indexrelid
		where i.indrelid = $1::regclass
		order by i.indisprimary desc, c.relname`, live)
	var err error
	if s.indexes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[index]); err != nil {
		return nil, fmt.Errorf("read the indexes of %s: %w", live, err)
	}
	if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return s.create(ctx, tx) }); err != nil {
		return nil, fmt.Errorf("make %s: %w", s.name, err)
	}
	return s, nil
}

func (s *shadow) dropOld(ctx context.Context) error {
	pattern := `^` + s.live + `_rebuild_[0-9]+$`
	rows, _ := s.pool.Query(ctx, `
		select relname from pg_class where relkind = 'r' and relname ~ $1 and pg_table_is_visible(oid)
		union
		select name from projection_checkpoints where name ~ $1`, pattern)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := dropShadow(ctx, s.pool, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *shadow) drop(ctx context.Context) error { return dropShadow(ctx, s.pool, s.name) }

func dropShadow(ctx context.Context, pool *pgxpool.Pool, name string) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `drop table if exists `+name); err != nil {
			return err
		}
		return forget(ctx, tx, name)
	})
}

// forget deletes what is kept about the projection called name.
func forget(ctx context.Context, tx pgx.Tx, name string) error {
	b := &pgx.Batch{}
	b.Queue(`delete from projection_checkpoints where name = $1`, name)
	b.Queue(`delete from parked_records where projection = $1`, name)
	b.Queue(`delete from applied_ranges where projection = $1`, name)
	return tx.SendBatch(ctx, b).Close()
}

func (s *shadow) create(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, `
		select format('create table %1$s (like %2$s including all excluding indexes)', $2::text, $1::text)
		union all
		select format('alter table %s set (%s)', $2::text, array_to_string(reloptions, ', '))
		from pg_class
		where oid = $1::text::regclass and reloptions is not null
		union all
		select format('grant %s on %s to %s', a.privilege_type, $2::text,
			case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
		from pg_class c, aclexplode(c.relacl) a
		where c.oid = $1::text::regclass and a.grantee <> c.relowner`, s.live, s.name)
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, strings.Join(statements, ";\n"))
	return err
}

// empty starts over.
func (s *shadow) empty(ctx context.Context) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `truncate `+s.name); err != nil {
			return err
		}
		return forget(ctx, tx, s.name)
	})
}

// createKey makes the index of the primary key, unless it is there.
func (s *shadow) createKey(ctx context.Context, tx pgx.Tx) error {
	return s.createIndex(ctx, tx, s.indexes[0])
}

func (s *shadow) createIndex(ctx context.Context, tx pgx.Tx, i index) error {
	var made bool
	if err := tx.QueryRow(ctx, `select to_regclass($1) is not null`, i.Name+s.suffix).Scan(&made); err != nil || made {
		return err
	}
	sql := fmt.Sprintf(`set local maintenance_work_mem = '256MB'; create %s %s on %s %s`,
		i.Kind, i.Name+s.suffix, s.name, i.Using)
	if i.Primary {
		sql += fmt.Sprintf(`; alter table %s add constraint %s primary key using index %[2]s`, s.name, i.Name+s.suffix)
	}
	_, err := tx.Exec(ctx, sql)
	return err
}

// createIndexes makes those that are missing, two at a time, and the statistics. Rows that no
// transaction can see differently are marked as such, without which no scan stays within an index.
func (s *shadow) createIndexes(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for _, i := range s.indexes {
		group.Go(func() error {
			return pgx.BeginFunc(groupCtx, s.pool, func(tx pgx.Tx) error { return s.createIndex(groupCtx, tx, i) })
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("create the indexes: %w", err)
	}
	if _, err := s.pool.Exec(ctx, `vacuum (analyze) `+s.name); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}

// replace puts the shadow in the place of the table in use. Statements that were prepared for it
// are planned anew by PostgreSQL.
func (s *shadow) replace(ctx context.Context, tx pgx.Tx) error {
	sql := []string{`drop table ` + s.live, `alter table ` + s.name + ` rename to ` + s.live}
	for _, i := range s.indexes {
		sql = append(sql, `alter index `+i.Name+s.suffix+` rename to `+i.Name)
	}
	if _, err := tx.Exec(ctx, strings.Join(sql, "; ")); err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`delete from parked_records where projection = $1`, s.live)
	b.Queue(`delete from applied_ranges where projection = $1`, s.live)
	b.Queue(`update parked_records set projection = $1 where projection = $2`, s.live, s.name)
	b.Queue(`update applied_ranges set projection = $1 where projection = $2`, s.live, s.name)
	b.Queue(`delete from projection_checkpoints where name = $1`, s.name)
	b.Queue(nextListingSQL, s.live)
	return tx.SendBatch(ctx, b).Close()
}
