package engine

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestPagesAreAsFarApartAsWhoWaitsForThemAllows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := NewNotifier("", nil, nil, slog.New(slog.DiscardHandler))
		g := &group{delivery: &delivery{Options: Options{Notifier: n}}}
		pause := func() time.Duration {
			n.looked.Store(&look{at: time.Now(), isAlone: true})
			g.read = time.Now()
			g.pause(t.Context(), 0)
			return time.Since(g.read)
		}
		if got := pause(); got != unwatchedPageEvery {
			t.Errorf("while nobody watches, pages are %s apart, want %s", got, unwatchedPageEvery)
		}
		ended := make(chan time.Duration)
		go func() { ended <- pause() }()
		synctest.Wait()
		n.Watch(true)
		if got := <-ended; got != pageEvery {
			t.Errorf("a pause in which somebody begins to watch is %s long, want %s", got, pageEvery)
		}
		if got := pause(); got != unawaitedPageEvery {
			t.Errorf("while somebody watches, pages are %s apart, want %s", got, unawaitedPageEvery)
		}
		done := n.await()
		if got := pause(); got != pageEvery {
			t.Errorf("while somebody waits, pages are %s apart, want %s", got, pageEvery)
		}
		done()
		n.Watch(false)
		if got := pause(); got != unwatchedPageEvery {
			t.Errorf("after the last has gone, pages are %s apart, want %s", got, unwatchedPageEvery)
		}
		if room := keptUp - unwatchedPageEvery; room < unwatchedPageEvery {
			t.Errorf("a page has %s before the read models count as late", room)
		}
	})
}
