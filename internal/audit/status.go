package audit

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Status is the state of the checkpoints, as [Checkpoints.Status] finds it.
type Status struct {
	Origin   string    `json:"origin"` // of the log; empty without records
	Head     int64     `json:"head"`   // number of records
	Size     int64     `json:"size"`   // of the newest checkpoint; 0: there is none
	Root     string    `json:"root"`
	At       time.Time `json:"at"`       // of the newest checkpoint; zero: not known
	Key      string    `json:"key"`      // that it is signed with
	Problems []string  `json:"problems"` // nothing: the log extends all that was signed
}

// ErrNoPublicKey means that this program has no key to verify signatures with.
var ErrNoPublicKey = errors.New("there is no public key to verify checkpoints with")

// Status makes sure that the log extends the newest checkpoint that is known, as before signing the
// next one, and that it is one log with those in kept, which come from outside of the database.
func (c *Checkpoints) Status(ctx context.Context, kept ...string) (*Status, error) {
	if !c.keys.CanVerify() {
		return nil, ErrNoPublicKey
	}
	s := &Status{Problems: []string{}}
	if c.writing.Acquire(ctx, 1) != nil {
		return nil, context.Cause(ctx)
	}
	defer c.writing.Release(1)
	note := func(err error) error {
		if errors.Is(err, ErrTampered) || errors.Is(err, ErrNotSigned) {
			s.Problems = append(s.Problems, err.Error())
			return nil
		}
		return err
	}
	_, rejected, err := c.newestRow(ctx)
	if err != nil {
		return nil, err
	}
	for _, err := range rejected {
		s.Problems = append(s.Problems, err.Error())
	}
	tree, err := c.resume(ctx)
	if err := note(err); err != nil {
		return nil, err
	}
	if s.Head, err = eventstore.NewLog(c.pool).Head(ctx); err != nil {
		return nil, err
	}
	if tree != nil && s.Head < end(tree) {
		s.Problems = append(s.Problems, shortenedError(s.Head, end(tree)).Error())
	}
	if s.Origin, err = originOf(ctx, c.pool); err != nil {
		return nil, err
	}
	for _, text := range kept {
		if err := note(c.checkKept(ctx, text, s.Origin)); err != nil {
			return nil, err
		}
	}
	if last := c.Last(); last.Size > 0 {
		s.Size, s.Root, s.At = last.Size, last.Root.String(), last.At
		_, s.Key, _ = c.keys.open(last.Note) // it was verified
	}
	return s, nil
}

// checkKept compares the log with a checkpoint.
func (c *Checkpoints) checkKept(ctx context.Context, text, origin string) error {
	statement, err := c.keys.Open(text)
	if err != nil {
		return err
	}
	if err := checkOrigin(statement, origin); err != nil {
		return err
	}
	_, err = c.treeOf(ctx, Checkpoint{Size: statement.Size, Root: statement.Root, Note: text})
	return err
}
