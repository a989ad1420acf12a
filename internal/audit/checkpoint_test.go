package audit_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestEachRecordIsProvedAtEachSizeOfTheTree(t *testing.T) {
	b := open(t)
	for size := range 3 { // small, with low nodes only, and then with stored ones
		stream := id('e', size)
		b.sell(stream, []int{3, 200, 500}[size])
		checkpoint := b.sign()
		if checkpoint.Root != naiveRoot(b) {
			t.Fatalf("the root at %d is not that of RFC 6962", checkpoint.Size)
		}
		for position := int64(1); position <= checkpoint.Size; position += 1 + checkpoint.Size/40 {
			receipt, err := b.checkpoints.Prove(b.ctx, position)
			dbtest.Must(t, err)
			data, err := json.Marshal(receipt)
			dbtest.Must(t, err)
			var carried audit.Receipt
			dbtest.Must(t, json.Unmarshal(data, &carried))
			said, err := carried.Verify(b.keys)
			if err != nil || said.Size != checkpoint.Size || carried.Record.Position != position {
				t.Fatalf("position %d of %d: %+v, %v", position, checkpoint.Size, said, err)
			}
			for name, forge := range map[string]func(*audit.Receipt){
				"other data":       func(r *audit.Receipt) { r.Record.Data = []byte(`{}`) },
				"another actor":    func(r *audit.Receipt) { r.Record.Metadata = []byte(`{}`) },
				"another position": func(r *audit.Receipt) { r.Record.Position = position%checkpoint.Size + 1 },
				"a hash of its own": func(r *audit.Receipt) {
					r.Record.Data = []byte(`{}`)
					r.Record.Hash = r.Record.Sum(r.Record.PreviousHash)
				},
				"another checkpoint":  func(r *audit.Receipt) { r.Checkpoint = strings.Replace(r.Checkpoint, "\n", "\n1", 1) },
				"a position below":    func(r *audit.Receipt) { r.Record.Position = 0 },
				"a path cut off":      func(r *audit.Receipt) { r.Path = r.Path[1:] },
				"a path that is none": func(r *audit.Receipt) { r.Path[0] = "x" },
			} {
				var forged audit.Receipt
				dbtest.Must(t, json.Unmarshal(data, &forged))
				forge(&forged)
				if _, err := forged.Verify(b.keys); err == nil {
					t.Errorf("position %d with %s was believed", position, name)
				}
			}
		}
	}
	if _, err := b.checkpoints.Prove(b.ctx, 100_000); !errors.Is(err, audit.ErrNoRecord) {
		t.Errorf("got %v", err)
	}
	b.happen(id('e', 1), domain.CapacityChanged{Capacity: 900})
	if _, err := b.checkpoints.Prove(b.ctx, b.head()); !errors.Is(err, audit.ErrNoCheckpoint) {
		t.Errorf("got %v", err)
	}
	b.tamper(`update audit_tree_nodes set hash = sha256('x') where height = 8`)
	if _, err := b.checkpoints.Prove(b.ctx, 900); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("forged nodes: %v", err)
	}
	b.tamper(`delete from audit_tree_nodes`)
	if _, err := b.checkpoints.Prove(b.ctx, 900); err != nil {
		t.Errorf("without stored nodes: %v", err)
	}
	b.tamper(`update event_log set data = '{}' where position = 900`)
	if _, err := b.checkpoints.Prove(b.ctx, 900); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("another record: %v", err)
	}
}

func (b *box) head() int64 {
	b.Helper()
	head, err := b.log.Head(b.ctx)
	dbtest.Must(b, err)
	return head
}

// naiveRoot is the definition of RFC 6962, section 2.1, over the documented leaves.
func naiveRoot(b *box) eventstore.Hash {
	b.Helper()
	records, err := b.log.After(b.ctx, 0, 10_000)
	dbtest.Must(b, err)
	var leaves [][]byte
	for _, r := range records {
		leaves = append(leaves, append(binary.BigEndian.AppendUint64(nil, uint64(r.Position)), r.Hash[:]...))
	}
	return naive(leaves)
}

