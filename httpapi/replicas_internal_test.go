//go:build unix

package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
)

// standby is a set with one replica, which is used.
func standby(t *testing.T) *replica.Set {
	t.Helper()
	primary := dbtest.Primary(t)
	set, err := replica.Open(t.Context(), replica.Options{
		URL: dbtest.NewReplica(t, primary).URL, Connections: 2, Primary: dbtest.Connect(t, primary.URL()),
		Reached: func() int64 { return 0 }, Checkpoints: projections.Names(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); set.Run(ctx) }()
	t.Cleanup(func() { stop(); <-stopped; set.Close() })
	if !waittest.Until(time.Minute, func() bool { used, _ := set.InUse(); return used == 1 }) {
		t.Fatal("the replica is not used")
	}
	return set
}

func TestAReadThatItsReplicaCannotAnswerGoesToThePrimaryUnlessItHasWaited(t *testing.T) {
	t.Parallel()
	a, errMissing := &api{Options: Options{Service: &booking.Service{}}}, errors.New("not found")
	chosen := standby(t).Choose(t.Context(), 0)
	for name, c := range map[string]struct {
		err  error
		asks int
	}{
		"it answers":              {nil, 1},
		"it fails":                {eventstore.ErrUnavailable, 2},
		"it lacks what is wanted": {errMissing, 2},
		// The primary has the load of writing. It does not get what was too much for a replica too.
		"the read has waited for its turn": {eventstore.ErrBusy, 1},
	} {
		asks := 0
		out, err := onReplica(a, context.WithValue(t.Context(), chosenKey{}, chosen), new(int),
			func(ctx context.Context, _ *int) (*bool, error) {
				asks++
				atReplica := replica.From(ctx) != nil
				if asks == 1 {
					return &atReplica, c.err
				}
				return &atReplica, nil
			})
		switch {
		case asks != c.asks:
			t.Errorf("%s: %d servers were asked, want %d", name, asks, c.asks)
		case *out == (asks == 2):
			t.Errorf("%s: a replica was asked: %v, after %d attempts", name, *out, asks)
		case asks == 1 && !errors.Is(err, c.err) || asks == 2 && err != nil:
			t.Errorf("%s: got %v", name, err)
		}
	}
}
