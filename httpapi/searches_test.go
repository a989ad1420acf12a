package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// slowSearches is a database whose searches keep their connection until they are let go.
type slowSearches struct {
	*pgxpool.Pool
	let chan struct{}
}

func (s slowSearches) wait(ctx context.Context, sql string) {
	if !strings.Contains(sql, "search_key like") {
		return
	}
	conn, err := s.Acquire(ctx)
	if err != nil {
		return
	}
	defer conn.Release()
	select {
	case <-s.let:
	case <-ctx.Done():
	case <-time.After(soon): // a failed test ends all the same
	}
}

func (s slowSearches) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	s.wait(ctx, sql)
	return s.Pool.Query(ctx, sql, args...)
}

func (s slowSearches) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	s.wait(ctx, sql)
	return s.Pool.QueryRow(ctx, sql, args...)
}

func TestAFloodOfSearchesLeavesConnectionsToOtherReads(t *testing.T) {
	t.Parallel()
	const connections, searches = 4, 12
	s := start(t)
	s.schedule(1)
	pool := dbtest.Connect(t, s.db, dbtest.MaxConns(connections))
	slow := slowSearches{pool, make(chan struct{})}
	o := s.options
	o.Events, o.Searches, o.SearchTimeout = projections.NewEvents(slow), httpapi.NewAdmission(connections/2), time.Minute
	s.url = s.serve(o)
	token := s.token(account.Customer)
	answers := make(chan answer, searches)
	for i := range searches {
		go func() {
			a, err := s.try("GET", fmt.Sprintf("/events?search=nothing+%d", i), token, "")
			if err != nil {
				t.Error(err)
			}
			answers <- a
		}()
	}
	eventually(t, "as many search as may", func() bool {
		return int(pool.Stat().AcquiredConns()) >= connections/2
	})
	for range 2 * connections {
		s.want(s.call("GET", "/events?upcoming=true", token, nil, "Cache-Control", "no-cache"), 200, "")
	}
	if used := int(pool.Stat().AcquiredConns()); used != connections/2 || len(answers) > 0 {
		t.Errorf("searches use %d connections, want %d; %d are answered", used, connections/2, len(answers))
	}

	o.SearchTimeout = time.Millisecond
	late := *s
	late.url = s.serve(o)
	a := s.want(late.call("GET", "/events?search=late", token, nil), 503, "busy")
	if a.header.Get("Retry-After") == "" {
		t.Error("a search that came too late is not told when to come again")
	}
	close(slow.let)
	for range searches {
		s.want(within(t, "those that wait get their turn", answers), 200, "")
	}
	if n := o.Searches.Held() + o.Searches.Waiting(); n != 0 {
		t.Errorf("%d searches are left", n)
	}
}
