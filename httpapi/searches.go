package httpapi

import (
	"cmp"
	"context"
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

// defaultSearchTimeout is how long a search may wait for a slot. A search takes milliseconds, so a
// longer wait means that there are more than the database can answer.
const defaultSearchTimeout = 5 * time.Second

// admitSearch waits until a search may use the database. Searches cost many times as much as other
// reads, so they get a part of the connections, and the rest is for other reads. The caller calls done.
func (a *api) admitSearch(ctx context.Context, search string) (done func(), err error) {
	if a.Searches == nil || search == "" {
		return func() {}, nil
	}
	timeout := cmp.Or(a.SearchTimeout, defaultSearchTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, eventstore.ErrBusy)
	defer cancel()
	if err := a.Searches.Acquire(ctx); err != nil {
		return nil, err
	}
	return a.Searches.Release, nil
}
