package main

import (
	"context"
	"time"
)

// cancelErasedEvery is the time between two looks at what deleted users have. While nobody was
// deleted lately, a look costs nothing.
const cancelErasedEvery = time.Second

// erasedService gives back what comes to users after they were deleted: a booking in its delay, and
// others on their way.
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
