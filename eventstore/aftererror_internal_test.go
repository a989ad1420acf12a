package eventstore

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// The table in the package comment and afterError say the same, and the table leaves nothing out.
func TestWhatFollowsAnErrorIsAsTheTableSays(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string][]error{
		"connection lost": {fmt.Errorf("%w: %w", errConnectionLost, &pgconn.PgError{Code: "57P01"})},
		"conflict": {
			&pgconn.PgError{Code: "23505", ConstraintName: "event_log_stream_version"},
			&pgconn.PgError{Code: "23505", ConstraintName: "idempotency_keys_pkey"},
			&pgconn.PgError{Code: "23514", Message: gapMessage},
		},
		"lock timeout":  {&pgconn.PgError{Code: "55P03"}},
		"anything else": {errors.New("else"), &pgconn.PgError{Code: "42P01"}, &pgconn.PgError{Code: "23514"}},
	}
	truths := map[string][]bool{"any": {false, true}, "no": {false}, "yes": {true}}
	row := regexp.MustCompile(`(?m)^//\t([a-z ]+?)  +(any|no|yes)  +(any|no|yes)  +(.+)$`)
	covered := map[string]bool{}
	for _, r := range row.FindAllStringSubmatch(string(doc), -1) {
		if kinds[r[1]] == nil {
			t.Errorf("the table names an unknown error: %s", r[1])
		}
		for i, err := range kinds[r[1]] {
			for _, locked := range truths[r[2]] {
				for _, lost := range truths[r[3]] {
					if got := afterError(err, locked, lost); string(got) != r[4] {
						t.Errorf("%v, locked %t, lost %t: got %q, and the table says %q", err, locked, lost, got, r[4])
					}
					covered[fmt.Sprint(r[1], i, locked, lost)] = true
				}
			}
		}
	}
	cases := 0
	for _, errs := range kinds {
		cases += 4 * len(errs)
	}
	if len(covered) != cases {
		t.Errorf("the table has %d of %d cases", len(covered), cases)
	}
}
