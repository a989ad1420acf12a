package audit_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
)

// forge changes the record at position 6 and the hashes of its stream, and deletes what is stored of
// the tree. Hashes, versions and positions are right again after it.
func (b *box) forge() {
	b.Helper()
	b.tamper(`update event_log set data = replace(data::text, '63', '64')::json where position = 6`)
	b.rehash(id('e', 1), 1)
	b.dropNodes()
}

func (b *box) dropNodes() {
	b.Helper()
	if _, err := b.pool.Exec(b.ctx, `delete from audit_tree_nodes`); err != nil {
		b.Fatal(err)
	}
}

func (b *box) grow() {
	b.Helper()
	b.happen(id('e', 1), domain.CapacityChanged{Capacity: 50 + b.versions[id('e', 1)]})
}

// process is another process on the same database. keptAt may be empty.
func (b *box) process(keptAt string) (c *audit.Checkpoints, said *logtest.Buffer, metrics *prometheus.Registry) {
	b.Helper()
	said, metrics = &logtest.Buffer{}, prometheus.NewRegistry()
	c, err := audit.OpenCheckpoints(b.pool, b.keys, audit.Options{
		KeptAt: keptAt, Logger: slog.New(slog.NewJSONHandler(said, nil)), Registerer: metrics,
	})
	dbtest.Must(b, err)
	return c, said, metrics
}

// counted returns the counters by name, or by their label.
func counted(t *testing.T, metrics *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := metrics.Gather()
	dbtest.Must(t, err)
	counts := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "boxoffice_")
			for _, label := range m.GetLabel() {
				name = label.GetValue()
			}
			counts[name] = m.GetCounter().GetValue()
		}
	}
	return counts
}

// A forger with all rights on the database deletes the newest checkpoints, changes a record that
// they covered, and makes everything else fit. From the database alone nobody can tell.
func TestAServerDoesNotSignAForgeryOfWhatItHasSigned(t *testing.T) {
	t.Parallel()
	for _, deleted := range []string{"size > 28", "true"} {
		t.Run(deleted, func(t *testing.T) {
			b := open(t)
			keptAt := filepath.Join(t.TempDir(), "data", "checkpoint.txt")
			server, said, metrics := b.process(keptAt)
			write := func(c *audit.Checkpoints) error {
				t.Helper()
				_, err := c.Write(b.ctx)
				return err
			}
			b.sample()
			dbtest.Must(t, write(server))
			b.grow()
			dbtest.Must(t, write(server))
			b.tamper(`delete from audit_checkpoints where ` + deleted)
			if deleted == "true" {
				b.forge()
			} else { // what the checkpoint that is left does not cover
				b.tamper(`update event_log set data = '{"capacity": 99}' where position = 29`)
				b.rehash(id('e', 1), 1)
			}
			if r := b.verify(); !r.OK() { // nothing is left that contradicts it
				t.Errorf("got %v", r.Findings)
			}
			if _, err := b.checkpoints.Status(b.ctx); err != nil {
				t.Error(err)
			}

			b.grow()
			restarted, _, _ := b.process(keptAt)
			for name, c := range map[string]*audit.Checkpoints{"running": server, "restarted": restarted} {
				if err := write(c); !errors.Is(err, audit.ErrTampered) {
					t.Errorf("the %s server: %v", name, err)
				}
				if !errors.Is(c.Alarm(), audit.ErrTampered) {
					t.Errorf("the %s server raises no alarm: %v", name, c.Alarm())
				}
				if _, err := c.Prove(b.ctx, 29); !errors.Is(err, audit.ErrTampered) {
					t.Errorf("a receipt of the %s server: %v", name, err)
				}
				r := b.verify(func(o *audit.VerifyOptions) { o.Checkpoints = c })
				if r.OK() {
					t.Errorf("the verification of the %s server finds nothing", name)
				}
				s, err := c.Status(b.ctx)
				if err != nil || len(s.Problems) == 0 || s.Size != 29 {
					t.Errorf("the status of the %s server: %+v, %v", name, s, err)
				}
			}
			kept, err := os.ReadFile(keptAt)
			dbtest.Must(t, err)
			if r := b.verify(func(o *audit.VerifyOptions) { o.Against = []string{string(kept)} }); r.OK() {
				t.Error("nothing is found with the checkpoint that was kept")
			}
			if s, err := b.checkpoints.Status(b.ctx, string(kept)); err != nil || len(s.Problems) == 0 {
				t.Errorf("the status with the checkpoint that was kept: %+v, %v", s, err)
			}
			if !strings.Contains(said.String(), `"level":"ERROR"`) ||
				!strings.Contains(said.String(), "over 29 records, is not in the database any more") {
				t.Errorf("it says %s", said)
			}
			for what, want := range map[string]float64{"audit_sign_failures_total": 1, "checkpoints": 1, "proof": 1,
				"signing": 1, "verification": 1} {
				if got := counted(t, metrics)[what]; got != want {
					t.Errorf("%s is %v, want %v", what, got, want)
				}
			}
		})
	}
}

