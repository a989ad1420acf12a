package embeddedpg_test

import (
	"context"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// A program starts its database, works until it is told to stop or the database fails, and stops
// it.
func ExampleStart() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()

	server, err := embeddedpg.Start(ctx, embeddedpg.Options{Dir: "data", Logger: slog.Default()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() {
		if err := server.Stop(); err != nil {
			slog.Error("stop PostgreSQL", "error", err)
		}
	}()

	// Connect to server.URL() and work.

	select {
	case <-ctx.Done():
	case <-server.Done():
		slog.Error("the database is gone", "error", server.Err())
	}
}
