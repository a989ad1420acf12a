package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestServersAreNamedByAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"host=::1 user=x", "host=localhost user=x", "localhost", "::"} {
		if _, err := openServer(t.Context(), address); err == nil || !strings.Contains(err.Error(), "must be an address") {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

// The server of PGHOST or of this machine has nothing to do with a private one that did not start.
func TestAServerThatDidNotStartIsNotAsked(t *testing.T) {
	t.Setenv("PGHOST", "/nowhere")
	s := &server{dir: filepath.Join(t.TempDir(), "private"), template: newName()}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("its directory is left: %v", err)
	}
}

// A database of EUC_JP takes no client that wants WIN1251, which one of UTF-8 does: it can be made,
// and not be connected to.
func TestADatabaseThatCannotBeUsedIsDropped(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	address, err := url.Parse(dbtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("client_encoding", "WIN1251")
	address.RawQuery = query.Encode()
	s := &server{url: address.String(), template: newName()}
	err = s.admin(t.Context(), "create database "+s.template+
		" template template0 encoding 'EUC_JP' lc_collate 'C' lc_ctype 'C'")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.create(t.Context()); err == nil || !strings.Contains(err.Error(), "WIN1251") {
		t.Fatalf("got %v", err)
	}
	conn, err := pgx.Connect(t.Context(), s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // nothing is lost with it
	var left int
	err = conn.QueryRow(t.Context(), `
		select count(*) from pg_database where pg_encoding_to_char(encoding) = 'EUC_JP' and datname <> $1`,
		s.template).Scan(&left)
	if err != nil || left > 0 {
		t.Errorf("%d databases are left: %v", left, err)
	}
}