// The forger lets a process that knows nothing sign. The others know better.
func TestAForgeryThatAnotherProcessSignedIsNotExtended(t *testing.T) {
	b := open(t)
	b.sample()
	b.sign()
	b.tamper(`delete from audit_checkpoints`)
	b.forge()
	b.grow()
	newcomer, _, _ := b.process("")
	if written, err := newcomer.Write(b.ctx); !written || err != nil {
		t.Fatalf("a process without a memory: %v, %v", written, err)
	}
	b.grow()
	if _, err := b.checkpoints.Write(b.ctx); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("got %v", err)
	}
}

// Each process follows what the others sign.
func TestAProcessRemembersWhatOthersHaveSigned(t *testing.T) {
	b := open(t)
	b.sample()
	b.sign()
	other, _, _ := b.process("")
	if written, err := other.Write(b.ctx); written || err != nil {
		t.Fatalf("got %v, %v", written, err)
	}
	b.tamper(`delete from audit_checkpoints`)
	b.forge()
	b.grow()
	if _, err := other.Write(b.ctx); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("got %v", err)
	}
}

func TestDeletedCheckpointsOfAnHonestLogStopNothing(t *testing.T) {
	b := open(t)
	server, said, _ := b.process("")
	b.sell(id('e', 1), 500)
	_, err := server.Write(b.ctx)
	dbtest.Must(t, err)
	b.tamper(`delete from audit_checkpoints`)
	b.dropNodes()
	for range 2 {
		if err := server.Cover(b.ctx, 100); err != nil {
			t.Error(err)
		}
		if _, err := server.Prove(b.ctx, 100); err != nil {
			t.Error(err)
		}
		b.grow()
		if written, err := server.Write(b.ctx); !written || err != nil {
			t.Errorf("got %v, %v", written, err)
		}
	}
	if n := strings.Count(said.String(), "is not in the database any more"); n != 1 {
		t.Errorf("it is told %d times", n)
	}
	if r := b.verify(); !r.OK() {
		t.Errorf("got %v", r.Findings)
	}
}

