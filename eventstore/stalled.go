package eventstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// stalledAfter is how long a session may hold the head row's lock while PostgreSQL waits for the
// rest of a message. The rest is a COMMIT, which the client sends in the same write as the append.
const stalledAfter = 3 * time.Second

// holdersSQL lists the sessions that may hold the head row's lock, and terminates those that wait for
// their client in the middle of a message. Sessions that wait for the row themselves are waiting
// for a lock. No timeout of PostgreSQL is running in such a session: statement_timeout ends with
// each statement, and the transaction counts as active, not as idle. TCP notices nothing when the
// other end of the socket is a proxy or a stopped process. A role may terminate its own sessions, and
// those of roles whose rights it has.
const holdersSQL = `
	select pid, coalesce(application_name, ''), coalesce(state, 'unknown'), coalesce(wait_event, ''),
		coalesce(extract(epoch from clock_timestamp() - state_change), 0)::float8,
		case when state = 'active' and wait_event = 'ClientRead' and pg_has_role(usesysid, 'USAGE')
				and state_change < clock_timestamp() - $1::float8 * interval '1 second'
			then pg_terminate_backend(pid) else false end
	from pg_stat_activity a
	where wait_event_type is distinct from 'Lock' and pid <> pg_backend_pid()
		and exists (
			select from pg_locks l
			where l.pid = a.pid and l.locktype = 'relation' and l.granted and l.relation = 'log_head'::regclass
				and l.database = (select oid from pg_database where datname = current_database())
				and l.mode in ('RowShareLock', 'RowExclusiveLock'))`

// endStalledHolders logs which sessions hold the head row's lock, terminates those that have
// stalled, and tells whether there was one. It ends the transaction.
func (t *transaction) endStalledHolders(ctx context.Context) (ended bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	t.locked, t.savepoint = false, false // a whole rollback: nothing can be read in a failed transaction
	if err := t.rollback(ctx); err != nil {
		return false
	}
	var (
		pid                   int
		name, state, waitsFor string
		seconds               float64
		isEnded               bool
	)
	rows, _ := t.conn.Query(ctx, holdersSQL, stalledAfter.Seconds())
	_, err := pgx.ForEachRow(rows, []any{&pid, &name, &state, &waitsFor, &seconds, &isEnded}, func() error {
		since := time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
		t.logger.Warn("the head of the log is locked", "pid", pid, "application", name, "state", state,
			"waits_for", waitsFor, "for", since, "ended", isEnded)
		ended = ended || isEnded
		return nil
	})
	if err != nil {
		t.logger.Warn("who holds the head of the log is not known", "error", err)
	}
	return ended
}
