package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/config"
)

func TestTheProblemsOfAllPackagesAreListedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Parse(map[string]string{
		"DATABASE_URL": "postgres://localhost/booking_db", "DATABASE_READ_URL": "postgres://user:hunter2@host:no-port/db",
		"EVENT_BUS_URL": "http://user:hunter2@host:4222", "JWT_ACCESS_SECRET_PREVIOUS": "short-hunter2",
		"AUDIT_SIGNING_KEY": "short-hunter2",
		"AUDIT_PUBLIC_KEYS": "hunter",
	}, checkSecrets, checkAudit, checkBus, checkReplicas)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"DATABASE_READ_URL: it is not", "EVENT_BUS_URL: it is not", "JWT_ACCESS_SECRET_PREVIOUS must have at least 16",
		"JWT_ACCESS_SECRET is needed", "JWT_REFRESH_SECRET is needed", "AUDIT_SIGNING_KEY must have", "AUDIT_PUBLIC_KEYS: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is repeated: %v", err)
	}
	if _, err := config.Parse(map[string]string{"DATABASE_READ_URL": "postgres://replica/booking_db"},
		checkReplicas); err == nil {
		t.Error("replicas of the program's own PostgreSQL were accepted")
	}
}

func TestWhoOnlyLooksIntoADatabaseNeedsNoSecrets(t *testing.T) {
	t.Parallel()
	values := map[string]string{"DATABASE_URL": "postgres://localhost/booking_db"}
	if _, err := config.Parse(maps.Clone(values)); err != nil {
		t.Error(err)
	}
	if _, err := config.Parse(values, checkSecrets); err == nil {
		t.Error("a program that signs would make up a secret of its own")
	}
}

func TestPlaceholdersAndShortSecretsAreRefusedInProduction(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile(filepath.Join("..", "..", ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	placeholders := map[string]string{}
	secrets := regexp.MustCompile(`(?m)^(?:# )?([A-Z_]+_(?:SECRET|KEY))=(.+)$`)
	for _, m := range secrets.FindAllStringSubmatch(string(example), -1) {
		placeholders[m[1]] = m[2]
		if strings.HasPrefix(m[1], "JWT_") { // tokens that it signed would be believed, too
			placeholders[m[1]+"_PREVIOUS"] = m[2]
		}
	}
	if len(placeholders) != 5 {
		t.Fatalf("the placeholders are %v", placeholders)
	}
	good := map[string]string{
		"APP_ENV": "production", "DATABASE_URL": "postgres://localhost/booking_db",
		"JWT_ACCESS_SECRET": strings.Repeat("a", 32), "JWT_REFRESH_SECRET": strings.Repeat("b", 32),
		"JWT_ACCESS_SECRET_PREVIOUS": strings.Repeat("c", 32), "JWT_REFRESH_SECRET_PREVIOUS": strings.Repeat("d", 32),
		"AUDIT_SIGNING_KEY": strings.Repeat("e", 32),
	}
	if _, err := config.Parse(maps.Clone(good), checkSecrets, checkAudit); err != nil {
		t.Fatal(err)
	}
	for name, placeholder := range placeholders {
		for _, secret := range []string{placeholder, "Your_Secret_Here_And_Some_More_Bytes",
			"change-me-change-me-change-me-change-me", strings.Repeat("x", 31)} {
			values := maps.Clone(good)
			values[name] = secret
			_, err := config.Parse(values, checkSecrets, checkAudit)
			if err == nil || !strings.Contains(err.Error(), name+" ") || !strings.Contains(err.Error(), "1 problem(s)") {
				t.Errorf("%s=%s in production: got %v", name, secret, err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the secret is repeated: %v", err)
			}
		}
		values := maps.Clone(good)
		values["APP_ENV"], values[name] = "development", placeholder
		if _, err := config.Parse(values, checkSecrets, checkAudit); err != nil {
			t.Errorf("%s in development: %v", name, err)
		}
	}
}
