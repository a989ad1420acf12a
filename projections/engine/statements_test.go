package engine_test

import (
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestALongPageCostsAFewStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basket := b.open("E")
	b.add(basket, 4000)
	counter := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(connections),
		counter.Trace)
	b.startOn(pool).Reaches(b.head)
	if n := counter.Count("begin", "insert into", "with moved", "commit", "select id"); n > 7*len(names()) {
		t.Errorf("%d statements for one page of each projection:\n%s", n, counter)
	}
	b.checkFold()
}

// Most columns of a row stay as they are with each record, and some rows are wide.
func TestARowIsUpdatedInTheColumnsThatHaveChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sent := &dbtest.Statements{}
	p := b.startOn(dbtest.Connect(t, b.URL, dbtest.MaxConns(connections),
		sent.Trace))
	basket := b.open("E")
	p.Reaches(b.head)
	for range 3 {
		b.add(basket, 1)
		p.Reaches(b.head)
	}
	const want = "update baskets set items = $1::bigint, last = $2::timestamptz where id = $3"
	if sent.Count(want) < 3 || sent.Count("update baskets set label") > 0 {
		t.Errorf("want three times %q, got:\n%s", want, sent)
	}
	b.checkFold()
}
