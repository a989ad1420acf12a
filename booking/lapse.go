package booking

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// LapseHolds records which holds and offers of an event have lapsed, and offers their tickets to those
// who wait for them. It tells how many lapses it has recorded, also when it fails halfway; none if
// others were quicker or the time is not over. Nothing depends on it: a hold whose time is over counts
// no more, recorded or not.
func (s *Service) LapseHolds(ctx context.Context, eventID uuid.UUID) (recorded int, err error) {
	lapsed := func(o outcome) (n int) {
		for _, r := range o.Records {
			if r.Type == domain.TypeHoldLapsed || r.Type == domain.TypeOfferLapsed {
				n++
			}
		}
		return n
	}
	request := Request{CorrelationID: uuid.NewString()}
	for {
		var n int
		lapse := domain.LapseHolds{Now: s.Now(), OfferTime: s.HoldTime}
		cmd := command{StreamID: eventID, Decide: decider(lapse), Immediate: true}
		_, err := s.execute(ctx, request, "lapse holds", cmd, func(o outcome) Result {
			n = lapsed(o)
			return Result{Position: o.Position}
		})
		recorded += n
		if err != nil || n < domain.MaxLapses {
			return recorded, err
		}
	}
}
