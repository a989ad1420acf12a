package eventstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// memory is what a process knows of the log as one run of a server has it. After a failover to a replica that was behind, or a crash
// of a server that did not wait for its disk, the log may have less than was confirmed before, and others may have appended
// something else in that place. So nothing that was learned from one run of a server is used with another.
type memory[S any] struct {
	limit  int // in bytes, of a cache
	logger *slog.Logger

	mu      sync.Mutex
	started time.Time // the run of the server that was heard of last
	cache   *cache[S]
}

func newMemory[S any](limit int, logger *slog.Logger) *memory[S] {
	return &memory[S]{limit: limit, logger: logger, cache: newCache[S](limit)}
}

// startedKey is where a connection keeps when its server was started.
const startedKey = "eventstore.started"

var errFormerServer = errors.New("the connection leads to a server that another one has followed")

// of gives the cache of states that were learned from the run of the server that conn leads to. It costs a query once for each
// connection. A connection that leads elsewhere than the newest one is of no use.
func (m *memory[S]) of(ctx context.Context, conn *pgx.Conn) (*cache[S], error) {
	data := conn.PgConn().CustomData()
	started, known := data[startedKey].(time.Time)
	if !known {
		if err := conn.QueryRow(ctx, `select pg_postmaster_start_time()`).Scan(&started); err != nil {
			return nil, err
		}
		data[startedKey] = started
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !started.Equal(m.started) {
		if known {
			return nil, errFormerServer
		}
		if !m.started.IsZero() {
			m.logger.Warn("PostgreSQL is another server or was started anew: streams are read from their start", "before", m.started, "now", started)
		}
		m.started, m.cache = started, newCache[S](m.limit)
	}
	return m.cache, nil
}
