package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestEverySignedCheckpointIsLoggedAndGoesToEachWitness(t *testing.T) {
	b := open(t)
	var posted atomic.Int64
	var fails atomic.Bool
	fails.Store(true)
	address := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line, err := io.ReadAll(r.Body)
		var s struct{ Note string }
		if fails.Swap(false) || err != nil || json.Unmarshal(line, &s) != nil || r.Method != http.MethodPost {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		if _, err := b.keys.Open(s.Note); err != nil {
			t.Errorf("it got %s", line)
		}
		posted.Add(1)
	}))
	t.Cleanup(address.Close)
	path := filepath.Join(t.TempDir(), "witness.jsonl")
	said := &logtest.Buffer{}
	logger := slog.New(slog.NewJSONHandler(said, nil))
	var each []audit.Witness
	for _, text := range []string{path, strings.Replace(address.URL, "http://", "http://me:hunter2@", 1)} {
		w, err := audit.ParseWitness(text)
		dbtest.Must(t, err)
		each = append(each, w)
	}
	witnesses, err := audit.NewWitnesses(logger, prometheus.NewRegistry(), each...)
	dbtest.Must(t, err)
	server, err := audit.OpenCheckpoints(b.pool, b.keys, audit.Options{Signed: witnesses.Signed, Logger: logger})
	dbtest.Must(t, err)
	ctx, stop := context.WithCancel(b.ctx)
	var running sync.WaitGroup
	running.Go(func() { witnesses.Run(ctx) })
	b.sample()
	for range 3 {
		written, err := server.Write(b.ctx)
		if err != nil || !written {
			t.Fatal(written, err)
		}
		b.grow()
	}
	if !waittest.Until(time.Minute, func() bool { return posted.Load() == 3 }) {
		t.Fatalf("%d were posted: %s", posted.Load(), said)
	}
	stop()
	running.Wait()

	if n := strings.Count(said.String(), `\n\n— boxoffice/audit/`); n != 3 || strings.Contains(said.String(), "hunter2") ||
		!strings.Contains(said.String(), "it answered 503") {
		t.Errorf("%d are logged: %s", n, said)
	}
	kept, err := os.ReadFile(path)
	dbtest.Must(t, err)
	notes, err := audit.NotesIn(string(kept))
	if err != nil || len(notes) != 3 {
		t.Fatalf("the file has %v, %v", notes, err)
	}
	if notes, err := audit.NotesIn(string(kept) + `{"size":3,"ro`); err != nil || len(notes) != 3 {
		t.Errorf("with half a line: %v, %v", notes, err)
	}
	if _, err := audit.NotesIn("{}\n" + string(kept)); err == nil {
		t.Error("a line without a checkpoint is accepted")
	}
	against := func(o *audit.VerifyOptions) { o.Against = notes }
	if r := b.verify(against); !r.OK() || r.Checkpoints != 6 {
		t.Errorf("got %+v", r)
	}
	b.tamper(`delete from audit_checkpoints`)
	b.forge()
	b.finds(b.verify(against), audit.CheckCheckpoint, 1, "kept elsewhere was signed over other records")
}

