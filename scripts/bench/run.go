package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// run makes all rounds of a scenario. The strategies take turns, and every other round goes backwards.
func (s *server) run(ctx context.Context, sc scenario, rounds int, show *progress) ([]round, error) {
	outcome := make([]round, rounds)
	for i := range outcome {
		outcome[i] = round{}
		turns := slices.Clone(sc.entries)
		if i%2 == 1 {
			slices.Reverse(turns)
		}
		for _, e := range turns {
			show.begin(fmt.Sprintf("%s: %s, round %d of %d", sc.name, e.strategy, i+1, rounds))
			m, err := s.measure(ctx, e)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", sc.name, e.strategy, err)
			}
			outcome[i][e.strategy] = m
			show.done()
		}
	}
	return outcome, nil
}

func (s *server) measure(ctx context.Context, e entry) (_ measurement, err error) {
	db, err := s.create(ctx)
	if err != nil {
		return measurement{}, err
	}
	defer func() { err = errors.Join(err, db.drop()) }()
	return e.measure(ctx, db)
}
