package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// watch finds out how far the replica is, and whether it can be used, until ctx ends.
func (r *Replica) watch(ctx context.Context, o Options) {
	m := monitor{Replica: r, options: o}
	defer m.disconnect()
	for ctx.Err() == nil {
		err := m.check(ctx)
		if ctx.Err() != nil {
			return
		}
		m.publish(err)
		r.mu.Lock()
		close(r.checked)
		r.checked = make(chan struct{})
		r.mu.Unlock()
		m.pause(ctx)
	}
}

// monitor is what is known of a replica from one check to the next.
type monitor struct {
	*Replica
	options Options
	conn    *pgx.Conn
	// missing are positions that the primary had, and since when, oldest first: the replica does
	// not have them yet.
	missing []position
	// compared is when its log was last compared with the primary's, and ahead since when it was
	// longer; zero: not.
	compared, ahead time.Time
	logged          string
}

type position struct {
	at    int64
	since time.Time
}

// mostMissing bounds missing: five times what a replica that is in use can have.
const mostMissing = 128

func (m *monitor) pause(ctx context.Context) {
	every := checkInterval
	if m.waiting.Load() > 0 {
		every = checkIntervalWhileWaiting
	}
	timer := time.NewTimer(every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-m.asked:
	}
}

// publish sets the result of a check.
func (m *monitor) publish(err error) {
	text := ""
	if err != nil {
		text = err.Error()
		m.used.Set(fmt.Errorf("%w: %w", errLeftOut, err))
	} else if m.used.Set(nil) {
		m.options.Logger.Info("the replica is used", "replica", m.name)
	}
	if text != m.logged && err != nil { // a reason that stays is logged once
		m.options.Logger.Warn("the replica is left out", "replica", m.name, "reason", err)
	}
	m.logged = text
}

var (
	errBehind   = errors.New("it is too far behind the primary")
	errOtherLog = errors.New("its log is not the primary's")
)

// check asks the replica how far it is. An error says why it can't be used.
func (m *monitor) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	began := time.Now()
	m.addPosition(position{m.options.Reached(), began})
	if m.conn == nil {
		conn, err := pgx.ConnectConfig(ctx, m.config.Copy())
		if err != nil {
			return errors.New("it does not answer") // without err, which may repeat the address
		}
		m.conn = conn
	}
	var reached int64
	var end int64
	var hash []byte
	err := m.conn.QueryRow(ctx, `
		select reached, coalesce(position, 0), coalesce(hash, '')
		from (
			select coalesce(min(coalesce(c.position, 0)), 0) as reached
			from unnest($1::text[]) as wanted (name)
			left join projection_checkpoints c using (name)
		) r
		left join (select position, hash from event_log order by position desc limit 1) l on true`,
		m.options.Checkpoints).Scan(&reached, &end, &hash)
	if err != nil {
		m.disconnect()
		return fmt.Errorf("it does not answer: %w", err)
	}
	m.reached.Store(reached)
	for len(m.missing) > 0 && m.missing[0].at <= reached {
		m.missing = m.missing[1:]
	}
	m.behind.Store(0)
	if len(m.missing) > 0 {
		m.behind.Store(m.missing[0].since.UnixMicro())
	}
	if err := m.compare(ctx, began, end, hash); err != nil {
		return err
	}
	if m.lagged() > maxLag {
		return errBehind
	}
	return nil
}

// addPosition notes a position of the primary. When there are too many, the newest ones are taken to be as
// old as the one before them, so that a replica that catches up is not believed to have done so too
// early.
func (m *monitor) addPosition(p position) {
	// Positions beyond this one are those of another history: the primary was restored.
	for last := len(m.missing) - 1; last >= 0 && m.missing[last].at > p.at; last-- {
		m.missing = m.missing[:last]
	}
	last := len(m.missing) - 1
	switch {
	case last >= 0 && m.missing[last].at >= p.at, p.at <= m.Reached():
	case last+1 < mostMissing:
		m.missing = append(m.missing, p)
	default:
		m.missing[last].at = p.at
	}
}

// compare makes sure that the replica's log is the primary's. After a failover that lost commits, a
// replica of the old primary holds records that the new one has never had. A replica can be ahead
// for a moment, while the primary waits for a synchronous standby.
func (m *monitor) compare(ctx context.Context, now time.Time, end int64, hash []byte) error {
	if now.Sub(m.compared) < checkInterval/2 {
		return nil
	}
	var head int64
	var there []byte
	err := m.options.Primary.QueryRow(ctx, `
		select position, coalesce((select hash from event_log where position = $1), '')
		from log_head`, end).Scan(&head, &there)
	switch {
	case eventstore.IsUnavailable(err) && !m.compared.IsZero():
		return nil // the primary is gone, which says nothing against the replica
	case err != nil:
		return err
	case head < end:
		if m.ahead.IsZero() {
			m.ahead = now
		}
		if m.compared.IsZero() || now.Sub(m.ahead) > maxLag {
			return fmt.Errorf("%w: it goes on to position %d, and the primary ends at %d", errOtherLog, end, head)
		}
		return nil
	case string(there) != string(hash):
		return fmt.Errorf("%w: they differ at position %d", errOtherLog, end)
	}
	m.compared, m.ahead = now, time.Time{}
	return nil
}

func (m *monitor) disconnect() {
	if m.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = m.conn.Close(ctx)                 // it is broken, or no longer needed
	m.conn, m.compared = nil, time.Time{} // another server may answer next
}
