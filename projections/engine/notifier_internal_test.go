package engine

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// Every role of the database can notify as often as it likes.
func TestAFloodOfNotificationsIsFewReasonsToLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		n := NewNotifier("", nil, []string{"events"}, slog.New(slog.DiscardHandler))
		var looks [3]int
		for i, tokens := range []chan struct{}{n.grown, n.freed, n.unread} {
			go eachToken(ctx, tokens, func() { looks[i]++ })
		}
		signals := []<-chan struct{}{n.Log.Listen(), n.leases.Listen(), n.Checkpoints.Listen()}
		const flood = 10_000
		for i := range flood {
			for _, channel := range []string{logChannel, leaseChannel, checkpointChannel} {
				n.hear(channel, "events "+strconv.Itoa(i-flood/2))
				synctest.Wait()
			}
			time.Sleep(50 * time.Microsecond) // of the bubble's clock
		}
		synctest.Wait()
		most := int(flood*50*time.Microsecond/notifyEvery) + 2
		for i, got := range looks {
			if got < most/2 || got > most {
				t.Errorf("channel %d: %d notifications were %d reasons to look, want some %d", i, flood, got, most)
			}
		}
		for i, signal := range signals {
			select {
			case <-signal:
				t.Errorf("a notification has signalled by itself (%d)", i)
			default:
			}
		}
		if _, known := n.Reached("events"); known {
			t.Error("a notification has changed what is known")
		}
	})
}

func TestOnlyAPositionThatIsKnownIsNotReadAgain(t *testing.T) {
	t.Parallel()
	n := NewNotifier("", nil, []string{"events"}, slog.New(slog.DiscardHandler))
	n.observe(10, "events")
	for payload, isRead := range map[string]bool{
		"events 10": false, "events 11": true, "events 9": true, "events -1": true, "events": true, "": true,
		"bookings 10":                 true,
		"events 99999999999999999999": true,
	} {
		n.hear(checkpointChannel, payload)
		got := len(n.unread) > 0
		if got {
			<-n.unread
		}
		if at, _ := n.Reached("events"); got != isRead || at != 10 {
			t.Errorf("%q: read again: %v, and the position is %d", payload, got, at)
		}
	}
}

// A page that wakes a goroutine to find that nobody listens costs a third more than it has to.
func TestWhoIsAloneTellsNobodyUntilItHasToLookAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := NewNotifier("", nil, []string{"events"}, slog.New(slog.DiscardHandler))
		told := func() (told bool) {
			n.Appended()
			n.noteAdvanced(n.elsewhere.Load(), "events")
			for _, tokens := range []chan struct{}{n.appended, n.advanced} {
				select {
				case <-tokens:
					told = true
				default:
				}
			}
			return told
		}
		if !told() {
			t.Error("nobody looked for listeners at first")
		}
		n.looked.Store(&look{at: time.Now()})
		if !told() {
			t.Error("a listener was not told")
		}
		n.looked.Store(&look{at: time.Now(), isAlone: true})
		if told() {
			t.Error("others were told, and there are none")
		}
		time.Sleep(lookEvery)
		if !told() {
			t.Error("nobody looked again for listeners")
		}
	})
}

// The database may have been restored while nobody held the lease, so that nobody has lost it.
func TestWhoTakesAProjectionUpTellsOthersWhereItIs(t *testing.T) {
	t.Parallel()
	n := NewNotifier("", nil, []string{"events"}, slog.New(slog.DiscardHandler))
	n.begin("events", 7)
	if got := n.checkpoints(); len(n.advanced) != 1 || !slices.Equal(got, []string{"events 7"}) {
		t.Errorf("others are told %q (%d)", got, len(n.advanced))
	}
}

func TestANotificationOfAQueueSignalsItsTopic(t *testing.T) {
	t.Parallel()
	n := NewNotifier("", nil, nil, slog.New(slog.DiscardHandler))
	for payload, want := range map[string][2]bool{
		"another mail": {true, false}, "another webhooks": {false, true}, "another other": {},
		"another":      {true, true}, // an earlier version of the program
		"":             {true, true}, // a tool
		n.id + " mail": {},           // came back
	} {
		mail, webhooks := n.Queue("mail").Listen(), n.Queue("webhooks").Listen()
		n.hear(queueChannel, payload)
		for i, signal := range []<-chan struct{}{mail, webhooks} {
			select {
			case <-signal:
				if !want[i] {
					t.Errorf("%q has signalled queue %d", payload, i)
				}
			default:
				if want[i] {
					t.Errorf("%q has not signalled queue %d", payload, i)
				}
			}
		}
	}
	if len(n.queues) != 2 {
		t.Errorf("%d topics are kept, and two have listeners", len(n.queues))
	}
	n.Queued("mail")
	n.Queued("mail")
	if got := n.topics(); !slices.Equal(got, []string{n.id + " mail"}) || len(n.topics()) != 0 {
		t.Errorf("others are told of %q", got)
	}
}
