package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Errors of commands that are to be executed once.
var (
	ErrKeyReused   = errors.New("the key was used for another request")
	ErrKeyInFlight = errors.New("a command with this key is still being executed")
)

// Key names a request, so that it can be repeated without being executed again.
type Key struct {
	Owner uuid.UUID // keys of different owners are different keys
	Name  string    // 1 to 255 bytes
}

// newKey is a key on its way into the database.
type newKey struct {
	Key
	fingerprint []byte
	streamID    uuid.UUID
	version     int
	answer      []byte
}

// storedKey is a key that was found there.
type storedKey struct {
	fingerprint []byte
	version     int
	position    int64
	answer      []byte
}

// The key's record is in the log, because both were written by one transaction.
const keysSQL = `
	select k.owner, k.name, k.fingerprint, k.version, l.position, k.answer
	from unnest($1::uuid[], $2::text[]) as asked (owner, name)
	join idempotency_keys k using (owner, name)
	join event_log l on l.stream_id = k.stream_id and l.version = k.version`

func scanKeys(rows pgx.Rows, keys map[Key]storedKey) error {
	var key Key
	var s storedKey
	_, err := pgx.ForEachRow(rows, []any{&key.Owner, &key.Name, &s.fingerprint, &s.version, &s.position, &s.answer},
		func() error {
			keys[key] = s
			s = storedKey{} // the slices are the map's now
			return nil
		})
	return err
}

func keyArgs(keys []newKey) []any {
	var (
		owners, streams       [][16]byte
		names                 []string
		fingerprints, answers [][]byte
		versions              []int32
	)
	for _, k := range keys {
		owners, names = append(owners, k.Owner), append(names, k.Name)
		fingerprints, answers = append(fingerprints, k.fingerprint), append(answers, k.answer)
		streams = append(streams, k.streamID)
		versions = append(versions, int32(k.version)) //nolint:gosec // the column is an int
	}
	return []any{owners, names, fingerprints, streams, versions, answers}
}

// forgetSQL deletes some of the keys at a time: one statement for all of them would exceed its
// timeout one day, and never be done. The server's clock has set their time.
const (
	forgetSQL = `
		delete from idempotency_keys
		where ctid = any (array(
			select ctid from idempotency_keys
			where created_at < now() - $1::float8 * interval '1 second'
			limit $2
		))`
	forgetLimit = 10_000
)

// ForgetKeys deletes the keys that are older than age, and returns how many those were.
func (l *Log) ForgetKeys(ctx context.Context, age time.Duration) (deleted int64, err error) {
	for {
		tag, err := l.pool.Exec(ctx, forgetSQL, age.Seconds(), forgetLimit)
		if err != nil {
			return deleted, fmt.Errorf("forget keys: %w", err)
		}
		deleted += tag.RowsAffected()
		if tag.RowsAffected() < forgetLimit {
			return deleted, nil
		}
	}
}
