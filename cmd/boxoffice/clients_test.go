package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// oapi-codegen makes a client of the OpenAPI 3.0 document, which compiles and books. What it makes is
// in a directory of the test.
func TestGeneratedClientsBook(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	p := serve(t, secretsFor(newSeededDatabase(t)), "--seed")
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS("../../scripts/clients")))
	must(t, os.Mkdir(filepath.Join(dir, "api"), 0o700))
	document := filepath.Join(dir, "openapi.json")
	must(t, os.WriteFile(document, p.send("GET", "/openapi-3.0.json", "", nil), 0o600))
	run := func(args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "go", args...)
		command.Dir, command.Env = dir, append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -mod=mod", "GOWORK=off")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("tool", "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", "api/api.gen.go", document)
	out := run("run", ".", p.api, p.limitedConcert(p.login("alice")))
	if !strings.Contains(out, "was refused with already_booked") {
		t.Errorf("got %s", out)
	}
}
