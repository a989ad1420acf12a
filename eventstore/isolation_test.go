package eventstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// How the command of a spoilt customer breaks. It is the first byte of the customer's id.
const (
	spoiltJSON   = 1 + iota // the record is not JSON, which PostgreSQL would find out
	spoiltNUL               // a text in the record has a NUL, which PostgreSQL stores and can't read
	spoiltText              // the record's type has a NUL, which PostgreSQL can't store
	spoiltNull              // there is no data at all, which a constraint refuses
	spoiltEncode            // the codec gives an error
	spoiltPanic             // the codec panics
	spoiltKinds  = iota
)

// spoiltCustomer is the i-th of them; all kinds take turns.
func spoiltCustomer(i int) uuid.UUID {
	return uuid.UUID{0: byte(spoiltJSON + i%spoiltKinds), 14: byte(i >> 8), 15: byte(i)}
}

// spoiltCodec breaks the bookings of spoilt customers.
type spoiltCodec struct{ domain.Codec }

var errSpoilt = errors.New("spoilt")

func (c spoiltCodec) Encode(r domain.Record) (string, int16, []byte, error) {
	name, schema, data, err := c.Codec.Encode(r)
	booked, ok := r.(domain.TicketBooked)
	if !ok || booked.CustomerID.Version() != 0 { // random ids are of version 4
		return name, schema, data, err
	}
	switch booked.CustomerID[0] {
	case spoiltJSON:
		return name, schema, []byte(`{"bookingId":`), nil
	case spoiltNUL:
		return name, schema, []byte(`{"a\\u0000":"\\\u0000"}`), nil
	case spoiltText:
		return name + "\x00", schema, data, nil
	case spoiltNull:
		return name, schema, nil, nil
	case spoiltEncode:
		return "", 0, nil, errSpoilt
	case spoiltPanic:
		panic("spoilt")
	}
	return name, schema, data, err
}

func spoiltModel() model {
	return model{Codec: spoiltCodec{}, Evolve: domain.State.Evolve, Size: domain.State.Size}
}

// panicsFrom decides like the command, and panics from the n-th time on.
func panicsFrom(n int32, c command) command {
	var calls atomic.Int32
	decide := c.Decide
	c.Decide = func(s domain.State) ([]domain.Record, error) {
		if calls.Add(1) >= n {
			panic("spoilt")
		}
		return decide(s)
	}
	return c
}

func TestACommandThatBreaksFailsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			first, second := b.schedule(t, 50), b.schedule(t, 50)
			p := startProcess(t, b.url, spoiltModel(), options{Delay: delay, Transactions: 1})

			var commands []command
			var breaks []bool
			add := func(c command, spoilt bool) {
				commands, breaks = append(commands, c), append(breaks, spoilt)
			}
			for i := range 30 {
				stream := []uuid.UUID{first, second}[i%2]
				add(order(stream, bookFor(uuid.New())), false)
				switch {
				case i%3 == 0:
					add(order(stream, bookFor(spoiltCustomer(i/3))), true)
				case i%7 == 1:
					add(panicsFrom(1, order(stream, bookFor(uuid.New()))), true)
				case i%7 == 2:
					add(panicsFrom(2, order(stream, bookFor(uuid.New()))), true)
				}
			}
			rand.Shuffle(len(commands), func(i, j int) {
				commands[i], commands[j] = commands[j], commands[i]
				breaks[i], breaks[j] = breaks[j], breaks[i]
			})

			versions := map[uuid.UUID]int{}
			for i, call := range together(t, p.executor, commands...) {
				a := call.get(t)
				var failed *eventstore.CommandError
				switch {
				case breaks[i] && !errors.As(a.err, &failed):
					t.Errorf("the spoilt command %d got %v", i, a.err)
				case breaks[i] && failed.StreamID != commands[i].StreamID:
					t.Errorf("the error of command %d names stream %s", i, failed.StreamID)
				case !breaks[i] && a.err != nil:
					t.Errorf("command %d got %v", i, a.err)
				case !breaks[i] && a.Version <= versions[commands[i].StreamID]:
					t.Errorf("command %d was overtaken: its version is %d", i, a.Version)
				}
				versions[commands[i].StreamID] = max(a.Version, versions[commands[i].StreamID])
			}
			b.auditSold(t, first, 15)
			b.auditSold(t, second, 15)
		})
	}
}

func TestTheErrorOfABrokenCommandSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p := startProcess(t, b.url, spoiltModel(), options{})

	for kind, want := range map[int]string{
		spoiltJSON: "the data is not JSON", spoiltNull: "the data is not JSON",
		spoiltNUL: "the data has a NUL", spoiltText: "can't be the type of a record",
	} {
		if _, err := p.book(t.Context(), stream, spoiltCustomer(kind-spoiltJSON)); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want that %s", err, want)
		}
	}
	if _, err := p.book(t.Context(), stream, spoiltCustomer(spoiltEncode-spoiltJSON)); !errors.Is(err, errSpoilt) {
		t.Errorf("got %v, want the codec's error", err)
	}
	if _, err := p.book(t.Context(), stream, spoiltCustomer(spoiltPanic-spoiltJSON)); err == nil ||
		!strings.Contains(err.Error(), "panic: spoilt") {
		t.Errorf("got %v, want the panic", err)
	}
}

