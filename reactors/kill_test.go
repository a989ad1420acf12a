package reactors_test

import (
	"context"
	"fmt"
	"io"
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
	go func() { // it ends with the process that tests
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		panic(err)
	}
	notifier := engine.NewNotifier(url, pool, nil, silent)
	go notifier.Run(ctx)
	err = reactors.Run(ctx, reactors.Options{
		Pool: pool, Notifier: notifier, Lease: 500 * time.Millisecond, Holder: fmt.Sprint(os.Getpid()),
		Reactors: []reactors.Reactor{
			{Name: "queueing", FromStart: true, Batch: 10, Handle: func(m *message.Message) error {
				tx, err := reactors.Tx(m)
				if err != nil {
					return err
				}
				return reactors.Queue(tx, "letters", reactors.NewMessage(m.UUID, nil, m))
			}},
			{Name: "sending", Queue: "letters", Handle: func(m *message.Message) error {
				_, err := pool.Exec(m.Context(), `insert into effects values ($1, $2)`, m.UUID, fmt.Sprint(os.Getpid()))
				return err
			}},
		},
	})
	panic(err)
}

func startHelper(t *testing.T, url string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperURL+"="+url)
	_, err := cmd.StdinPipe() // which closes when this process ends
	dbtest.Must(t, err)
	dbtest.Must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// A process is killed twenty times, whatever it is doing at that moment.
func TestAKillLosesNothingAndRepeatsAtMostWhatWasInFlight(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	const kills = 20
	b := setup(t)
	b.Exec(`alter table effects add column at timestamptz not null default clock_timestamp()`)
	total := 0
	for i := range kills {
		cmd := startHelper(t, b.URL)
		before := b.Count(`select count(*) from effects`)
		b.add(40, "Seen")
		total += 40
		b.eventually("it is at work", func() bool { return b.Count(`select count(*) from effects`) > before+i })
		dbtest.Must(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	startHelper(t, b.URL)
	b.eventually("all are handled", func() bool {
		return b.Count(`select count(distinct id) from effects`) == total &&
			b.Count(`select count(*) from reactor_queue`) == 0
	})
	effects, most := b.Count(`select count(*) from effects`), b.Count(`
		select max(n) from (select count(*) as n from effects group by id) each`)
	if effects > total+kills || most > 1+kills {
		t.Errorf("%d effects of %d, one of them %d times, after %d kills", effects, total, most, kills)
	}
	t.Logf("%d effects of %d messages after %d kills", effects, total, kills)
}
