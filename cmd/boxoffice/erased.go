package main

import (
	"context"
	"time"
)

// cancelErasedEvery is how often the bookings of deleted users are looked for. It costs nothing if
// nobody was deleted lately.
const cancelErasedEvery = time.Second

// erasedService cancels bookings that are made after their users were deleted, by requests that were
// running then.
func (p *parts) erasedService() service {
	return service{name: "the cancellations of deleted users", run: func(ctx context.Context) error {
		ticks := time.NewTicker(cancelErasedEvery)
		defer ticks.Stop()
		failing := false
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticks.C:
			}
			err := p.service.CancelErased(ctx, p.accounts.Erased())
			if err != nil && !failing && ctx.Err() == nil { // once, not every second
				p.logger.Warn("what deleted users have could not be given back", "error", err)
			}
			failing = err != nil
		}
	}}
}
