package httpapi_test

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/account"
)

// With many attendees, which are read page by page. The goals, on a quiet machine: 100,000 rows in 2 s,
// with at most 50 MB of memory more than before.
//
//	ATTENDEES=100000 go test ./httpapi -run TestManyAttendees -v
func TestManyAttendees(t *testing.T) {
	t.Parallel()
	n, _ := strconv.Atoi(os.Getenv("ATTENDEES"))
	isMeasured := n > 0
	n = cmp.Or(n, 4_001) // more than two pages of a file
	s := start(t)
	event, token := s.schedule(1), s.token(account.Organizer)
	s.fill(event, n)
	s.fill(s.schedule(1), 2*n)

	var most atomic.Uint64
	before, stop, began := heap(), watchHeap(&most), time.Now()
	lines := s.download("/desk/events/"+event+"/attendees.csv", token)
	took := time.Since(began)
	stop()
	if lines != n+1 {
		t.Errorf("got %d lines, want %d", lines, n+1)
	}
	if isMeasured {
		t.Logf("the file: %s, %d MB more", took, (max(most.Load(), before)-before)>>20)
	}
	for _, query := range []string{
		"", "search=user77@of", "search=zzzzzz", "search=zoe", "search=zq", "checkedIn=false", "checkedIn=true",
	} {
		began := time.Now()
		s.download("/desk/events/"+event+"/attendees?"+query, token)
		if isMeasured {
			t.Logf("%q: %s", query, time.Since(began))
		}
	}
	var scans int
	eventually(t, "a search has used the index", func() bool {
		must(t, s.pool.QueryRow(t.Context(), `
			select idx_scan from pg_stat_user_indexes where indexrelname = 'users_by_words'`).Scan(&scans))
		return scans > 0
	})
}

// fill writes rows of bookings of an event, each with an account.
func (s *system) fill(event string, n int) {
	s.Helper()
	_, err := s.pool.Exec(context.Background(), `
		with people as (
			insert into users (id, email, name, password_hash, created_at, updated_at)
			select gen_random_uuid(), 'user' || i || '@of' || $1::text || '.example.com',
				(array['Zoë', 'Łukasz', 'Ann', '=Björn'])[1 + i % 4] || ' ' || md5(i::text), 'x', now(), now()
			from generate_series(1, $2::int) i
			returning id
		)
		insert into bookings (id, event_id, user_id, status, created_at, version, lines, currency)
		select gen_random_uuid(), $1::text::uuid, id, 'CONFIRMED', now() + random() * interval '1 day', 1,
			'[{"type":1,"quantity":1,"price":100}]', 'EUR'
		from people`, event, n)
	must(s, err)
	_, err = s.pool.Exec(context.Background(), `vacuum (analyze) users, bookings`)
	must(s, err)
}

// download reads an answer as it comes, and counts its lines.
func (s *system) download(path, token string) (lines int) {
	s.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.url+path, nil)
	must(s, err)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	must(s, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	if answer.StatusCode != http.StatusOK {
		s.Fatalf("got %s", answer.Status)
	}
	for in := bufio.NewReader(answer.Body); ; lines++ {
		if _, err := in.ReadString('\n'); err == io.EOF {
			return lines
		} else {
			must(s, err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watchHeap notes the largest heap until it is stopped.
func watchHeap(most *atomic.Uint64) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			}
		}
	}()
	return func() { close(done); <-stopped }
}
