package main

import (
	"context"
	"log/slog"

	"github.com/boxoffice/boxoffice/eventstore"
)

// quietHandler drops warnings that the database can't be used while that is known: the health monitor
// has logged it once, and everything that reconnects would repeat it several times a second.
type quietHandler struct {
	slog.Handler
	alive func() context.Context // ended while the database is gone
}

func (h quietHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn && h.alive().Err() != nil && isUnavailable(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// isUnavailable tells whether a record is about the database that can't be used.
func isUnavailable(r slog.Record) (is bool) {
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		is = ok && eventstore.IsUnavailable(err)
		return !is
	})
	return is
}

func (h quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quietHandler{h.Handler.WithAttrs(attrs), h.alive}
}

func (h quietHandler) WithGroup(name string) slog.Handler {
	return quietHandler{h.Handler.WithGroup(name), h.alive}
}
