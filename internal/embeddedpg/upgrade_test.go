//go:build unix

package embeddedpg_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

var upgradeSteps = regexp.MustCompile("(?s)```sh\n(cd \"\\$DATA_DIR/postgres\" && mv data old.*?)```")

// The steps of docs/operations/backup.md, from the oldest to the newest version that is installed
// with all its programs.
func TestAClusterIsUpgradedAsTheGuideSays(t *testing.T) {
	t.Parallel()
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_upgrade")
	if err != nil {
		t.Fatal(err)
	}
	if len(installed) < 2 {
		t.Skip("needs two versions of PostgreSQL below /usr/lib/postgresql")
	}
	slices.Sort(installed) // all have two digits
	oldBin, newBin := filepath.Dir(installed[0]), filepath.Dir(installed[len(installed)-1])

	dir := openDir(t)
	o := options(dir)
	o.BinDir = oldBin
	before, err := embeddedpg.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exchange(before.URL(), "CREATE TABLE kept AS SELECT 'yes' AS answer"); err != nil {
		t.Fatal(err)
	}
	stop(t, before)

	guide, err := os.ReadFile(filepath.FromSlash("../../docs/operations/backup.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := upgradeSteps.FindStringSubmatch(string(guide))
	if found == nil {
		t.Fatal("the guide has no steps")
	}
	chosen := strings.NewReplacer("/usr/lib/postgresql/15/bin", oldBin, "/usr/lib/postgresql/17/bin", newBin)
	steps := chosen.Replace(found[1])
	if strings.Contains(newBin, "/18/") {
		steps = strings.Replace(steps, "initdb -D new", "initdb --no-data-checksums -D new", 1)
	}
	sh := asOwner(t, dataOf(dir), "sh", "-eu", "-c", steps)
	if sh.SysProcAttr != nil { // we are root: the directory has to be the user's too
		owner := sh.SysProcAttr.Credential
		for _, path := range []string{"", "password"} {
			if err := os.Chown(filepath.Join(dir, "postgres", path), int(owner.Uid), int(owner.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	sh.Dir = dir
	sh.Env = append(os.Environ(), "DATA_DIR="+dir)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}

	o.BinDir = newBin
	after := start(t, o)
	wantKept(t, after.URL())
	major := filepath.Base(filepath.Dir(newBin))
	if got := query(t, after.URL(), "SHOW server_version"); !strings.HasPrefix(got, major+".") {
		t.Errorf("the server is PostgreSQL %s, want %s", got, major)
	}
}
