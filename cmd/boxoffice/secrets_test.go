package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/config"
)

func TestSecretsOfAnInstallationAreMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	names := []string{"jwt-access.secret", "jwt-refresh.secret", "audit-signing.secret", "postgres.password", "pgpass"}
	first := map[string]string{}
	for range 2 {
		if err := makeSecrets(dir, ""); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text := read(name)
			if first[name] == "" {
				first[name] = text
			}
			if text != first[name] || text == "" {
				t.Errorf("%s has changed from %q to %q", name, first[name], text)
			}
		}
	}
	if _, err := config.Parse(map[string]string{
		"APP_ENV": "production", "DATABASE_URL": "postgresql://postgres@postgres:5432/booking_db",
		"JWT_ACCESS_SECRET_FILE":  filepath.Join(dir, "jwt-access.secret"),
		"JWT_REFRESH_SECRET_FILE": filepath.Join(dir, "jwt-refresh.secret"),
		"AUDIT_SIGNING_KEY_FILE":  filepath.Join(dir, "audit-signing.secret"),
	}, checkSecrets, checkAudit); err != nil {
		t.Errorf("production does not accept them: %v", err)
	}
}

func TestAChosenPasswordReachesTheDriver(t *testing.T) {
	dir := t.TempDir()
	const password = `a:b\c d`
	if err := makeSecrets(dir, password); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "postgres.password")); err != nil || string(text) != password {
		t.Errorf("got %q, %v", text, err)
	}
	t.Setenv("PGPASSFILE", filepath.Join(dir, "pgpass"))
	c, err := pgx.ParseConfig("postgresql://postgres@postgres:5432/booking_db")
	if err != nil || c.Password != password {
		t.Errorf("got %q, %v", c.Password, err)
	}
}
