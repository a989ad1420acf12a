package webhook_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
	"github.com/boxoffice/boxoffice/reactors/webhook"
)

const helperURL = "WEBHOOK_TEST_URL"

// help is what the test binary does as another process, until it is killed.
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
	silent, holder := slog.New(slog.DiscardHandler), fmt.Sprint(os.Getpid())
	notifier := engine.NewNotifier(url, pool, nil, silent)
	go notifier.Run(ctx)
	go func() {
		panic(webhook.Send(ctx, webhook.Options{
			Pool: pool, Notifier: notifier, Addresses: endpoint.NewAddresses(true), Logger: silent, Holder: holder,
			Now: time.Now, Lease: 500 * time.Millisecond,
		}))
	}()
	panic(reactors.Run(ctx, reactors.Options{
		Reactors: []reactors.Reactor{webhook.Messages("", time.Now)}, Pool: pool, Notifier: notifier, Holder: holder,
		Lease: 500 * time.Millisecond,
	}))
}

// A process is killed ten times, whatever it is doing at that moment.
func TestAKillLosesNothingAndRepeatsAtMostWhatWasInFlight(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	const kills, each = 10, 20
	b := setup(t)
	r := b.receive(nil)
	b.webhook(r.url)
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), helperURL+"="+b.URL)
		_, err := cmd.StdinPipe() // which closes when this process ends
		dbtest.Must(t, err)
		dbtest.Must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd
	}
	_, err := b.Pool.Exec(context.Background(), `
		insert into reactor_offsets (name, position) select 'webhooks', position from log_head`)
	dbtest.Must(t, err)
	for i := range kills {
		cmd, before := start(), len(r.all())
		b.book(each)
		b.eventually("it is at work", func() bool { return len(r.all()) > before+i })
		dbtest.Must(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	start()
	ids := func() map[string]int {
		n := map[string]int{}
		for _, m := range r.all() {
			n[m.id()]++
		}
		return n
	}
	b.eventually("all arrive", func() bool {
		return len(ids()) == kills*each && b.Count(`select count(*) from webhook_deliveries where status = 'pending'`) == 0
	})
	if n := len(r.all()); n > kills*each+kills*4 {
		t.Errorf("%d requests for %d messages after %d kills", n, kills*each, kills)
	}
	t.Logf("%d requests for %d messages after %d kills", len(r.all()), kills*each, kills)
}
