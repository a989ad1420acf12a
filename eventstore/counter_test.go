package eventstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// counter is a model whose command has an effect each time that it is executed, unlike those of
// the domain: with it, nothing that is done twice goes unseen.
type counterCodec struct{}

func (counterCodec) Encode(int) (string, int16, []byte, error) {
	return "Counted", 1, []byte(`{}`), nil
}

func (counterCodec) Decode(name string, _ int16, _ []byte) (int, error) {
	if name != "Counted" {
		return 0, errors.New("not counted")
	}
	return 1, nil
}

type counterExecutor = eventstore.Executor[int, int]

func startCounter(tb testing.TB, url string, o options) (*counterExecutor, *pgxpool.Pool) {
	tb.Helper()
	return startExecutor(tb, url, eventstore.Model[int, int]{
		Codec: counterCodec{}, Evolve: add, Size: func(int) int { return 8 },
	}, o)
}

func countOn(stream uuid.UUID) eventstore.Command[int, int] {
	return eventstore.Command[int, int]{StreamID: stream, Decide: func(int) ([]int, error) { return []int{1}, nil }}
}

func TestNothingIsCarriedOutTwiceWhateverTheConnectionsDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		faults := &faults{bundle: b, end: make(chan struct{})}
		type member struct {
			executor *counterExecutor
			pool     *pgxpool.Pool
			via      *proxy
		}
		members := make([]member, rapid.IntRange(1, 2).Draw(rt, "processes"))
		for i := range members {
			m := &members[i]
			m.via = newProxy(t, b.url)
			m.via.intercept(faults.draw(rt, i, m.via))
			m.executor, m.pool = startCounter(t, m.via.url, drawOptions(rt))
		}
		streams := newIDs(2)
		commands := rapid.IntRange(1, 8).Draw(rt, "commands of each")

		var mu sync.Mutex
		told := map[string]error{}
		var callers sync.WaitGroup
		for i := range rapid.IntRange(1, 6).Draw(rt, "callers") {
			callers.Go(func() {
				for n := range commands {
					c := countOn(streams[(i+n)%len(streams)])
					c.Metadata.CorrelationID = uuid.NewString()
					r, err := members[i%len(members)].executor.Execute(context.Background(), c)
					if err == nil && (len(r.Records) != 1 || r.State != r.Version || r.Records[0].Version != r.Version) {
						t.Errorf("got %d records, version %d and state %d", len(r.Records), r.Version, r.State)
					}
					mu.Lock()
					told[c.Metadata.CorrelationID] = err
					mu.Unlock()
				}
			})
		}
		finished := make(chan struct{})
		go func() {
			callers.Wait()
			close(finished)
		}()
		wait(rt, "all answers", finished)

		close(faults.end)
		for _, m := range members {
			ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
			if err := m.executor.Close(ctx); err != nil {
				t.Error(err)
			}
			cancel()
			m.pool.Close()
			m.via.close()
		}
		faults.done.Wait()
		b.waitForNoExecutors(rt)

		for id, err := range told {
			times := b.count(rt, `select count(*) from event_log where metadata ->> 'correlationId' = $1`, id)
			switch {
			case times > 1, err == nil && times != 1, errors.Is(err, eventstore.ErrUnavailable) && times != 0:
				rt.Errorf("a caller was told %v, and the command was executed %d times", err, times)
			case err != nil && !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, eventstore.ErrOutcomeUnknown):
				rt.Errorf("a caller was told %v", err)
			}
		}
	})
}

func add(s int, records ...int) int {
	for _, r := range records {
		s += r
	}
	return s
}