// A defect of the database itself (here: a table that is not there) is nobody's command.
func TestADatabaseThatCannotStoreAnythingIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p := b.process(t, options{})
	mustExec(t, b.pool, `alter table log_head rename to log_head_away`)
	for i, a := range storm(t, []process{p}, stream, newIDs(10)) {
		if !errors.Is(a.err, eventstore.ErrUnavailable) {
			t.Errorf("command %d got %v, want that the log is unavailable", i, a.err)
		}
	}
	mustExec(t, b.pool, `alter table log_head_away rename to log_head`)
	if _, err := p.book(t.Context(), stream, uuid.New()); err != nil {
		t.Fatal(err)
	}
	b.auditSold(t, stream, 1)
}

func TestAnUnreadableStreamFailsOnlyItsOwnCommands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mustExec(t, b.pool, `alter table event_log disable trigger event_log_no_gap`)
	// insert writes a record past everything that would prevent it.
	insert := func(stream uuid.UUID, version int, name string, schema int, data string) {
		mustExec(t, b.pool, `
			with head as (update log_head set position = position + 1 returning position)
			insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
			select position, $1, $2, $3, $4, $5::json, '{}', now(), decode(repeat('00', 32), 'hex') from head`,
			stream, version, name, schema, data)
	}
	for name, spoil := range map[string]func(stream uuid.UUID){
		"unknown type":           func(s uuid.UUID) { insert(s, 3, "SomethingNew", 1, `{}`) },
		"unknown schema version": func(s uuid.UUID) { insert(s, 3, domain.TypeTicketBooked, 99, `{}`) },
		"data of another shape":  func(s uuid.UUID) { insert(s, 3, domain.TypeTicketBooked, 1, `[1]`) },
		"a missing version":      func(s uuid.UUID) { insert(s, 4, domain.TypeEventCancelled, 1, `{}`) },
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, the stream was in use before: %v", name, known), func(t *testing.T) {
				t.Parallel()
				bad, good := b.schedule(t, 5), b.schedule(t, 5)
				p := b.process(t, options{Delay: 10 * time.Millisecond, Transactions: 1})
				booker := b.process(t, options{})
				if known {
					booker = p
				}
				if _, err := booker.book(t.Context(), bad, uuid.New()); err != nil {
					t.Fatal(err)
				}
				spoil(bad)
				length := b.count(t, `select count(*) from event_log where stream_id = $1`, bad)

				calls := together(t, p.executor,
					order(good, bookFor(uuid.New())), order(bad, bookFor(uuid.New())), order(good, bookFor(uuid.New())))
				calls[0].mustDo(t)
				calls[2].mustDo(t)
				var failed *eventstore.CommandError
				a := calls[1].get(t)
				if !errors.As(a.err, &failed) || failed.StreamID != bad || !errors.Is(a.err, eventstore.ErrUnreadable) {
					t.Errorf("got %v, want that the command failed", a.err)
				}
				if got := eventstore.IsUnknownRecord(a.err); got != strings.HasPrefix(name, "unknown") {
					t.Errorf("%v is of a newer program: %v", a.err, got)
				}
				if got := b.count(t, `select count(*) from event_log where stream_id = $1`, bad); got != length {
					t.Errorf("%d records were appended to a stream that can't be read", got-length)
				}
			})
		}
	}
}

// What the executor calls besides commands can break too. That must neither hang nor deceive
// anybody.
func TestNobodyHangsWhenACallbackPanics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sizes, commits atomic.Int32
	someSizePanics := spoiltModel()
	someSizePanics.Size = func(domain.State) int {
		if sizes.Add(1)%3 == 0 {
			panic("size")
		}
		return 1
	}
	for name, start := range map[string]struct {
		model     model
		committed func([]eventstore.Record)
	}{
		"Size": {someSizePanics, nil},
		"Committed": {spoiltModel(), func([]eventstore.Record) {
			if commits.Add(1)%2 == 1 {
				panic("committed")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, b.url, start.model, options{Committed: start.committed})
			streams := []uuid.UUID{b.schedule(t, 100), b.schedule(t, 100)}
			var mu sync.Mutex
			told := map[uuid.UUID]error{}
			for range 5 {
				customers := newIDs(20)
				customers[7] = spoiltCustomer(0) // so that the batch is divided
				stormOf(t, customers, func(i int, customer uuid.UUID) (result, error) {
					r, err := p.book(t.Context(), streams[i%2], customer)
					mu.Lock()
					defer mu.Unlock()
					told[customer] = err
					return r, err
				})
			}
			entries := b.audit(t)
			for customer, err := range told {
				has := bookings(entries, streams[0], customer) + bookings(entries, streams[1], customer)
				var failed *eventstore.CommandError
				switch {
				case err == nil && has != 1,
					err != nil && has != 0 && !errors.Is(err, eventstore.ErrOutcomeUnknown):
					t.Errorf("a customer was told %v and has %d bookings", err, has)
				case err != nil && !errors.Is(err, eventstore.ErrOutcomeUnknown) && !errors.As(err, &failed) &&
					!errors.Is(err, eventstore.ErrUnavailable): // its stream was not loaded
					t.Errorf("a customer was told %v", err)
				}
			}
		})
	}
}
