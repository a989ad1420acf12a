package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The channels of NOTIFY. Every role of the database can notify on them, so a notification only
// says that there may be something to read. A checkpoint is announced as "name position", which
// saves processes that know of that position already from reading it again.
const (
	logChannel        = "boxoffice_log"
	checkpointChannel = "boxoffice_checkpoints"
	leaseChannel      = "boxoffice_leases"
)

// notifyEvery is the least time between notifications on one channel. The first after a pause goes
// out at once.
const notifyEvery = 4 * time.Millisecond

// Notifier tells the processes of one database of new records and checkpoints with NOTIFY and
// LISTEN. What it loses, polling finds a little later.
type Notifier struct {
	id     string // tells its own notifications from those of others
	url    string
	pool   *pgxpool.Pool
	names  []string // of the projections
	logger *slog.Logger

	// Any process may cause these: the log has grown, a projection has advanced, a lease can be
	// taken over.
	Log, Checkpoints, leases *Signal

	appended, advanced chan struct{} // one token each: other processes have not been told yet
	unread             chan struct{} // one token: another process has announced a checkpoint

	mu        sync.Mutex
	positions map[string]int64 // checkpoints that are known
	moved     map[string]bool  // those that other processes have not been told of
}

// NewNotifier listens on a connection of its own to url, and notifies through pool, which the
// caller closes. It knows the checkpoints of the named projections. It works while [Notifier.Run]
// runs.
func NewNotifier(url string, pool *pgxpool.Pool, names []string, logger *slog.Logger) *Notifier {
	return &Notifier{
		id: uuid.NewString(), url: url, pool: pool, names: names, logger: logger,
		Log: NewSignal(), Checkpoints: NewSignal(), leases: NewSignal(),
		appended: make(chan struct{}, 1), advanced: make(chan struct{}, 1), unread: make(chan struct{}, 1),
		positions: make(map[string]int64), moved: make(map[string]bool),
	}
}

// Appended tells all processes that the log has grown. It does not block.
func (n *Notifier) Appended() {
	n.Log.Broadcast()
	offer(n.appended)
}

// Advanced tells all processes how far a projection is. It does not block.
func (n *Notifier) Advanced(projection string, position int64) {
	n.observe(projection, position)
	n.mu.Lock()
	n.moved[projection] = true
	n.mu.Unlock()
	offer(n.advanced)
}

// offer leaves a token, unless there is one already: it says the same.
func offer(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}

// observe remembers how far a projection is.
func (n *Notifier) observe(projection string, position int64) {
	n.mu.Lock()
	at, known := n.positions[projection]
	advanced := !known || at < position
	if advanced {
		n.positions[projection] = position
	}
	n.mu.Unlock()
	if advanced {
		n.Checkpoints.Broadcast()
	}
}

// Reached returns the lowest checkpoint of the projections; known is false while one of them is
// unknown.
func (n *Notifier) Reached(projections ...string) (position int64, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, name := range projections {
		at, known := n.positions[name]
		if !known {
			return 0, false
		}
		if i == 0 || at < position {
			position = at
		}
	}
	return position, true
}

// forget drops what is known: after a crash of the server, projections may be further back than
// they were.
func (n *Notifier) forget() {
	n.mu.Lock()
	clear(n.positions)
	n.mu.Unlock()
	n.Checkpoints.Broadcast()
}

// Run works until ctx ends. It replaces a lost connection, and then signals everything, because it
// may have missed something.
func (n *Notifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		whenever(ctx, n.appended, func() { n.send(ctx, logChannel, n.id) })
	})
	all.Go(func() {
		whenever(ctx, n.advanced, func() { n.send(ctx, checkpointChannel, n.checkpoints()...) })
	})
	all.Go(func() {
		whenever(ctx, n.unread, func() {
			if err := n.ReadCheckpoints(ctx, n.pool); err != nil && ctx.Err() == nil {
				n.logger.Warn("reading the checkpoints failed", "error", err)
			}
		})
	})
	for ctx.Err() == nil {
		if err := n.receive(ctx); err != nil && ctx.Err() == nil {
			n.forget() // the database may be another one by now
			n.logger.Warn("listening for notifications was interrupted", "error", err)
			Await(ctx, nil, 200*time.Millisecond)
		}
	}
}

