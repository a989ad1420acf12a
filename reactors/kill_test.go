package reactors_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
)

const helperURL = "REACTORS_TEST_URL"

// help is what the test binary does as another process, until it is killed: a reactor whose effects
// are outside of the transaction, like those of a mail.
func help(url string) {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		panic(err)
	}
	notifier := engine.NewNotifier(url, pool, nil, silent)
	go notifier.Run(ctx)
	err = reactors.Run(ctx, reactors.Options{
		Pool: pool, Notifier: notifier, Lease: 150 * time.Millisecond, Holder: fmt.Sprint(os.Getpid()),
		Reactors: []reactors.Reactor{
			{Name: "queueing", FromStart: true, Batch: 10, Handle: func(m *message.Message) error {
				tx, err := reactors.Tx(m)
				if err != nil {
					return err
				}
				return reactors.Queue(tx, "letters", reactors.NewMessage(m.UUID, nil, m))
			}},
			{Name: "sending", Queue: "letters", Handle: func(m *message.Message) error {
				_, err := pool.Exec(m.Context(), `insert into effects values ($1, $2)`, m.UUID, os.Getpid())
				return err
			}},
		},
	})
	panic(err)
}

// A process is killed twenty times, whatever it is doing at that moment.
func TestAKillLosesNothingAndRepeatsAtMostWhatWasInFlight(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	const kills = 20
	b := setup(t)
	b.exec(`alter table effects add column at timestamptz not null default clock_timestamp()`)
	total := 0
	for i := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), helperURL+"="+b.url)
		cmd.Stderr = os.Stderr
		must(t, cmd.Start())
		before := b.count(`select count(*) from effects`)
		b.add(200, "Seen")
		total += 200
		b.eventually("it is at work", func() bool { return b.count(`select count(*) from effects`) > before+i })
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	last := exec.Command(os.Args[0])
	last.Env = append(os.Environ(), helperURL+"="+b.url)
	must(t, last.Start())
	t.Cleanup(func() { _ = last.Process.Kill(); _ = last.Wait() })
	b.eventually("all are handled", func() bool {
		return b.count(`select count(distinct id) from effects`) == total &&
			b.count(`select count(*) from reactor_queue`) == 0
	})
	effects, most := b.count(`select count(*) from effects`), b.count(`
		select max(n) from (select count(*) as n from effects group by id) each`)
	if effects > total+kills || most > 1+kills {
		t.Errorf("%d effects of %d, one of them %d times, after %d kills", effects, total, most, kills)
	}
	t.Logf("%d effects of %d messages after %d kills", effects, total, kills)
}
