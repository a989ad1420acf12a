package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestTooFewConnectionsAreRefusedWithTheNumbers(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	admin := administer(t, address)
	role := fmt.Sprintf("few_%d", time.Now().UnixNano())
	admin.do(`create role ` + role + ` login password 'secret' connection limit 20`)
	t.Cleanup(func() {
		_, _ = dbtest.Connect(t, address).Exec(context.Background(), `drop role `+role)
	})
	few, err := url.Parse(address)
	must(t, err)
	few.User = url.UserPassword(role, "secret")
	out, err := command(secretsFor(few.String()), "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(out),
		"this process needs 78 connections to the database, and 20 are allowed (the role's CONNECTION LIMIT 20)") {
		t.Errorf("got %v: %s", err, out)
	}

	plain, err := pgx.Connect(t.Context(), few.String())
	must(t, err)
	defer plain.Close(t.Context())            //nolint:errcheck // of a test
	for sql, allowed := range map[string]int{ // 597: of the server's 600, 3 are reserved
		`alter role ` + role + ` connection limit 30`:                                                   30,
		`alter role ` + role + ` connection limit -1`:                                                   597,
		`alter database ` + pgx.Identifier{plain.Config().Database}.Sanitize() + ` connection limit 40`: 40,
	} {
		if strings.Contains(sql, "database") {
			admin.do(`alter role ` + role + ` connection limit 300`)
		} else {
			admin.do(`alter database ` + pgx.Identifier{plain.Config().Database}.Sanitize() + ` connection limit -1`)
		}
		admin.do(sql)
		if err := checkLimit(t.Context(), plain, allowed); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if err := checkLimit(t.Context(), plain, allowed+1); err == nil {
			t.Errorf("%s: %d are allowed", sql, allowed+1)
		}
	}
}
