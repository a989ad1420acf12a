package audit_test

import (
	"context"
	"encoding/json"
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
		must(t, err)
		each = append(each, w)
	}
	witnesses, err := audit.NewWitnesses(logger, prometheus.NewRegistry(), each...)
	must(t, err)
	server, err := audit.OpenCheckpoints(b.pool, b.keys, audit.Options{Signed: witnesses.Signed, Logger: logger})
	must(t, err)
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
	if !waittest.Until(20*time.Second, func() bool { return posted.Load() == 3 }) {
		t.Fatalf("%d were posted: %s", posted.Load(), said)
	}
	stop()
	running.Wait()

	if n := strings.Count(said.String(), `\n\n— boxoffice/audit/`); n != 3 || strings.Contains(said.String(), "hunter2") ||
		!strings.Contains(said.String(), "it answered 503") {
		t.Errorf("%d are logged: %s", n, said)
	}
	kept, err := os.ReadFile(path)
	must(t, err)
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
	must(t, err)
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
	file, err := audit.ParseWitness(path)
	must(t, err)
	witnesses, err := audit.NewWitnesses(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), file, silent{})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	for size := range int64(3) {
		witnesses.Signed(audit.Checkpoint{Size: size, Note: fmt.Sprint("note ", size)})
	}
	witnesses.Run(ctx)
	kept, err := os.ReadFile(path)
	must(t, err)
	if notes, err := audit.NotesIn(string(kept)); err != nil || fmt.Sprint(notes) != "[note 0 note 1 note 2]" {
		t.Errorf("the file has %v, %v", notes, err)
	}
}

type silent struct{}

func (silent) Name() string { return "silent" }

func (silent) Send(ctx context.Context, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}
