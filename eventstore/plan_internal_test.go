package eventstore

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// textCodec stores texts as they are, which may or may not be JSON.
type textCodec struct{}

func (textCodec) Encode(r string) (string, int16, []byte, error) { return "Noted", 1, []byte(r), nil }
func (textCodec) Decode(_ string, _ int16, data []byte) (string, error) {
	return string(data), nil
}

// notes is a model whose state is all its records.
func notes() *Model[string, string] {
	return &Model[string, string]{Codec: textCodec{}, Evolve: func(s string, records ...string) string {
		for _, r := range records {
			s += r
		}
		return s
	}}
}

var errFull = errors.New("full")

// note adds records to a stream whose state is not longer than most.
func note(stream uuid.UUID, most int, records ...string) *call[string, string] {
	return &call[string, string]{done: make(chan struct{}), Command: Command[string, string]{
		StreamID: stream, Decide: func(s string) ([]string, error) {
			if len(s) > most {
				return nil, errFull
			}
			return records, nil
		},
	}}
}

func TestAPlanDecidesInOrderOnTheMovingState(t *testing.T) {
	t.Parallel()
	a, b, broken := uuid.New(), uuid.New(), uuid.New()
	now := time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	known := stream[string]{Tail: Tail{Version: 7, Hash: Hash{1}, RecordedAt: now.Add(time.Hour)}, position: 70,
		state: "0"}
	s := &states[string, string]{unread: unread[string, string]{
		streams: map[uuid.UUID]*stream[string]{a: &known, b: {}, broken: {}},
		broken:  map[uuid.UUID]error{broken: errors.New("unreadable")},
	}}
	panics := note(a, 0)
	panics.Decide = func(string) ([]string, error) { panic("no") }
	expects := note(a, 9, "9")
	expects.Expected = 7
	calls := []*call[string, string]{
		note(a, 1, "1"), note(b, 0, "1", "2"), note(a, 1, "2"), note(a, 9), note(a, 9, "{"), note(broken, 9, "1"), panics,
		expects,
		note(a, 9, "3"),
	}
	p := makePlan(calls, s, notes(), now)

	var failed *CommandError
	var conflict *ConflictError
	for i, want := range []struct {
		records, version int
		state            string
		err              func(error) bool
	}{
		{1, 8, "01", nil},
		{2, 2, "12", nil},
		{0, 0, "", func(err error) bool { return errors.Is(err, errFull) }},
		{0, 8, "01", nil},
		{0, 0, "", func(err error) bool { return errors.As(err, &failed) && failed.StreamID == a }},
		{0, 0, "", func(err error) bool { return errors.As(err, &failed) && failed.StreamID == broken }},
		{0, 0, "", func(err error) bool { return errors.As(err, &failed) && errors.As(err, new(*panicError)) }},
		{0, 0, "", func(err error) bool { return errors.As(err, &conflict) && conflict.Actual == 8 }},
		{1, 9, "013", nil},
	} {
		d := p.decisions[i]
		if d.call != calls[i] || d.to-d.from != want.records || d.result.Version != want.version ||
			d.result.State != want.state ||
			(d.err == nil) != (want.err == nil) || want.err != nil && !want.err(d.err) {
			t.Errorf("decision %d is %+v, want %+v", i, d, want)
		}
	}
	tails := map[uuid.UUID]Tail{a: known.Tail, b: {}}
	for i := range p.records {
		tail := tails[p.records[i].StreamID]
		link := tail.Next(&p.records[i])
		if err := errors.Join(link.CheckVersion(), link.CheckTime(), link.CheckHash()); err != nil {
			t.Error(err)
		}
		tails[p.records[i].StreamID] = tail
	}
	if got := p.streams[a]; got.Tail != tails[a] || got.state != "013" {
		t.Errorf("the plan leaves %+v", got)
	}
	if known.Version != 7 || known.state != "0" || len(p.records) != 4 {
		t.Errorf("%d records; what was known is now %+v", len(p.records), known)
	}
	p.assignPositions(100)
	for i, want := range map[int]int64{0: 101, 1: 103, 3: 101, 8: 104} {
		if got := p.decisions[i].result.Position; got != want {
			t.Errorf("decision %d: got position %d, want %d", i, got, want)
		}
	}
	if got := p.decisions[8].result; got.Position != 104 || got.Records[0].Position != 104 {
		t.Errorf("the last answer is %+v", got)
	}
}

func TestAPlanFailsOnlyTheCommandWithABadKey(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	keyed := func(name string, answer error) *call[string, string] {
		c := note(id, 99, "1")
		c.Once = &Once[string]{Key: Key{Name: name}, Answer: func(Result[string]) ([]byte, error) { return nil, answer }}
		return c
	}
	calls := []*call[string, string]{
		keyed("good", nil), keyed("", nil), keyed(string(make([]byte, 256)), nil), keyed("\x00", nil), keyed("\xff", nil),
		keyed("no answer", errFull), keyed("also good", nil),
	}
	s := &states[string, string]{unread: unread[string, string]{streams: map[uuid.UUID]*stream[string]{id: {}}}}
	p := makePlan(calls, s, notes(), time.Now())
	for i, d := range p.decisions {
		if good := i == 0 || i == 6; (d.err == nil) != good {
			t.Errorf("%q: got %v", d.call.Once.Name, d.err)
		}
	}
	if len(p.records) != 2 || len(p.keys) != 2 || p.keys[1].version != 2 || p.keys[1].fingerprint == nil ||
		p.keys[1].answer == nil {
		t.Errorf("got %d records and the keys %+v", len(p.records), p.keys)
	}
}

func TestWhatCannotBeStoredIsFoundBefore(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		name   string
		schema int16
		data   string
	}{
		{"", 1, `{}`}, {"a\x00", 1, `{}`}, {"\xff", 1, `{}`}, {"a", 0, `{}`}, {"a", -1, `{}`},
		{"a", 1, ``}, {"a", 1, `{`}, {"a", 1, "\"\xff\""}, {"a", 1, "\"\x00\""}, {"a", 1, `"\u0000"`}, {"a", 1, `"\\\u0000"`},
	} {
		if err := checkStorable(bad.name, bad.schema, []byte(bad.data)); err == nil {
			t.Errorf("%q %d %q is taken for good", bad.name, bad.schema, bad.data)
		}
	}
	for _, good := range []string{`{}`, `"\\u0000"`, `"\u0001"`, `"Zoë 🎟"`, `[1]`} {
		if err := checkStorable("a", 1, []byte(good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestTheOrderIsKeptPerStream(t *testing.T) {
	t.Parallel()
	o := newOrder()
	a, b, c := uuid.New(), uuid.New(), uuid.New()
	first := o.enter([]uuid.UUID{a, b, a})
	other := o.enter([]uuid.UUID{c})
	second := o.enter([]uuid.UUID{b, c})
	third := o.enter([]uuid.UUID{c})
	if got := []bool{first.isNext(), other.isNext(), second.isNext(), third.isNext()}; !slices.Equal(got,
		[]bool{true, true, false, false}) {
		t.Errorf("who may go on: %v", got)
	}
	o.leave(other)
	left := make(chan struct{})
	go func() {
		o.leave(second) // ends before the first one, and yet those behind have to wait for that
		close(left)
	}()
	if second.isNext() || third.isNext() {
		t.Error("a batch does not wait for an earlier one with its stream")
	}
	o.leave(first)
	<-left
	if err := third.wait(t.Context()); err != nil {
		t.Error(err)
	}
	o.leave(third)
	if len(o.last) != 0 {
		t.Errorf("%d streams are still remembered", len(o.last))
	}
}
