package booking

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// LapseHolds records the lapse of the expired holds and offers of an event, and offers their tickets
// to those who wait. It returns how many lapses it has recorded, also together with an error. No rule
// depends on it: an expired hold has lapsed, recorded or not.
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