// The database was forged while no server ran, and none has a memory or a DATA_DIR.
func TestAServerSignsNoForgeryOfWhatAWitnessHas(t *testing.T) {
	b := open(t)
	path := filepath.Join(t.TempDir(), "witness.jsonl")
	start := func() *audit.Checkpoints {
		t.Helper()
		witnesses := witnessesAt(t, path)
		delivered, stop := context.WithCancel(b.ctx)
		stop() // what is signed is delivered at the end
		c, err := audit.OpenCheckpoints(b.pool, b.keys, audit.Options{
			Witnessed: witnesses.Newest,
			Signed:    func(s audit.Checkpoint) { witnesses.Signed(s); witnesses.Run(delivered) },
		})
		dbtest.Must(t, err)
		return c
	}
	b.sample()
	signing := start()
	for range 300 { // more than the end of the file that is read
		_, err := signing.Write(b.ctx)
		dbtest.Must(t, err)
		b.grow()
	}
	kept, err := os.ReadFile(path)
	dbtest.Must(t, err)
	honest := start()
	if written, err := honest.Write(b.ctx); !written || err != nil {
		t.Fatalf("an honest log: %v, %v", written, err)
	}

	b.tamper(`delete from audit_checkpoints`)
	b.forge()
	b.grow()
	for what, text := range map[string]string{
		"all lines": string(kept), "half a line at the end": string(kept) + `{"size":3,"ro`,
		"other lines": string(kept) + "{}\nx\n",
	} {
		dbtest.Must(t, os.WriteFile(path, []byte(text), 0o600))
		c := start()
		if _, err := c.Write(b.ctx); !errors.Is(err, audit.ErrTampered) || c.Alarm() == nil {
			t.Errorf("%s: %v, and the alarm is %v", what, err, c.Alarm())
		}
	}
	dbtest.Must(t, os.WriteFile(path, []byte("nothing signed\n"), 0o600))
	if _, err := start().Write(b.ctx); !errors.Is(err, audit.ErrNotSigned) {
		t.Errorf("a file without a checkpoint: %v", err)
	}
	dbtest.Must(t, os.Remove(path))
	if written, err := start().Write(b.ctx); !written || err != nil {
		t.Errorf("without any witness: %v, %v", written, err)
	}
}

// The log must be an extension of all that was kept, not of the largest only.
func TestAServerComparesAllThatWasKept(t *testing.T) {
	b := open(t)
	keptAt := filepath.Join(t.TempDir(), "checkpoint.txt")
	first, _, _ := b.process(keptAt)
	b.sample()
	_, err := first.Write(b.ctx)
	dbtest.Must(t, err)
	b.tamper(`delete from audit_checkpoints`)
	b.forge()
	b.grow()
	_, err = b.checkpoints.Write(b.ctx) // by a process that knows nothing
	dbtest.Must(t, err)
	forged := b.checkpoints.Last()
	restarted, err := audit.OpenCheckpoints(b.pool, b.keys, audit.Options{
		KeptAt: keptAt, Witnessed: func(*audit.Keys) ([]audit.Checkpoint, error) { return []audit.Checkpoint{forged}, nil },
	})
	dbtest.Must(t, err)
	for range 2 {
		if _, err := restarted.Write(b.ctx); !errors.Is(err, audit.ErrTampered) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAWitnessIsAPathOrAnAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"witness.jsonl", "./x", "ftp://h/x", "http://", "https:///x", "nats://h"} {
		if w, err := audit.ParseWitness(bad); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v, %v", bad, w, err)
		}
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("it follows redirects")
	}))
	t.Cleanup(elsewhere.Close)
	address := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(address.Close)
	w, err := audit.ParseWitness(address.URL + "/path?token=hunter2")
	dbtest.Must(t, err)
	if err := w.Send(context.Background(), []byte("{}")); err == nil || w.Name() != address.URL {
		t.Errorf("%s: %v", w.Name(), err)
	}
	address.Close()
	if err := w.Send(context.Background(), []byte("{}")); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// What is signed when the process stops is handed over, and a witness that does not answer holds up
// nobody for long.
func TestWhatIsLeftIsDeliveredAtTheEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "witness.jsonl")
	witnesses := witnessesAt(t, path, silent{})
	ctx, stop := context.WithCancel(context.Background())
	stop()
	for size := range int64(3) {
		witnesses.Signed(audit.Checkpoint{Size: size, Note: fmt.Sprint("note ", size)})
	}
	witnesses.Run(ctx)
	kept, err := os.ReadFile(path)
	dbtest.Must(t, err)
	if notes, err := audit.NotesIn(string(kept)); err != nil || fmt.Sprint(notes) != "[note 0 note 1 note 2]" {
		t.Errorf("the file has %v, %v", notes, err)
	}
}

// witnessesAt are the file at path, and others.
func witnessesAt(t *testing.T, path string, others ...audit.Witness) *audit.Witnesses {
	t.Helper()
	file, err := audit.ParseWitness(path)
	dbtest.Must(t, err)
	witnesses, err := audit.NewWitnesses(
		slog.New(slog.DiscardHandler), prometheus.NewRegistry(), append([]audit.Witness{file}, others...)...)
	dbtest.Must(t, err)
	return witnesses
}

type silent struct{}

func (silent) Name() string { return "silent" }

func (silent) Send(ctx context.Context, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}
