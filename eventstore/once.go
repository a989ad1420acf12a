package eventstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Errors of commands that are to be carried out once.
var (
	ErrKeyReused   = errors.New("the key was used for another request")
	ErrKeyInFlight = errors.New("a command with this key is still being carried out")
)

// Key names a request, so that it can be repeated without being carried out again.
type Key struct {
	Owner uuid.UUID // keys of different owners are different keys
	Name  string    // 1 to 255 bytes
}

// Once makes a command's effect happen once, however often and through however many processes it arrives: the key is stored in the
// transaction of the records, and whoever comes with it later gets the stored answer. Commands that are refused or have
// nothing to do leave no key. [Log.ForgetKeys] ends their time.
type Once[S any] struct {
	Key
	// Fingerprint tells requests apart: the same key with another one is refused with [ErrKeyReused].
	Fingerprint []byte
	// Answer is stored and given to those who repeat the command, as [Result.Replayed]. The position is not known yet when it is
	// called. It must be a pure function.
	Answer func(Result[S]) ([]byte, error)
}

// written is a key on its way into the database.
type written struct {
	Key
	fingerprint []byte
	streamID    uuid.UUID
	version     int
	answer      []byte
}

// stored is a key that was found there.
type stored struct {
	fingerprint []byte
	version     int
	position    int64
	answer      []byte
}

const (
	// The key's record is in the log, because both were written by one transaction.
	keysSQL = `
		select k.owner, k.name, k.fingerprint, k.version, l.position, k.answer
		from unnest($1::uuid[], $2::text[]) as asked (owner, name)
		join idempotency_keys k using (owner, name)
		join event_log l on l.stream_id = k.stream_id and l.version = k.version`
	// One statement, because nothing may come between an append and its COMMIT. Keys are written
	// under the head row's lock too, as they come from it: otherwise two processes with the same
	// keys in another order could deadlock.
	appendWithKeysSQL = appendHeadSQL + `, kept as (
		insert into idempotency_keys (owner, name, fingerprint, stream_id, version, answer)
		select k.*
		from head, unnest($9::uuid[], $10::text[], $11::bytea[], $12::uuid[], $13::int[], $14::bytea[])
			as k (owner, name, fingerprint, stream_id, version, answer)
	)` + appendBaseSQL
)

// hold keeps a second command with the same key out while the first is on its way in this process. Between processes, whoever comes
// second finds the key when it appends.
func (e *Executor[S, R]) hold(key Key) (release func(), err error) {
	if _, isHeld := e.held.LoadOrStore(key, struct{}{}); isHeld {
		return nil, ErrKeyInFlight
	}
	return func() { e.held.Delete(key) }, nil
}

// queueKeys looks the keys of the batch's commands up. It must come after the query for news: a state that shows a command's effect
// must not be known without its key.
func (b *batch[S, R]) queueKeys(q *pgx.Batch) {
	var owners [][16]byte
	var names []string
	for _, c := range slices.Concat(b.calls, b.repeated) {
		if c.Once != nil {
			owners, names = append(owners, c.Once.Owner), append(names, c.Once.Name)
		}
	}
	if names == nil {
		return
	}
	q.Queue(keysSQL, owners, names).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var key Key
			var s stored
			if err := rows.Scan(&key.Owner, &key.Name, &s.fingerprint, &s.version, &s.position, &s.answer); err != nil {
				return err
			}
			if b.keys == nil {
				b.keys = map[Key]stored{}
			}
			b.keys[key] = s
		}
		return rows.Err()
	})
}

// takeRepeated takes the calls whose command was carried out before out of b.calls. They are
// answered once the standby has that command's records too.
func (b *batch[S, R]) takeRepeated() {
	if len(b.keys) == 0 {
		return
	}
	remaining := b.calls[:0:0]
	for _, c := range b.calls {
		if c.Once != nil {
			if s, isKnown := b.keys[c.Once.Key]; isKnown {
				if bytes.Equal(s.fingerprint, c.Once.Fingerprint) {
					b.repeated = append(b.repeated, c)
				} else {
					c.answer(Result[S]{}, ErrKeyReused)
				}
				continue
			}
		}
		remaining = append(remaining, c)
	}
	b.calls = remaining
}

// answerRepeated answers the calls whose command was carried out before. err tells why it is not
// confirmed.
func (b *batch[S, R]) answerRepeated(err error) {
	for _, c := range b.repeated {
		s, isKnown := b.keys[c.Once.Key] // by the server that has just confirmed
		switch {
		case err != nil:
			c.answer(Result[S]{}, fmt.Errorf("%w: %w", ErrOutcomeUnknown, err))
		case !isKnown:
			c.answer(Result[S]{}, ErrOutcomeUnknown)
		default:
			c.answer(Result[S]{Replayed: s.answer, Version: s.version, Position: s.position}, nil)
		}
	}
	b.repeated = nil
}

// refusesRepeatable tells whether the plan refuses a command that has a key. Then the state may contain the command itself, carried
// out by another process since the keys were looked up.
func (p *plan[S, R]) refusesRepeatable() bool {
	for _, d := range p.decisions {
		if d.err != nil && d.call.Once != nil {
			return true
		}
	}
	return false
}

func keyArgs(keys []written) []any {
	var (
		owners, streams       [][16]byte
		names                 []string
		fingerprints, answers [][]byte
		versions              []int32
	)
	for _, k := range keys {
		owners, names, fingerprints = append(owners, k.Owner), append(names, k.Name), append(fingerprints, k.fingerprint)
		streams, versions = append(streams, k.streamID), append(versions, int32(k.version)) //nolint:gosec // the column is an int
		answers = append(answers, k.answer)
	}
	return []any{owners, names, fingerprints, streams, versions, answers}
}

// ForgetKeys ends the time of the keys that were stored before then, and tells how many there were.
func (l *Log) ForgetKeys(ctx context.Context, then time.Time) (int64, error) {
	tag, err := l.pool.Exec(ctx, `delete from idempotency_keys where created_at < $1`, then)
	if err != nil {
		return 0, fmt.Errorf("forget keys: %w", err)
	}
	return tag.RowsAffected(), nil
}