func TestCheckpointsOfSeveralProcessesAreOne(t *testing.T) {
	b := open(t)
	if _, err := audit.NewCheckpoints(b.pool, &audit.Keys{}).Write(b.ctx); !errors.Is(err, audit.ErrNoKey) {
		t.Errorf("got %v", err)
	}
	b.sample()
	var group sync.WaitGroup
	written := make([]bool, 4)
	for i := range written {
		group.Go(func() {
			var err error
			if written[i], err = b.checkpoints.Write(b.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := fmt.Sprint(written); strings.Count(n, "true") != 1 {
		t.Errorf("written: %s", n)
	}
	if again, err := b.checkpoints.Write(b.ctx); again || err != nil {
		t.Errorf("nothing is new: %v, %v", again, err)
	}
	list, err := b.checkpoints.List(b.ctx, 0, 10)
	if err != nil || len(list) != 1 || list[0].Size != 28 {
		t.Errorf("got %+v, %v", list, err)
	}
	for _, sql := range []string{`update audit_checkpoints set size = 7`, `delete from audit_checkpoints`,
		`truncate audit_checkpoints`} {
		if _, err := b.pool.Exec(b.ctx, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// What is wrong with a checkpoint in the table stops nobody from signing the log: a process that
// knows nothing else computes the tree from the log.
func TestWrongCheckpointsAreSkippedAndAWrongLogIsNotSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forge func(*box)
		want  error
	}{
		"another compact range": {func(b *box) {
			b.tamper(`update audit_checkpoints set compact_range = sha256('1') || sha256('2') || sha256('3')`)
		}, nil},
		"a compact range cut off":  {func(b *box) { b.tamper(`update audit_checkpoints set compact_range = ''`) }, nil},
		"bytes that are no hashes": {func(b *box) { b.tamper(`update audit_checkpoints set compact_range = 'x'`) }, nil},
		"another root":             {func(b *box) { b.tamper(`update audit_checkpoints set root = sha256('1')`) }, nil},
		"another note":             {func(b *box) { b.tamper(`update audit_checkpoints set note = 'x'`) }, nil},
		"a signature cut off": {func(b *box) {
			b.tamper(`update audit_checkpoints set note = left(note, -8) || E'AAAAAAA\n'`)
		}, nil},
		"another compact range and another record": {func(b *box) {
			b.tamper(`update audit_checkpoints set compact_range = ''`)
			b.forge()
		}, audit.ErrTampered},
		"a record is missing": {func(b *box) { b.tamper(`delete from event_log where position = 29`) },
			audit.ErrTampered},
		"all records are missing": {func(b *box) { b.tamper(`delete from event_log where position > 28`) },
			audit.ErrTampered},
		"the log is cut off": {func(b *box) { b.cut(25) }, audit.ErrTampered},
		"the first record is another one": {func(b *box) {
			b.tamper(`update event_log set data = replace(data::text, 'Hall', 'Room')::json where position = 1`)
			b.rehash(id('e', 1), 1)
		}, audit.ErrTampered},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			one, _ := b.sample()
			b.sign()
			b.happen(one, domain.CapacityChanged{Capacity: 50}, domain.CapacityChanged{Capacity: 51})
			c.forge(b)
			written, err := audit.NewCheckpoints(b.pool, b.keys).Write(b.ctx)
			if written != (c.want == nil) || !errors.Is(err, c.want) {
				t.Errorf("got %v, %v", written, err)
			}
		})
	}
}

func TestKeysCanBeChanged(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	b.sign()
	b.happen(one, domain.CapacityChanged{Capacity: 50})
	const next = "the next signing secret, also long enough"
	stranger, err := audit.NewKeys(next)
	dbtest.Must(t, err)
	if _, err := audit.NewCheckpoints(b.pool, stranger).Write(b.ctx); !errors.Is(err, audit.ErrNotSigned) {
		t.Errorf("a process with another key: %v", err)
	}
	heir, err := audit.NewKeys(next, b.keys.Public())
	dbtest.Must(t, err)
	heirs := audit.NewCheckpoints(b.pool, heir)
	receipt := func() *audit.Receipt {
		t.Helper()
		r, err := heirs.Prove(b.ctx, 28)
		dbtest.Must(t, err)
		return r
	}
	if r := receipt(); r.PublicKey != b.keys.Public() { // still the old one's checkpoint
		t.Errorf("the receipt names the key %s, and %s has signed", r.PublicKey, b.keys.Public())
	}
	if written, err := heirs.Write(b.ctx); !written || err != nil {
		t.Errorf("a process that trusts the old key: %v, %v", written, err)
	}
	if r := receipt(); r.PublicKey != heir.Public() {
		t.Errorf("the receipt names the key %s, and %s has signed", r.PublicKey, heir.Public())
	}
	reader, err := audit.NewKeys("", b.keys.Public(), heir.Public())
	dbtest.Must(t, err)
	for keys, ok := range map[*audit.Keys]bool{heir: true, reader: true, stranger: false, b.keys: false} {
		if r := b.verify(func(o *audit.VerifyOptions) { o.Keys = keys }); r.OK() != ok {
			t.Errorf("got %v, want ok: %t", r.Findings, ok)
		}
	}
	if r := b.verify(func(o *audit.VerifyOptions) { o.Keys = nil }); !r.OK() || r.SignaturesChecked || r.Checkpoints != 2 {
		t.Errorf("without keys: %+v", r)
	}
	for _, bad := range []string{"short", "boxoffice/audit+1+x"} {
		if _, err := audit.NewKeys(bad[:min(5, len(bad))], bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestCheckpointsAreWrittenAtIntervalsAndAtTheEnd(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	ctx, stop := context.WithCancel(b.ctx)
	var running sync.WaitGroup
	running.Go(func() { b.checkpoints.Run(ctx, time.Millisecond, slog.New(slog.DiscardHandler)) })
	b.until(func() bool { c, err := b.checkpoints.Newest(b.ctx); return err == nil && c.Size == 28 })
	b.happen(one, domain.CapacityChanged{Capacity: 50})
	b.until(func() bool { c, err := b.checkpoints.Newest(b.ctx); return err == nil && c.Size == 29 })
	stop()
	running.Wait()

	ctx, stop = context.WithCancel(b.ctx)
	stop()
	b.happen(one, domain.CapacityChanged{Capacity: 51})
	b.checkpoints.Run(ctx, time.Hour, slog.New(slog.DiscardHandler))
	if c, err := b.checkpoints.Newest(b.ctx); err != nil || c.Size != 30 {
		t.Errorf("the last one covers %d records, %v", c.Size, err)
	}
}

func (b *box) until(condition func() bool) {
	b.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			b.Fatal("it did not happen")
		}
	}
}

func TestWhoIsCoveredNeedNotWaitForTheNextCheckpoint(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	dbtest.Must(t, b.checkpoints.Cover(b.ctx, 28))
	b.happen(one, domain.CapacityChanged{Capacity: 21})
	began, covered := time.Now(), make(chan error, 1)
	go func() { covered <- b.checkpoints.Cover(b.ctx, 29) }() // a second after the one before
	var longest time.Duration
	for len(covered) == 0 {
		asked := time.Now()
		dbtest.Must(t, b.checkpoints.Cover(b.ctx, 28))
		longest = max(longest, time.Since(asked))
	}
	dbtest.Must(t, <-covered)
	if whole := time.Since(began); longest > whole/2 {
		t.Errorf("it took %v, of the %v until the next checkpoint", longest, whole)
	}
}
