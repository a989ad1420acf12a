package webhook

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/endpoint"
)

const (
	// pauseAfter is how long an endpoint may fail before it is paused.
	pauseAfter = 3 * 24 * time.Hour
	// pauseGivenUp is how many deliveries in a row are given up before it is.
	pauseGivenUp = 20
)

// pauses are those between attempts, three days in all. After the last one, a delivery is given up.
func pauses() []time.Duration {
	return []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour,
		6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour,
	}
}

// nextPause is the pause after a number of attempts, and a tenth more or less, so that what failed
// together is not tried together. It is negative when there is no further attempt.
func nextPause(attempts int) time.Duration {
	all := pauses()
	if attempts > len(all) {
		return -1
	}
	pause := all[attempts-1]
	return pause - pause/10 + rand.N(pause/5) //nolint:gosec // no secret
}

// record keeps the outcome of an attempt. What is not pending any more stays as it is: another process
// has delivered it. An attempt that was made is recorded even if the process is about to end.
func (s *sender) record(to target, d delivery, o outcome) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("record an attempt: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // committed before
	result, err := s.recordIn(ctx, tx, to, d, o)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("record an attempt: %w", err)
	}
	s.metrics.observe(result, o.took)
	return nil
}

func (s *sender) recordIn(
	ctx context.Context, tx *sql.Tx, to target, d delivery, o outcome,
) (result string, err error) {
	status, next, result := endpoint.Pending, any(nil), resultFailed
	switch pause := nextPause(d.attempts + 1); {
	case o.delivered():
		status, result = endpoint.Delivered, resultDelivered
	case o.status == http.StatusGone || pause < 0:
		status, result = endpoint.Failed, resultGivenUp
	default:
		next = o.at.Add(o.took + pause)
	}
	_, err = tx.ExecContext(ctx, `
		update webhook_deliveries
		set status = $2, next_at = $3, attempts = attempts + 1, attempted_at = $4, status_code = nullif($5, 0),
			duration_ms = $6, error = $7
		where id = $1 and status = 'pending'`,
		d.id, status, next, o.at, o.status, o.took.Milliseconds(), o.reason)
	if err != nil {
		return result, err
	}
	if o.delivered() {
		_, err = tx.ExecContext(ctx, `
			update webhook_endpoints
			set failing_since = null, given_up = 0
			where id = $1 and (failing_since is not null or given_up > 0)`, to.id)
		return result, err
	}
	return result, s.failed(ctx, tx, to, o, result == resultGivenUp)
}

// failed switches an endpoint off that has answered 410, or to which nothing was delivered for too
// long, and tells its owner.
func (s *sender) failed(ctx context.Context, tx *sql.Tx, to target, o outcome, givenUp bool) error {
	var status endpoint.Status
	var owner uuid.UUID
	err := tx.QueryRowContext(ctx, `
		update webhook_endpoints
		set failing_since = coalesce(failing_since, $2), given_up = given_up + $3,
			status = case
				when $4 then 'gone'
				when given_up + $3 >= $5 or failing_since < $6 then 'failing'
				else status
			end
		where id = $1 and status = 'active'
		returning status, owner_id`,
		to.id, o.at, boolToInt(givenUp), o.status == http.StatusGone, pauseGivenUp, o.at.Add(-pauseAfter)).
		Scan(&status, &owner)
	if errors.Is(err, sql.ErrNoRows) { // it is not active any more, or was deleted
		return nil
	}
	if err != nil || status == endpoint.Active {
		return err
	}
	if status == endpoint.Gone {
		_, err = tx.ExecContext(ctx, `
			update webhook_deliveries set status = 'failed', next_at = null, error = $2
			where endpoint_id = $1 and status = 'pending'`, to.id, "The endpoint has answered 410: it wants no more.")
		if err != nil {
			return err
		}
	}
	s.Logger.Warn("a webhook was switched off", "endpoint", to.id, "owner", owner, "status", status)
	if s.Stopped == nil {
		return nil
	}
	return s.Stopped(tx, owner, withoutQuery(to.url))
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func isTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert)
}
