package engine_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// answersEarly appends until the process has found that nobody else listens.
func (b *bundle) answersEarly(p *enginetest.Process, basket uuid.UUID) {
	b.Helper()
	waittest.For(b, "it takes itself for the only process", func() bool {
		b.add(basket, 1)
		p.Reaches(b.head)
		return p.Progress.AnswerEarly(b.head)
	})
}

func TestReadsWaitForWhatWasAnsweredEarly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	waittest.For(t, "others must have noticed it", p.Notifier.IsNoticed)
	b.answersEarly(p, b.open("E"))
	if at := p.Progress.Answered(t.Context()); at != b.head {
		t.Errorf("reads wait for %d, want %d", at, b.head)
	}
	if !p.Progress.AnswerEarly(b.head - 1) { // answers may overtake each other
		t.Error("an older position had to wait")
	}
	if at := p.Progress.Answered(t.Context()); at != b.head {
		t.Errorf("reads wait for %d, want %d", at, b.head)
	}
}

// At each moment either the one process waits before it answers, or the other before it reads.
func TestNoAnswerIsEarlyWhenAnotherProcessWouldNotKnow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.start()
	basket := b.open("E")
	b.answersEarly(first, basket)
	second := enginetest.Read(b.Database, names()...)
	both := 0
	for noticed := false; !noticed; {
		noticed = second.Notifier.IsNoticed() // before the answer, so that a moment remains
		b.add(basket, 1)
		early := first.Progress.AnswerEarly(b.head)
		switch at := second.Progress.Answered(t.Context()); {
		case early && noticed:
			t.Fatalf("position %d was answered before it could be read elsewhere", b.head)
		case early && at < b.head:
			t.Fatalf("the other process reads at %d what was answered at %d", at, b.head)
		case early:
			both++
		}
	}
	if both == 0 {
		t.Error("no answer was early while the other process was new")
	}

	second.Stop()
	b.answersEarly(first, basket)
}

func TestAnswersWaitWhenTheReadModelsDoNotKeepUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	basket := b.open("E")
	b.answersEarly(p, basket)
	if p.Progress.AnswerEarly(b.head + 1000) {
		t.Error("an answer did not wait in a rush")
	}
	crowded := true
	p.Progress.Crowded = func() bool { return crowded }
	if p.Progress.AnswerEarly(b.head) {
		t.Error("an answer did not wait in a crowd")
	}
	crowded = false
	blocker, err := b.Pool.Begin(context.Background())
	dbtest.Must(t, err)
	defer blocker.Rollback(context.Background()) //nolint:errcheck // it was ended long ago
	_, err = blocker.Exec(context.Background(), `select from baskets for update`)
	dbtest.Must(t, err)
	b.add(basket, 1)
	if !p.Progress.AnswerEarly(b.head) {
		t.Error("an answer waited before anything was late")
	}
	late := func() bool {
		b.add(basket, 1) // so that it goes on looking for others
		return p.Notifier.IsAlone() && !p.Progress.AnswerEarly(b.head)
	}
	waittest.For(t, "answers wait", late)
	waittest.For(t, "reads no longer do", func() bool { return p.Progress.Answered(t.Context()) == 0 })
	waittest.For(t, "answers still wait", late)
	dbtest.Must(t, blocker.Rollback(context.Background()))
	p.Reaches(b.head)
	b.answersEarly(p, basket)
}

// What a restore has lost is not waited for.
func TestNobodyWaitsForAnswersOfAnotherHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	waittest.For(t, "others must have noticed it", p.Notifier.IsNoticed)
	b.answersEarly(p, b.open("E"))
	if !p.Progress.AnswerEarly(b.head + 200) {
		t.Fatal("an answer had to wait")
	}
	b.Exec(`update projection_checkpoints set position = 1, fence = fence + 1, lease_until = now() + interval '1 hour'`)
	b.Exec(`notify boxoffice_checkpoints`)
	waittest.For(t, "the restore is noticed", func() bool { return p.Notifier.Restarts() > 0 })
	if at := p.Progress.Answered(t.Context()); at != 0 {
		t.Errorf("reads wait for %d", at)
	}
}
