package embeddedpg

import (
	"context"
	"log/slog"
)

// FindBinaries finds those which a server would use that is told nothing.
func FindBinaries(ctx context.Context) (Binaries, error) {
	a, err := accountFor("")
	if err != nil {
		return Binaries{}, err
	}
	return finder{account: a, log: slog.New(slog.DiscardHandler)}.find(ctx, 0)
}