// whenever does something when there is a token, and then no more for a moment.
func whenever(ctx context.Context, tokens <-chan struct{}, do func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tokens:
			do()
			Await(ctx, nil, notifyEvery)
		}
	}
}

// send notifies outside of any transaction that writes: NOTIFY makes commits wait for each other,
// and one that has written nothing is quick.
func (n *Notifier) send(ctx context.Context, channel string, payloads ...string) {
	if err := notify(ctx, n.pool, channel, payloads...); err != nil && ctx.Err() == nil {
		n.logger.Warn("notifying other processes failed", "error", err)
	}
}

func (n *Notifier) checkpoints() (payloads []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name := range n.moved {
		payloads = append(payloads, fmt.Sprintf("%s %d", name, n.positions[name]))
	}
	clear(n.moved)
	return payloads
}

// notify does not wait for the disk: polling finds what is lost.
func notify(ctx context.Context, pool *pgxpool.Pool, channel string, payloads ...string) error {
	_, err := pool.Exec(ctx, `
		select set_config('synchronous_commit', 'off', true), pg_notify($1, payload)
		from unnest($2::text[]) as payload`, channel, payloads)
	return err
}

func (n *Notifier) receive(ctx context.Context) error {
	config, err := pgx.ParseConfig(n.url)
	if err != nil {
		return err
	}
	config.RuntimeParams["application_name"] = "boxoffice notifications"
	eventstore.ConfigureConn(config, nil)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	if _, err := conn.Exec(ctx, `listen `+logChannel+`; listen `+checkpointChannel+`; listen `+leaseChannel); err != nil {
		return err
	}
	n.forget()
	n.Log.Broadcast()
	n.leases.Broadcast()
	for {
		notification, err := awaitNotification(ctx, conn)
		if err != nil {
			return err
		}
		switch {
		case notification.Payload == n.id: // came back to its sender, which has signalled already
		case notification.Channel == logChannel:
			n.Log.Broadcast()
		case notification.Channel == leaseChannel:
			n.leases.Broadcast()
		case notification.Channel == checkpointChannel && !n.knows(notification.Payload):
			offer(n.unread)
		}
	}
}

// A session that is quiet for listenQuiet is asked whether it still answers, within listenAnswers. A
// frozen one looks like one without news.
const (
	listenQuiet   = 2 * time.Second
	listenAnswers = time.Second
)

var errListenerFrozen = errors.New("the session that listens does not answer")

func awaitNotification(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	for {
		quiet, cancel := context.WithTimeout(ctx, listenQuiet)
		notification, err := conn.WaitForNotification(quiet)
		isQuiet := quiet.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !isQuiet || conn.IsClosed() {
			return notification, err
		}
		answers, cancel := context.WithTimeout(ctx, listenAnswers)
		err = conn.Ping(answers)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errListenerFrozen, err)
		}
	}
}

// knows tells whether a projection is known to be where a notification says that it is, or further.
func (n *Notifier) knows(payload string) bool {
	name, position, _ := strings.Cut(payload, " ")
	claimed, err := strconv.ParseInt(position, 10, 64)
	if err != nil {
		return false
	}
	at, known := n.Reached(name)
	return known && claimed <= at
}

// ReadCheckpoints reads from the database how far the projections are. One that has never run is at
// 0.
func (n *Notifier) ReadCheckpoints(ctx context.Context, from *pgxpool.Pool) error {
	var name string
	var position int64
	rows, _ := from.Query(ctx, `
		select wanted.name, coalesce(c.position, 0)
		from unnest($1::text[]) as wanted (name)
		left join projection_checkpoints c using (name)`, n.names)
	_, err := pgx.ForEachRow(rows, []any{&name, &position}, func() error {
		n.observe(name, position)
		return nil
	})
	return err
}
