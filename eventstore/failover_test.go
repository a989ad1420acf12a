package eventstore_test

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// A server that is stopped, whose data are copied like those of a replica, and which is started
// again on the same address with what the copy has.
type replaced struct {
	testing.TB
	dir  string
	port int
	*embeddedpg.Server
}

// startReplaced starts one with the tables of the migrations.
func startReplaced(t *testing.T) *replaced {
	t.Helper()
	dbtest.Slow(t)
	dir, err := os.MkdirTemp("", "boxoffice-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	dbtest.Must(t, dbtest.Prepare(dir))
	r := &replaced{TB: t, dir: dir}
	r.start()
	t.Cleanup(func() { _ = r.Stop() })
	return r
}

func (r *replaced) start() {
	r.Helper()
	server, err := embeddedpg.Start(r.Context(), embeddedpg.Options{Dir: r.dir, Port: r.port,
		Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		r.Fatal(err)
	}
	address, err := url.Parse(server.URL())
	if err != nil {
		r.Fatal(err)
	}
	r.port, _ = strconv.Atoi(address.Port())
	r.Server = server
}

func (r *replaced) stop() {
	r.Helper()
	if err := r.Stop(); err != nil {
		r.Fatal(err)
	}
}

func (r *replaced) run(name string, args ...string) {
	r.Helper()
	if out, err := exec.CommandContext(r.Context(), name, args...).CombinedOutput(); err != nil {
		r.Fatalf("%s: %v: %s", name, err, out)
	}
}

// The replica lacks the newest commits, and another process has booked on it before the one that
// remembers them: the same number of records, so that no version is in the way, and more of them.
func TestAFailoverThatLosesCommitsLeavesNoForkInTheHistory(t *testing.T) {
	t.Parallel()
	for name, others := range map[string]int{"as many records": 1, "more records": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startReplaced(t)
			pool := newPool(t, server.URL(), 4, nil)
			b := bundle{url: server.URL(), pool: pool, log: eventstore.NewLog(pool)}
			stream := b.schedule(t, 100)
			remembers, another := b.process(t, options{}), b.process(t, options{})
			customers := newIDs(3 + others)
			mustBook(t, remembers, stream, customers[0])

			behind := filepath.Join(t.TempDir(), "replica")
			server.stop()
			server.run("cp", "-a", server.DataDir(), behind)
			server.start()
			mustBook(t, remembers, stream, customers[1])
			server.stop()
			server.run("rm", "-r", server.DataDir())
			server.run("cp", "-a", behind, server.DataDir())
			server.start()

			for _, c := range customers[3:] {
				mustBook(t, another, stream, c)
			}
			if _, err := remembers.book(t.Context(), stream, customers[3]); !errors.Is(err, domain.ErrAlreadyBooked) {
				t.Errorf("got %v for somebody who has booked elsewhere", err)
			}
			mustBook(t, remembers, stream, customers[2])
			pool.Reset() // it asks connections whether they are alive only after a second
			b.auditSold(t, stream, 2+others)
		})
	}
}
