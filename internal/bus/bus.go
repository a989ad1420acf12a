// Package bus carries the log to other machines over a NATS JetStream stream. [Publish] writes the log of this database to it, and
// [Follow] writes what it holds to the log of another database, where projections and reads work as they do at home.
//
// The one idea is that the sequence of the stream is the position of the log. Each record is published on the condition that the
// stream ends right before it, so that whatever happens (an answer that is lost, two publishers, a restart of either side) the stream
// is the log: in order, without gaps, nothing twice. Nobody has to remember how far publishing is, because the stream's last sequence
// says it; and a follower's place is the end of its own log.
//
// A record travels as a watermill message in watermill-nats' form, so that any watermill program can subscribe: message.go. Start
// reading at publish.go and follow.go.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/eventstore"
)

const (
	// streamName is that of the stream in JetStream. One that exists is used as it is, with whatever replicas and limits it was given.
	streamName = "boxoffice_log"
	// topic begins the subject of each record: boxoffice.log.<stream id>.<type>.
	topic = "boxoffice.log"

	// pageSize is how many records are under way at once, and with their size (a request has 64 kB at most) the bound of memory.
	pageSize = 1_000
	// answerWithin is how long the bus may take for an answer.
	answerWithin = 5 * time.Second
	// pollEvery is how long news waits at most when a notification was lost.
	pollEvery = 250 * time.Millisecond
	// The time between attempts while something is out of order grows from the one to the other.
	shortestPause = 50 * time.Millisecond
	longestPause  = 5 * time.Second
)

// Connections is how many connections of a pool [Publish] and [Follow] use: one that says who works, one that reads or writes, and one
// for metrics.
const Connections = 3

// Options are what both ends work with.
type Options struct {
	// URL names the servers, separated by commas. It may hold a password and is never logged.
	URL string
	// Pool has [Connections] connections. It stays the caller's.
	Pool   *pgxpool.Pool
	Logger *slog.Logger
	// News gives a channel that is closed with the next append to the log; of [Publish] only.
	News func() <-chan struct{}
	// Appended, when set, is called after [Follow] has appended.
	Appended func()
	// Registerer takes the metrics. Nil: none are kept.
	Registerer prometheus.Registerer
}

var errAddress = errors.New("it is not an address of NATS, such as nats://user:password@localhost:4222")

// CheckURL tells whether an address can be used. The error does not repeat it.
func CheckURL(addresses string) error {
	for address := range strings.SplitSeq(addresses, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return errAddress
		}
	}
	return nil
}

// end is one end of the bus, while it works.
type end struct {
	Options
	*link
	log   *eventstore.Log
	watch *watch
}

// run works at one end until ctx ends, in the process that has the lock. It goes on working whenever it was interrupted.
func run(ctx context.Context, o Options, name string, lock int64, doing string, work func(e *end, ctx context.Context, progressed func()) error) error {
	watch := newWatch(name, o)
	unregister, err := watch.register()
	if err != nil {
		return err
	}
	defer unregister()
	link, err := open(ctx, o)
	if link == nil {
		return err
	}
	defer link.conn.Close()
	watch.conn.Store(link.conn)
	e := &end{Options: o, link: link, log: eventstore.NewLog(o.Pool), watch: watch}
	lead(ctx, o.Pool, lock, o.Logger, func(ctx context.Context) {
		defer watch.stop()
		again(ctx, doing, o.Logger, func(ctx context.Context, progressed func()) error { return work(e, ctx, progressed) })
	})
	return nil
}

// link is a connection to the bus that is made again whenever it is lost.
type link struct {
	conn *nats.Conn
	js   jetstream.JetStream
}

// open connects, and tries again until ctx ends: whatever is wrong with the bus, a password included, is no reason to end the process.
// Then there is no link, and no error.
func open(ctx context.Context, o Options) (l *link, err error) {
	if err := CheckURL(o.URL); err != nil {
		return nil, err
	}
	again(ctx, "connecting to the bus", o.Logger, func(context.Context, func()) error {
		l, err = connect(o)
		if err == nil {
			return errDone
		}
		return err
	})
	if ctx.Err() != nil && l != nil {
		l.conn.Close()
		l = nil
	}
	return l, nil
}

func connect(o Options) (*link, error) {
	var told atomic.Value // the last error, which one line is enough for
	conn, err := nats.Connect(o.URL,
		nats.Name("boxoffice"),
		nats.Timeout(2*time.Second),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(backOff),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectBufSize(-1), // what can't be sent now is read from the log again later; nothing is kept in memory
		nats.PingInterval(10*time.Second),
		nats.ConnectHandler(func(*nats.Conn) { o.Logger.Info("the bus is connected") }),
		nats.ReconnectHandler(func(*nats.Conn) { o.Logger.Info("the bus is connected again") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Logger.Warn("the bus was lost", "error", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			level := slog.LevelDebug
			if told.Swap(err.Error()) != err.Error() {
				level = slog.LevelWarn
			}
			o.Logger.Log(context.Background(), level, "the bus can't be reached; it is tried again and again", "error", err)
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Logger.Debug("the bus reports an error", "error", err)
		}),
	)
	if err != nil {
		return nil, err // it does not repeat the address, which could be read
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(answerWithin),
		jetstream.WithPublishAsyncTimeout(answerWithin), jetstream.WithPublishAsyncMaxPending(2*pageSize))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return &link{conn, js}, nil
}

func backOff(attempts int) time.Duration {
	return min(shortestPause<<min(attempts, 10), longestPause)
}

// openStream finds the stream. The one that publishes makes it when it is missing.
func (l *link) openStream(ctx context.Context, create bool) (jetstream.Stream, error) {
	stream, err := l.js.Stream(ctx, streamName)
	if create && errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = l.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Subjects: []string{topic + ".>"}, Description: "The log of Boxoffice: the sequence is the position",
			Storage: jetstream.FileStorage, DenyDelete: true,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open the stream %s: %w", streamName, err)
	}
	return stream, nil
}

// errDone ends [again].
var errDone = errors.New("done")

// again does something until ctx ends, with longer and longer pauses while it fails. do tells through progressed that it works.
func again(ctx context.Context, what string, logger *slog.Logger, do func(ctx context.Context, progressed func()) error) {
	wait, told := shortestPause, ""
	for ctx.Err() == nil {
		err := do(ctx, func() { wait, told = shortestPause, "" })
		if ctx.Err() != nil || errors.Is(err, errDone) {
			return
		}
		if err != nil && err.Error() != told { // an error that stays is told once
			told = err.Error()
			logger.Error(what+" was interrupted", "error", err)
		}
		pause(ctx, wait)
		wait = min(2*wait, longestPause)
	}
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	standBy(ctx, nil, d)
}

// standBy waits for a bell, but not for ever, because a ring may be lost.
func standBy(ctx context.Context, rung <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-rung:
	case <-timer.C:
	case <-ctx.Done():
	}
}
