package engine_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// killer ends the database session of the n-th message from now on of those that apply a page,
// right before it is sent or right after its answer, and then that of another one, which comes when
// the projections go on one by one.
type killer struct {
	pool  *pgxpool.Pool
	left  atomic.Int64
	then  atomic.Int64 // how many messages later the second one is
	after bool

	mu     sync.Mutex
	killed map[string]bool // the first words of the messages
}

func (k *killer) hit(conn *pgx.Conn, sql string) {
	words := strings.Join(strings.Fields(sql + " - -")[:3], " ")
	if !slices.Contains(messages, words) {
		return
	}
	if left := k.left.Add(-1); left != 0 && left != -k.then.Load() {
		return
	}
	k.mu.Lock()
	k.killed[words] = true
	k.mu.Unlock()
	_, _ = k.pool.Exec(context.Background(), `select pg_terminate_backend($1)`, conn.PgConn().PID())
}

// messages are those of pages, by the first words of what they do. A message that writes begins
// the transaction and commits it.
var messages = []string{
	"select id, label,", "select id, basket,", "update baskets set", "insert into items",
}

// everywhere tells whether each message of a page has been hit.
func (k *killer) everywhere() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.killed) == len(messages)
}

type killedSQL struct{}

func (k *killer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !k.after {
		k.hit(conn, data.SQL)
	}
	return context.WithValue(ctx, killedSQL{}, data.SQL)
}

func (k *killer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	if k.after {
		k.hit(conn, ctx.Value(killedSQL{}).(string))
	}
}

func (k *killer) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	sql := data.Batch.QueuedQueries[0].SQL
	if !k.after {
		k.hit(conn, sql)
	}
	return context.WithValue(ctx, killedSQL{}, sql)
}

func (k *killer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (k *killer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchEndData) {
	if k.after {
		k.hit(conn, ctx.Value(killedSQL{}).(string))
	}
}

func TestASessionThatEndsBetweenAnyTwoMessagesChangesNothing(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after the answer %v", after), func(t *testing.T) {
			t.Parallel()
			if !after {
				dbtest.Slow(t)
			}
			b := setup(t)
			k := &killer{pool: b.Pool, after: after, killed: map[string]bool{}}
			pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(connections), dbtest.Settings(engine.Session()),
				func(c *pgxpool.Config) { c.ConnConfig.Tracer = k })
			p := b.startOn(pool, shortLease)
			basket := b.open("E")
			p.Reaches(b.head)
			for n := int64(0); n < 20 || n < 200 && !k.everywhere(); n++ {
				k.then.Store(1 + n%5)
				k.left.Store(1 + n%8)
				b.add(basket, 2)
				b.remove()
				p.Reaches(b.head)
				for k.left.Load() > 0 { // fewer messages than that were enough
					b.add(basket, 1)
					p.Reaches(b.head)
				}
			}
			p.Reaches(b.head)
			b.checkFold()
			enginetest.CheckVerified(b.Database, all())
			if !k.everywhere() {
				t.Errorf("sessions ended only at %v", k.killed)
			}
		})
	}
}

// forgetful is a connection that breaks when an answer has arrived, and loses it.
type forgetful struct {
	net.Conn
	lose atomic.Bool
}

func (f *forgetful) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if f.lose.Load() {
		_ = f.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// loser loses the answer to the n-th commit from now on.
type loser struct {
	killer
}

func (l *loser) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	isCommit := func(q *pgx.QueuedQuery) bool { return strings.Contains(q.SQL, "update projection_checkpoints") }
	if slices.ContainsFunc(data.Batch.QueuedQueries, isCommit) && l.left.Add(-1) == 0 {
		conn.PgConn().Conn().(*forgetful).lose.Store(true)
	}
	return ctx
}

func (l *loser) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (l *loser) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (l *loser) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func TestALostAnswerToCommitDoesNotApplyAPageTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := &loser{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(connections), dbtest.Settings(engine.Session()),
		func(c *pgxpool.Config) {
			dial := c.ConnConfig.DialFunc
			c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return &forgetful{Conn: conn}, err
			}
			c.ConnConfig.Tracer = l
		})
	p := b.startOn(pool, shortLease)
	basket := b.open("E")
	p.Reaches(b.head)
	for n := range int64(10) {
		l.left.Store(1 + n%2)
		for l.left.Load() > 0 { // a page for all has one
			b.add(basket, 3)
			p.Reaches(b.head)
		}
	}
	p.Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

// Fifty times in a row, the process that projects is killed while records are appended and read
// models are rebuilt.
func TestAReadModelSurvivesKillsOfTheProcessThatProjects(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	const kills = 50
	b := setup(t)
	helpers := map[string]*exec.Cmd{}
	add := func() {
		cmd := startHelper(t, "run", helperURL+"="+b.URL, helperLease+"=150ms")
		helpers[fmt.Sprint(cmd.Process.Pid)] = cmd
	}
	for range 3 {
		add()
	}
	stop, load := make(chan struct{}), sync.WaitGroup{}
	load.Go(func() {
		writer := newHistory(t, b.Pool)
		for {
			select {
			case <-stop:
				return
			default:
				writer.live(5)
			}
		}
	})
	rebuilt := 0
	load.Go(func() {
		pool := enginetest.ToolPool(b.Database)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := engine.Rebuild(context.Background(), all()[rebuilt%2], engine.RebuildOptions{Pool: pool}); err != nil {
					t.Errorf("rebuild: %v", err)
					return
				}
				rebuilt++
			}
		}
	})
	for i := range kills {
		name := names()[i%2]
		victim, from := "", int64(-1)
		waittest.For(t, "somebody is at work", func() bool {
			var holder *string
			var position int64
			row := b.Pool.QueryRow(context.Background(), `
				select max(holder), coalesce(max(position), 0)
				from projection_checkpoints
				where name = $1`, name)
			dbtest.Must(t, row.Scan(&holder, &position))
			if holder == nil || helpers[*holder] == nil {
				return false
			}
			if *holder != victim {
				victim, from = *holder, position
			}
			return position > from
		})
		kill(helpers[victim])
		delete(helpers, victim)
		add()
	}
	close(stop)
	load.Wait()
	head, err := eventstore.NewLog(b.Pool).Head(context.Background())
	dbtest.Must(t, err)
	b.start(shortLease).Reaches(head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
	t.Logf("%d kills and %d rebuilds while %d records were appended", kills, rebuilt, head)
}

func TestAnotherProcessTakesOverSoonAfterAKill(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	first := startHelper(t, "run", helperURL+"="+b.URL, helperLease+"=3s")
	basket := b.open("E")
	waittest.For(t, "the first process projects", func() bool {
		return b.Count(`select count(*) from projection_checkpoints where position = $1`, b.head) == len(names())
	})
	second := b.start()
	kill(first)
	killed := time.Now()
	b.add(basket, 1)
	second.Reaches(b.head)
	if took := time.Since(killed); took > 5*time.Second {
		t.Errorf("taking over after a kill took %s", took)
	}
	b.checkFold()
}
