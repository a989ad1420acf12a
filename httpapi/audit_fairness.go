package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/audit"
)

type fairnessInput struct {
	ID    uuid.UUID `path:"id" format:"uuid"`
	After int       `query:"after" minimum:"0" default:"0" doc:"Only steps of records with a higher version"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"At most so many steps"`
}

// StreamFairness is what became of the tickets of one event that became free.
type StreamFairness struct {
	audit.FairnessReport
	Steps []audit.FairnessStep `json:"steps" nullable:"false" doc:"Records that freed tickets and offers of these, oldest first"`
	Next  int                  `json:"next,omitempty" doc:"The value of after for the next page; absent on the last one"`
}

// fairnessOfStream replays the whole stream for each page: whether a step is right depends on all
// before it.
func (a *api) fairnessOfStream(ctx context.Context, in *fairnessInput) (*struct{ Body StreamFairness }, error) {
	answer := StreamFairness{Steps: []audit.FairnessStep{}}
	report, err := a.Audit.History.Fairness(ctx, in.ID, func(s audit.FairnessStep) error {
		switch {
		case s.Version <= in.After:
		case len(answer.Steps) < in.Limit:
			answer.Steps = append(answer.Steps, s)
		default:
			answer.Next = answer.Steps[in.Limit-1].Version
		}
		return nil
	})
	answer.FairnessReport = report
	return &struct{ Body StreamFairness }{answer}, err
}
