package dbtest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestSigningInTakesOneIteration(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Skip("the server is not one of the tests")
	}
	// That one can sign in is shown by the connection.
	var stored string
	if err := dbtest.Pool(t).QueryRow(t.Context(),
		`select rolpassword from pg_authid where rolname = current_user`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "SCRAM-SHA-256$1:") {
		t.Errorf("got %.20s", stored)
	}
}
