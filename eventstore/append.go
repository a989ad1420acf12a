package eventstore

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// appendSQL takes the head row's lock before it inserts, because the insert reads what the update
// returns.
const (
	appendSQL     = appendHeadSQL + appendBaseSQL
	appendBaseSQL = `
	select base from head`
	appendHeadSQL = `
	with head as (
		update log_head set position = position + cardinality($1::uuid[])
		returning position - cardinality($1::uuid[]) as base
	), appended as (
		insert into event_log
			(position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select head.base + r.n, r.stream_id, r.version, r.type, r.schema_version, r.data, r.metadata,
			r.recorded_at, r.hash
		from head, unnest($1::uuid[], $2::int[], $3::text[], $4::smallint[], $5::json[], $6::json[],
				$7::timestamptz[], $8::bytea[])
			with ordinality as r (stream_id, version, type, schema_version, data, metadata, recorded_at, hash, n)
	)`
	// One statement, because nothing may come between an append and its COMMIT. Keys are written
	// under the head row's lock too, as they come from it: otherwise two processes with the same
	// keys in another order could deadlock.
	appendWithKeysSQL = appendHeadSQL + `, kept as (
		insert into idempotency_keys (owner, name, fingerprint, stream_id, version, answer)
		select k.*
		from head, unnest($9::uuid[], $10::text[], $11::bytea[], $12::uuid[], $13::int[], $14::bytea[])
			as k (owner, name, fingerprint, stream_id, version, answer)
	)` + appendBaseSQL
	// appendOneSQL does the same for one record. Arrays cost several times what the insert takes.
	appendOneSQL = `
	with head as (
		update log_head set position = position + 1
		returning position - 1 as base
	), appended as (
		insert into event_log
			(position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select head.base + 1, $1::uuid, $2::int, $3::text, $4::smallint, $5::json, $6::json, $7::timestamptz, $8::bytea
		from head
	)` + appendBaseSQL
	// A lost append is committed when all its records stand in the log one after the other. One of
	// them could also have come from another process that was given the same command.
	outcomeSQL = `
		select min(l.position - r.n)
		from unnest($1::uuid[], $2::int[], $3::bytea[]) with ordinality as r (stream_id, version, hash, n)
		cross join lateral (
			select position from event_log l
			where l.stream_id = r.stream_id and l.version = r.version and l.hash = r.hash
		) l
		having count(*) = cardinality($1::uuid[]) and min(l.position - r.n) = max(l.position - r.n)`
)

func appendArgs(records []Record) []any {
	n := len(records)
	var (
		streams  = make([][16]byte, n)
		versions = make([]int32, n)
		types    = make([]string, n)
		schemas  = make([]int16, n)
		data     = make([][]byte, n)
		metadata = make([][]byte, n)
		times    = make([]time.Time, n)
		hashes   = make([][]byte, n)
	)
	for i := range records {
		r := &records[i]
		streams[i], versions[i] = r.StreamID, int32(r.Version) //nolint:gosec // the column is an int
		types[i], schemas[i], data[i], metadata[i] = r.Type, r.SchemaVersion, r.Data, r.Metadata
		times[i], hashes[i] = r.RecordedAt, r.Hash[:]
	}
	return []any{streams, versions, types, schemas, data, metadata, times, hashes}
}

func appendOneArgs(r *Record) []any {
	version := int32(r.Version) //nolint:gosec // the column is an int
	return []any{
		[16]byte(r.StreamID), version, r.Type, r.SchemaVersion, r.Data, r.Metadata, r.RecordedAt, r.Hash[:],
	}
}

func outcomeArgs(records []Record) []any {
	args := appendArgs(records)
	return []any{args[0], args[1], args[len(args)-1]}
}

func scanBase(row pgx.Row) (base int64, err error) {
	err = row.Scan(&base)
	return base, err
}