func TestRowsThatAreNotCheckpointsAreReportedAndSkipped(t *testing.T) {
	t.Parallel()
	const insert = `
		insert into audit_checkpoints (size, root, compact_range, note)
		select %s, sha256('1'), sha256('1'), %s from audit_checkpoints limit 1`
	stranger, err := audit.NewKeys("another signing secret, of somebody else's")
	dbtest.Must(t, err)
	size := map[string]int64{"garbage": 1_000_000_000, "a huge size": math.MaxInt64, "signed by somebody else": 148,
		"of another log, the same key": 148}
	for name, junk := range map[string]string{
		"garbage":                     fmt.Sprintf(insert, "1000000000", "'x'"),
		"a huge size":                 fmt.Sprintf(insert, "9223372036854775807", "note"),
		"a bad signature":             fmt.Sprintf(insert, "30", "replace(note, E'\\n28\\n', E'\\n30\\n')"),
		"garbage of the size to come": fmt.Sprintf(insert, "29", "'x'"),
		"garbage before":              fmt.Sprintf(insert, "20", "''"),
		"many": fmt.Sprintf(strings.Replace(insert, "limit 1", ", generate_series(1, 40) g", 1), "29 + g",
			"'x'"),
		"a note of another size":       fmt.Sprintf(insert, "29", "note"),
		"signed by somebody else":      "stranger",
		"of another log, the same key": "other log",
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			server, said, _ := b.process("")
			b.sample()
			_, err := server.Write(b.ctx)
			dbtest.Must(t, err)
			switch junk {
			case "stranger":
				b.paste(open2(t, stranger))
			case "other log":
				b.paste(open2(t, b.keys))
			default:
				b.tamper(junk)
			}
			r := b.verify()
			if r.OK() || r.SignedUpTo != 28 {
				t.Errorf("verify: %+v", r)
			}
			for _, f := range r.Findings {
				if f.Check != audit.CheckCheckpoint || strings.Contains(f.Detail, "signed over") {
					t.Errorf("it is believed: %v", f)
				}
			}
			b.grow()
			newcomer, _, _ := b.process("")
			for _, c := range []*audit.Checkpoints{server, newcomer} {
				dbtest.Must(t, c.Cover(b.ctx, 29))
				receipt, err := c.Prove(b.ctx, 29)
				dbtest.Must(t, err)
				if s, err := receipt.Verify(b.keys); err != nil || s.Size < 29 || s.Size > b.head() {
					t.Errorf("%+v, %v", s, err)
				}
				s, err := c.Status(b.ctx)
				if err != nil || s.Size < 29 || s.Size > b.head() {
					t.Errorf("status: %+v, %v", s, err)
				}
				if size[name] > b.head() && len(s.Problems) == 0 {
					t.Errorf("status: %+v", s)
				}
				b.grow()
				if written, err := c.Write(b.ctx); !written || err != nil {
					t.Errorf("got %v, %v", written, err)
				}
			}
			if name != "garbage before" && !strings.Contains(said.String(), "a stored checkpoint is wrong") {
				t.Errorf("it says %s", said)
			}
		})
	}
}

// open2 is another database, with a log of a checkpoint that is valid there.
func open2(t *testing.T, keys *audit.Keys) *box {
	t.Helper()
	b := openWith(t, keys)
	b.sell(uuid.New(), 9)
	b.happen(id('e', 9), domain.EventScheduled{Details: concert(9), Capacity: 5})
	b.sell(uuid.New(), 100)
	b.sign()
	return b
}

// paste copies the newest checkpoint of another database.
func (b *box) paste(from *box) {
	b.Helper()
	newest, err := from.checkpoints.Newest(b.ctx)
	dbtest.Must(b, err)
	b.tamper(`insert into audit_checkpoints (size, root, compact_range, note) values ($1, $2, '', $3)`,
		newest.Size, newest.Root[:], newest.Note)
}

func TestARehashedForgeryOfAStreamIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forge    func(*box)
		position int64 // of the finding; 0: none
	}{
		"nothing is changed": {func(*box) {}, 0},
		"no stored nodes":    {func(b *box) { b.dropNodes() }, 0},
		"wrong stored nodes": {func(b *box) {
			b.tamper(`update audit_tree_nodes set hash = sha256('1')`)
		}, 0},
		"a record is changed":                {func(b *box) { b.rewrite(600) }, 513},
		"the last record is changed":         {func(b *box) { b.rewrite(b.head()) }, 1},
		"and what is stored of the tree too": {func(b *box) { b.rewrite(600); b.dropNodes() }, 1},
		"of another stream, far away": {func(b *box) {
			b.tamper(`update event_log set hash = sha256('1') where position = 7`)
		}, 0},
		"all later checkpoints are deleted, too, but the process knows": {func(b *box) {
			b.rewrite(600)
			b.tamper(`delete from audit_checkpoints`)
		}, 513},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.sell(id('e', 1), 100)
			b.sell(id('e', 3), 300)
			b.sell(id('e', 2), 400)
			b.sign()
			c.forge(b)
			r := b.verify(func(o *audit.VerifyOptions) {
				o.Stream, o.Checkpoints = id('e', 2), b.checkpoints
			})
			if c.position == 0 {
				if !r.OK() || r.Checkpoints != 1 || r.SignedUpTo != b.head() || !r.SignaturesChecked {
					t.Errorf("got %+v", r)
				}
				return
			}
			b.finds(r, audit.CheckCheckpoint, c.position, "does not prove")
			if r.SignedUpTo != 0 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// rewrite changes a record of the last stream and hashes the stream anew.
func (b *box) rewrite(position int64) {
	b.Helper()
	b.tamper(`update event_log set recorded_at = recorded_at + interval '1 microsecond' where position >= $1`, position)
	b.rehash(id('e', 2), 1)
}

func TestConsistencyIsProvedBetweenAllSizes(t *testing.T) {
	b := open(t)
	var kept []audit.Checkpoint
	for n := range 8 {
		b.sell(id('e', n), []int{3, 1, 200, 7, 60, 300, 2, 9}[n])
		kept = append(kept, b.sign())
	}
	b.tamper(`delete from audit_checkpoints where size = $1`, kept[2].Size) // the proof is to the later one
	for i, older := range kept {
		for j, newer := range kept[i:] {
			if i+j == 2 {
				continue
			}
			p, err := b.checkpoints.Consistency(b.ctx, older.Size, newer.Size)
			dbtest.Must(t, err)
			from, to, err := p.Verify(b.keys, older.Note, newer.Note)
			if err != nil || from.Size != older.Size || to.Size != newer.Size || p.Checkpoint != newer.Note {
				t.Fatalf("%d to %d: %v", older.Size, newer.Size, err)
			}
			if i+j == i {
				continue
			}
			for name, wrong := range map[string]func() error{
				"the other way round": func() error { _, _, err := p.Verify(b.keys, newer.Note, older.Note); return err },
				"a path cut off": func() error {
					short := audit.Consistency{Path: p.Path[1:]}
					_, _, err := short.Verify(b.keys, older.Note, newer.Note)
					return err
				},
				"a path that is none": func() error {
					none := audit.Consistency{Path: []string{"x"}}
					_, _, err := none.Verify(b.keys, older.Note, newer.Note)
					return err
				},
			} {
				if wrong() == nil {
					t.Errorf("%d to %d: %s is accepted", older.Size, newer.Size, name)
				}
			}
		}
	}
	last := kept[len(kept)-1]
	if _, err := b.checkpoints.Consistency(b.ctx, 1, last.Size-1); !errors.Is(err, audit.ErrNoCheckpoint) {
		t.Errorf("a size without a checkpoint: %v", err)
	}
	if _, err := b.checkpoints.Consistency(b.ctx, last.Size+1, last.Size); !errors.Is(err, audit.ErrNotThatLong) {
		t.Errorf("a size beyond: %v", err)
	}
}

// Whoever has kept a checkpoint can tell a forgery without the log.
func TestNoConsistencyIsProvedWithAForgery(t *testing.T) {
	b := open(t)
	b.sample()
	honest := b.sign()
	b.tamper(`delete from audit_checkpoints`)
	b.forge()
	b.grow()
	forger, _, _ := b.process("")
	_, err := forger.Write(b.ctx)
	dbtest.Must(t, err)
	forged, err := forger.Newest(b.ctx)
	dbtest.Must(t, err)
	p, err := forger.Consistency(b.ctx, honest.Size, forged.Size)
	dbtest.Must(t, err)
	if _, _, err := p.Verify(b.keys, honest.Note, forged.Note); !errors.Is(err, audit.ErrTampered) {
		t.Errorf("got %v", err)
	}
	other, err := open2(t, b.keys).checkpoints.Newest(b.ctx)
	dbtest.Must(t, err)
	if _, _, err := p.Verify(b.keys, honest.Note, other.Note); !errors.Is(err, audit.ErrTampered) ||
		!strings.Contains(err.Error(), "different logs") {
		t.Errorf("checkpoints of two logs: %v", err)
	}
}

// Checkpoints of earlier versions of the program do not name their log.
func TestCheckpointsWithoutTheNameOfTheirLogAreExtended(t *testing.T) {
	b := open(t)
	b.sample()
	root := naiveRoot(b)
	old, err := b.keys.Sign(audit.Statement{Origin: audit.Origin, Size: 28, Root: root})
	dbtest.Must(t, err)
	b.tamper(`insert into audit_checkpoints (size, root, compact_range, note) values (28, $1, '', $2)`, root[:], old)
	b.grow()
	newer := b.sign()
	if r := b.verify(); !r.OK() || r.Checkpoints != 2 {
		t.Errorf("got %+v", r)
	}
	p, err := b.checkpoints.Consistency(b.ctx, 28, 29)
	dbtest.Must(t, err)
	if _, to, err := p.Verify(b.keys, old, newer.Note); err != nil || !strings.HasPrefix(to.Origin, audit.Origin+"/") {
		t.Errorf("got %+v, %v", to, err)
	}
}
