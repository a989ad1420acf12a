package projections_test

import (
	"testing"

	"github.com/boxoffice/boxoffice/projections"
)

func TestAnUnknownProjectionIsRefused(t *testing.T) {
	t.Parallel()
	if p, err := projections.Named("users"); err == nil {
		t.Errorf("got %v", p)
	}
}
