package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// resumption is where a verification goes on after it was interrupted.
type resumption struct {
	ordered bool      // the pass in the order of positions is done
	after   uuid.UUID // the last stream that is checked
	length  int64     // of the only stream
	newest  int64     // position when the verification began

	began time.Time // this run
	saved time.Time
}

// savedState is the JSON of what Save gets. A program that reads another format starts anew.
type savedState struct {
	Format   int       `json:"format"`
	Last     int64     `json:"last"` // position of the newest record, when the verification began
	Report   Report    `json:"report"`
	Good     int64     `json:"good"`
	Diverged bool      `json:"diverged"`
	Position int64     `json:"position"` // that the first pass has reached
	Tree     []byte    `json:"tree"`
	TreeLost bool      `json:"treeLost"`
	Ordered  bool      `json:"ordered"`
	After    uuid.UUID `json:"after"`
}

const savedFormat = 1

// resume continues with a saved state, if there is one. The new snapshot is of a later time, but the
// verification stays about the log as it was at its beginning: last is the newest position then.
func (v *verification) resume(last int64) (int64, error) {
	v.began = time.Now()
	v.saved = v.began
	v.newest = last
	var s savedState
	if v.Resume == nil {
		return last, nil
	}
	if err := json.Unmarshal(v.Resume, &s); err != nil || s.Format != savedFormat {
		return last, nil //nolint:nilerr // of another version of the program
	}
	hashes, err := splitHashes(s.Tree)
	if err != nil {
		return 0, fmt.Errorf("resume: %w", err)
	}
	size := s.Position
	if s.TreeLost {
		size = 0
	}
	if v.tree, err = ranges.NewRange(0, uint64(size), hashes); err != nil {
		return 0, fmt.Errorf("resume: %w", err)
	}
	*v.report = s.Report
	v.good, v.diverged, v.last, v.treeLost = s.Good, s.Diverged, s.Position, s.TreeLost
	v.ordered, v.after, v.newest = s.Ordered, s.After, s.Last
	v.records, v.findings, v.more = s.Report.Records, s.Report.Findings, s.Report.More
	return s.Last, nil
}

// save hands out the state between two streams, or two pages of the first pass, when that is due.
func (v *verification) save(force bool) error {
	if v.Save == nil || !force && time.Since(v.saved) < v.SaveEvery {
		return nil
	}
	tree := v.tree
	if v.treeLost {
		tree = ranges.NewEmptyRange(0)
	}
	s := savedState{
		Format: savedFormat, Last: v.newest, Report: *v.report, Good: v.good, Diverged: v.diverged, Position: v.last,
		Tree: joinHashes(tree.Hashes()), TreeLost: v.treeLost, Ordered: v.ordered, After: v.after,
	}
	s.Report.Records, s.Report.Findings, s.Report.More = v.records, v.findings, v.more
	s.Report.Seconds += time.Since(v.began).Seconds()
	state, err := json.Marshal(s)
	if err != nil {
		return err
	}
	v.saved = time.Now()
	v.Save(state)
	return nil
}
