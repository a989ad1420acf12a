package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

const (
	helperTask  = "ENGINE_TEST_TASK"
	helperURL   = "ENGINE_TEST_URL"
	helperLease = "ENGINE_TEST_LEASE"
	helperPhase = "ENGINE_TEST_PHASE"
)

// help is what the test binary does as another process, until it is killed.
func help(task string) {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Getenv(helperURL))
	if err != nil {
		panic(err)
	}
	config.MaxConns = connections
	for name, value := range engine.Session() {
		config.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		panic(err)
	}
	switch task {
	case "run":
		lease, err := time.ParseDuration(os.Getenv(helperLease))
		if err != nil {
			panic(err)
		}
		notifier := engine.NewNotifier(os.Getenv(helperURL), pool, names(), silent)
		go notifier.Run(ctx)
		fmt.Println("ready")
		err = engine.Run(ctx, engine.Options{
			Projections: all(), Pool: pool, Notifier: notifier, Holder: fmt.Sprint(os.Getpid()), Lease: lease,
		})
		panic(err)
	case "rebuild":
		_, err := engine.Rebuild(ctx, itemsTable(), engine.RebuildOptions{
			Pool: pool,
			Observe: func(p engine.RebuildProgress) {
				if p.Phase == os.Getenv(helperPhase) {
					fmt.Println("ready")
					select {} // until it is killed
				}
			},
		})
		panic(err)
	}
}

// startHelper starts another process and returns when it says that it is ready.
func startHelper(tb testing.TB, task string, env ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, helperTask+"="+task)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	dbtest.Must(tb, err)
	dbtest.Must(tb, cmd.Start())
	tb.Cleanup(func() { kill(cmd) })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "ready") {
			return cmd
		}
	}
	tb.Fatal("the helper did not get ready")
	return nil
}

// kill ends a process as a crash does.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
