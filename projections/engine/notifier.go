package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The channels of NOTIFY. Every role of the database can notify on them, so a notification only
// says that there may be something to read, and many in a short time say so once. A checkpoint is
// announced as "name position", which saves processes that know of that position already from
// reading it again. A message for a reactor is announced as "sender topic".
const (
	logChannel        = "boxoffice_log"
	checkpointChannel = "boxoffice_checkpoints"
	leaseChannel      = "boxoffice_leases"
	queueChannel      = "boxoffice_queue"
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

	buffer    recordBuffer // what this process has committed
	elsewhere atomic.Int64 // counts signals of records that are not in the buffer

	listensSince atomic.Pointer[time.Time] // on a connection of its own; nil: it does not
	sending      sync.Mutex
	looked       atomic.Pointer[look] // the last one; nil: there was none

	waiting     atomic.Int64 // for read models of this process; see await
	watched     atomic.Bool  // see Watch
	pausedUntil atomic.Int64 // the position whose append ends a pause between pages; 0: there is no pause
	hurry       *Signal      // ends a pause

	appended, advanced chan struct{} // one token each: other processes have not been told yet
	queued             chan struct{} // likewise, of a message for a reactor
	unread             chan struct{} // one token: another process has announced a checkpoint
	grown, freed       chan struct{} // one token each: another process has said so of the log, or of a lease

	mu     sync.Mutex
	models map[string]*model  // what is known of the read models, by name
	moved  map[string]bool    // those that other processes have not been told of
	end    int64              // of the log, when it was read last
	queues map[string]*Signal // by topic
	filled map[string]bool    // topics that other processes have not been told of
}

// NewNotifier listens on a connection of its own to url, and notifies through pool, which the
// caller closes. It knows the checkpoints of the named projections. It works while [Notifier.Run]
// runs.
func NewNotifier(url string, pool *pgxpool.Pool, names []string, logger *slog.Logger) *Notifier {
	return &Notifier{
		id: uuid.NewString(), url: url, pool: pool, names: names, logger: logger,
		Log: NewSignal(), Checkpoints: NewSignal(), leases: NewSignal(), hurry: NewSignal(),
		appended: make(chan struct{}, 1), advanced: make(chan struct{}, 1), unread: make(chan struct{}, 1),
		queued: make(chan struct{}, 1),
		grown:  make(chan struct{}, 1), freed: make(chan struct{}, 1),
		models: make(map[string]*model), moved: make(map[string]bool),
		queues: make(map[string]*Signal), filled: make(map[string]bool),
	}
}

// Appended tells all processes that the log has grown. The records are those that this process has
// just committed, with consecutive positions; none: they have to be read from the log. It does not
// block.
func (n *Notifier) Appended(records ...eventstore.Record) {
	n.buffer.add(records)
	if len(records) == 0 {
		n.elsewhere.Add(1)
	} else if most := n.pausedUntil.Load(); most > 0 && records[len(records)-1].Position >= most {
		n.pausedUntil.Store(0)
		n.hurry.Broadcast()
	}
	n.Log.Broadcast()
	n.tellOthers(n.appended)
}

// noteAdvanced tells all processes how far some projections are. It does not block.
func (n *Notifier) noteAdvanced(position int64, projections ...string) {
	if !n.observe(position, projections...) {
		offer(n.unread)
	}
	n.mu.Lock()
	for _, name := range projections {
		n.moved[name] = true
	}
	n.mu.Unlock()
	n.tellOthers(n.advanced)
}

// tellOthers leaves a token, unless it is known that nobody else listens: to find that out in
// another goroutine for each page would cost more than the page's handler.
func (n *Notifier) tellOthers(tokens chan<- struct{}) {
	if l := n.looked.Load(); l == nil || !l.isAlone || !l.isRecent() {
		offer(tokens)
	}
}

// offer leaves a token, unless there is one already: it says the same.
func offer(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}

