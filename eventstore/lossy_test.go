package eventstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// A failover to a replica that was behind loses the newest commits. Processes that remember them must not need a restart.
func TestAProcessGoesOnWhenPostgreSQLHasLostCommitsThatItRemembers(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"immediate": 0, "delayed": 10 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			stream := b.schedule(t, 5)
			p := b.process(t, options{Delay: delay})
			customers := people(3)
			for _, c := range customers[:2] {
				mustBook(t, p, stream, c)
			}
			for _, sql := range []string{
				`alter table event_log disable trigger all`,
				`delete from event_log where position = (select max(position) from event_log)`,
				`update log_head set position = position - 1`,
				`alter table event_log enable trigger all`,
			} {
				mustExec(t, b.pool, sql)
			}
			mustBook(t, p, stream, customers[2])
			b.auditSold(t, stream, 2)
		})
	}
}

func mustBook(tb testing.TB, p process, stream, customer uuid.UUID) {
	tb.Helper()
	if _, err := p.book(tb.Context(), stream, customer); err != nil {
		tb.Fatal(err)
	}
}
