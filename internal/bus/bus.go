// Package bus publishes the log to a NATS JetStream stream, for other programs.
//
// The sequence of the stream is the position of the log. Each record is published on the condition
// that the stream ends right before it. So whatever happens (a lost answer, two publishers, a
// restart of either side), the stream is the log: in order, without gaps, nothing twice. There is
// no checkpoint: the stream's last sequence says how far publishing is.
//
// A record travels as a watermill message in watermill-nats' form, so any watermill program can
// subscribe: message.go. Start reading at publish.go.
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
)

const (
	// streamName is that of the stream in JetStream. One that exists is used as it is, with
	// whatever replicas and limits it was given.
	streamName = "boxoffice_log"
	// topic begins the subject of each record: boxoffice.log.<stream id>.<type>.
	topic = "boxoffice.log"

	// pageSize is how many records are under way at once, and with their size (a request has 64 kB
	// at most) the bound of memory.
	pageSize = 1_000
	// requestTimeout is how long the bus may take for an answer.
	requestTimeout = 5 * time.Second
	// pollEvery is how long a record waits at most when a notification was lost.
	pollEvery = 250 * time.Millisecond
	// The time between attempts while something is out of order grows from the one to the other.
	shortestPause = 50 * time.Millisecond
	longestPause  = 5 * time.Second
)

// Connections is how many connections of a pool [Publish] uses: one for the lock, one to read, and
// one for metrics.
const Connections = 3

// Options are what [Publish] works with.
type Options struct {
	// URL names the servers, separated by commas. It may hold a password and is never logged.
	URL string
	// Pool has [Connections] connections. It stays the caller's.
	Pool   *pgxpool.Pool
	Logger *slog.Logger
	// Appended gives a channel that is closed with the next append to the log.
	Appended func() <-chan struct{}
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

// link is a connection to the bus that is made again whenever it is lost.
type link struct {
	conn *nats.Conn
	js   jetstream.JetStream
}

// open connects, and tries again until ctx ends: nothing that is wrong with the bus, such as a
// password, ends the process. After the end of ctx the link is nil.
func open(ctx context.Context, o Options) (l *link) {
	retryForever(ctx, "connecting to the bus", o.Logger, func(context.Context, func()) (err error) {
		if l, err = connect(o); err == nil {
			return errDone
		}
		return err
	})
	if ctx.Err() != nil && l != nil {
		l.conn.Close()
		l = nil
	}
	return l
}

func connect(o Options) (*link, error) {
	var logged atomic.Value // the last error, which one line is enough for
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
			if logged.Swap(err.Error()) != err.Error() {
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
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(requestTimeout),
		jetstream.WithPublishAsyncTimeout(requestTimeout), jetstream.WithPublishAsyncMaxPending(2*pageSize))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return &link{conn, js}, nil
}

func backOff(attempts int) time.Duration {
	return min(shortestPause<<min(attempts, 10), longestPause)
}

// openStream finds the stream, and makes it when it is missing.
func (l *link) openStream(ctx context.Context) (jetstream.Stream, error) {
	stream, err := l.js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = l.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Subjects: []string{topic + ".>"},
			Description: "The log of Boxoffice: the sequence is the position",
			Storage:     jetstream.FileStorage, DenyDelete: true,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open the stream %s: %w", streamName, err)
	}
	return stream, nil
}

// errDone ends [retryForever].
var errDone = errors.New("done")

// retryForever calls do until ctx ends, with growing pauses while it fails. do calls progressed
// when it works.
func retryForever(ctx context.Context, what string, logger *slog.Logger,
	do func(ctx context.Context, progressed func()) error) {
	wait, logged := shortestPause, ""
	for ctx.Err() == nil {
		err := do(ctx, func() { wait, logged = shortestPause, "" })
		if ctx.Err() != nil || errors.Is(err, errDone) {
			return
		}
		if err != nil && err.Error() != logged { // an error that stays is logged once
			logged = err.Error()
			logger.Error(what+" was interrupted", "error", err)
		}
		pause(ctx, wait)
		wait = min(2*wait, longestPause)
	}
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	waitFor(ctx, nil, d)
}

// waitFor waits for signal, or as long as most, because a signal may be lost.
func waitFor(ctx context.Context, signal <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-signal:
	case <-timer.C:
	case <-ctx.Done():
	}
}