// await says that somebody waits for the read models, until done is called.
func (n *Notifier) await() (done func()) {
	n.waiting.Add(1)
	n.hurry.Broadcast()
	return func() { n.waiting.Add(-1) }
}

// Watch sets whether somebody is told of changes of the read models as soon as they have them. It
// returns whether that is new.
func (n *Notifier) Watch(watched bool) (changed bool) {
	changed = n.watched.Swap(watched) != watched
	if changed && watched {
		n.hurry.Broadcast()
	}
	return changed
}

// IsWatched tells what [Notifier.Watch] has set.
func (n *Notifier) IsWatched() bool { return n.watched.Load() }

func (n *Notifier) isAwaited() bool { return n.waiting.Load() > 0 }

// Run works until ctx ends. It replaces a lost connection, and then signals everything, because it
// may have missed something.
func (n *Notifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		eachToken(ctx, n.appended, func() { n.send(ctx, logChannel, n.id) })
	})
	all.Go(func() {
		eachToken(ctx, n.queued, func() { n.send(ctx, queueChannel, n.topics()...) })
	})
	all.Go(func() {
		eachToken(ctx, n.advanced, func() { n.send(ctx, checkpointChannel, n.checkpoints()...) })
	})
	all.Go(func() {
		eachToken(ctx, n.unread, func() {
			if err := n.ReadCheckpoints(ctx, n.pool); err != nil && ctx.Err() == nil {
				n.logger.Warn("reading the checkpoints failed", "error", err)
			}
		})
	})
	all.Go(func() { eachToken(ctx, n.grown, n.appendedElsewhere) })
	all.Go(func() {
		eachToken(ctx, n.freed, func() {
			n.leases.Broadcast()
			n.reread() // streams may have been retried
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

// eachToken does something when there is a token, at most once in notifyEvery.
func eachToken(ctx context.Context, tokens <-chan struct{}, do func()) {
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

// lookEvery is how often a process that has something to tell looks for others who listen.
const lookEvery = time.Second

// look is what a process has found when it looked for others who listen.
type look struct {
	at      time.Time
	isAlone bool // nobody else did
}

func (l *look) isRecent() bool { return time.Since(l.at) < lookEvery }

// aloneFor is how long after a look a process still takes itself for the only one. It is longer than
// lookEvery, so that a process with something to tell looks again before.
const aloneFor = lookEvery * 3 / 2

// IsAlone tells whether no other process listened when this one looked last, a moment ago.
func (n *Notifier) IsAlone() bool {
	l := n.looked.Load()
	return l != nil && l.isAlone && time.Since(l.at) < aloneFor
}

// IsNoticed tells whether this process has listened for so long that no other takes itself for the
// only one, and what such a one has answered before can be read by now.
func (n *Notifier) IsNoticed() bool {
	since := n.listensSince.Load()
	return since != nil && time.Since(*since) > aloneFor+keptUp
}

// listenersSQL counts the sessions that listen. Each has a lock, which goes with it.
const (
	registerSQL  = `select pg_advisory_lock_shared(hashtext('boxoffice'), hashtext('listeners'))`
	listenersSQL = `
		select count(*)
		from pg_locks
		where locktype = 'advisory' and granted and objsubid = 2
			and database = (select oid from pg_database where datname = current_database())
			and classid::bigint = hashtext('boxoffice') & 4294967295
			and objid::bigint = hashtext('listeners') & 4294967295`
)

// hasListeners tells whether another process listens, or did a moment ago.
func (n *Notifier) hasListeners(ctx context.Context) (bool, error) {
	n.sending.Lock()
	defer n.sending.Unlock()
	if l := n.looked.Load(); l != nil && l.isRecent() {
		return !l.isAlone, nil
	}
	var listeners int
	now := time.Now()
	if err := n.pool.QueryRow(ctx, listenersSQL).Scan(&listeners); err != nil {
		return false, err
	}
	if n.listensSince.Load() != nil {
		listeners--
	}
	n.looked.Store(&look{at: now, isAlone: listeners <= 0})
	return listeners > 0, nil
}

// send notifies outside of any transaction that writes: NOTIFY makes commits wait for each other,
// and one that has written nothing is quick.
func (n *Notifier) send(ctx context.Context, channel string, payloads ...string) {
	hasListeners, err := n.hasListeners(ctx)
	if hasListeners {
		err = notify(ctx, n.pool, channel, payloads...)
	}
	if err != nil && ctx.Err() == nil {
		n.logger.Warn("notifying other processes failed", "error", err)
	}
}

func (n *Notifier) checkpoints() (payloads []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name := range n.moved {
		payloads = append(payloads, fmt.Sprintf("%s %d", name, n.model(name).position))
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
	starting, started := context.WithTimeout(ctx, listenQuiet)
	defer started()
	conn, err := pgx.ConnectConfig(starting, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	listen := `listen ` + logChannel + `; listen ` + checkpointChannel + `; listen ` + leaseChannel +
		`; listen ` + queueChannel + `; ` + registerSQL
	n.sending.Lock() // who looks for listeners meanwhile would take this process for another
	if _, err = conn.Exec(starting, listen); err == nil {
		now := time.Now()
		n.listensSince.Store(&now)
	}
	n.sending.Unlock()
	if err != nil {
		return err
	}
	defer n.listensSince.Store(nil)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go n.pollUntilSeen(ctx)
	n.forget()
	n.appendedElsewhere()
	n.leases.Broadcast()
	n.signalQueues("")
	for {
		notification, err := awaitNotification(ctx, conn)
		if err != nil {
			return err
		}
		n.hear(notification.Channel, notification.Payload)
	}
}

// A session has listenQuiet to begin. One that is quiet for as long is asked whether it still answers,
// within listenAnswers. A frozen one looks like one that has nothing to tell.
const (
	listenQuiet   = 5 * time.Second
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
		err = eventstore.Ping(answers, conn)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errListenerFrozen, err)
		}
	}
}

// hear leaves a token for what a notification is about.
func (n *Notifier) hear(channel, payload string) {
	switch {
	case payload == n.id: // came back to its sender, which has signalled already
	case channel == logChannel:
		offer(n.grown)
	case channel == leaseChannel:
		offer(n.freed)
	case channel == queueChannel:
		if by, topic, _ := strings.Cut(payload, " "); by != n.id {
			n.signalQueues(topic)
		}
	case channel == checkpointChannel && !n.knows(payload):
		offer(n.unread)
	}
}

// pollUntilSeen signals everything until those who were alone so far must have looked for listeners.
func (n *Notifier) pollUntilSeen(ctx context.Context) {
	for began := time.Now(); time.Since(began) < lookEvery+pollEvery; {
		if Await(ctx, nil, pollEvery); ctx.Err() != nil {
			return
		}
		n.appendedElsewhere()
		n.leases.Broadcast()
		n.signalQueues("")
		offer(n.unread)
	}
}

// appendedElsewhere signals records of other processes.
func (n *Notifier) appendedElsewhere() {
	n.elsewhere.Add(1)
	n.Log.Broadcast()
}

// knows tells whether a projection is known to be where a notification says that it is. One that is
// said to be further back may have been restored.
func (n *Notifier) knows(payload string) bool {
	name, position, _ := strings.Cut(payload, " ")
	claimed, err := strconv.ParseInt(position, 10, 64)
	if err != nil {
		return false
	}
	at, known := n.Reached(name)
	return known && claimed == at
}

// Wake signals the reactors of all processes, as a tool does that has given them something to do.
func Wake(ctx context.Context, pool *pgxpool.Pool) error {
	if err := notify(ctx, pool, logChannel, ""); err != nil {
		return fmt.Errorf("wake the reactors: %w", err)
	}
	if err := notify(ctx, pool, queueChannel, ""); err != nil {
		return fmt.Errorf("wake the reactors: %w", err)
	}
	return nil
}
