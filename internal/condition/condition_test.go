package condition_test

import (
	"context"
	"errors"
	"testing"

	"github.com/boxoffice/boxoffice/internal/condition"
)

func TestTheContextEndsWithTheConditionAndSaysWhy(t *testing.T) {
	t.Parallel()
	c, why := condition.New(nil), errors.New("it does not answer")
	before := c.Context()
	if !c.Holds() || c.Set(nil) {
		t.Error("a new condition does not hold")
	}
	if !c.Set(why) || c.Set(errors.New("another reason")) || c.Holds() {
		t.Error("it still holds, or ended twice")
	}
	if got := context.Cause(before); !errors.Is(got, why) {
		t.Errorf("the cause is %v, want %v", got, why)
	}
	if !c.Set(nil) || !c.Holds() || before.Err() == nil {
		t.Error("it does not hold again, with a new context")
	}
	if condition.New(why).Holds() {
		t.Error("one that was made with an error holds")
	}
}
