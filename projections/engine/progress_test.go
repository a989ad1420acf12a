package engine_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
)

// answersEarly appends until the process has found that nobody else listens.
func (p *process) answersEarly(b *bundle, basket uuid.UUID) {
	p.Helper()
	eventually(p, "it takes itself for the only process", func() bool {
		b.add(basket, 1)
		p.reaches(b.head)
		return p.progress.AnswerEarly(b.head)
	})
}

func TestReadsWaitForWhatWasAnsweredEarly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	eventually(t, "others must have noticed it", p.notifier.IsNoticed)
	p.answersEarly(b, b.open("E"))
	if at := p.progress.Answered(t.Context()); at != b.head {
		t.Errorf("reads wait for %d, want %d", at, b.head)
	}
	if !p.progress.AnswerEarly(b.head - 1) { // answers may overtake each other
		t.Error("an older position had to wait")
	}
	if at := p.progress.Answered(t.Context()); at != b.head {
		t.Errorf("reads wait for %d, want %d", at, b.head)
	}
}

// At each moment either the one process waits before it answers, or the other before it reads.
func TestNoAnswerIsEarlyWhenAnotherProcessWouldNotKnow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.start()
	basket := b.open("E")
	first.answersEarly(b, basket)
	second := b.startNothing()
	both := 0
	for noticed := false; !noticed; {
		noticed = second.notifier.IsNoticed() // before the answer, so that a moment remains
		b.add(basket, 1)
		early := first.progress.AnswerEarly(b.head)
		switch at := second.progress.Answered(t.Context()); {
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

	second.stop()
	first.answersEarly(b, basket)
}

func TestAnswersWaitWhenTheReadModelsDoNotKeepUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	basket := b.open("E")
	p.answersEarly(b, basket)
	if p.progress.AnswerEarly(b.head + 1000) {
		t.Error("an answer did not wait in a rush")
	}
	blocker, err := b.pool.Begin(context.Background())
	must(t, err)
	defer blocker.Rollback(context.Background()) //nolint:errcheck // it was ended long ago
	_, err = blocker.Exec(context.Background(), `select from baskets for update`)
	must(t, err)
	b.add(basket, 1)
	if !p.progress.AnswerEarly(b.head) {
		t.Error("an answer waited before anything was late")
	}
	late := func() bool {
		b.add(basket, 1) // so that it goes on looking for others
		return p.notifier.IsAlone() && !p.progress.AnswerEarly(b.head)
	}
	eventually(t, "answers wait", late)
	eventually(t, "reads no longer do", func() bool { return p.progress.Answered(t.Context()) == 0 })
	eventually(t, "answers still wait", late)
	must(t, blocker.Rollback(context.Background()))
	p.reaches(b.head)
	p.answersEarly(b, basket)
}

// What a restore has lost is not waited for.
func TestNobodyWaitsForAnswersOfAnotherHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	eventually(t, "others must have noticed it", p.notifier.IsNoticed)
	p.answersEarly(b, b.open("E"))
	if !p.progress.AnswerEarly(b.head + 200) {
		t.Fatal("an answer had to wait")
	}
	b.exec(`update projection_checkpoints set position = 1, fence = fence + 1, lease_until = now() + interval '1 hour'`)
	p.notifier.Reread()
	eventually(t, "the restore is noticed", func() bool { return p.notifier.Restarts() > 0 })
	if at := p.progress.Answered(t.Context()); at != 0 {
		t.Errorf("reads wait for %d", at)
	}
}
