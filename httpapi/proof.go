package httpapi

import (
	"context"

	"github.com/boxoffice/boxoffice/internal/proofofwork"
)

// Proof is the input of operations that may ask for a proof of work.
type Proof struct {
	ProofOfWork string `header:"Proof-Of-Work" doc:"The solution of a challenge of GET /proof-of-work/challenge, as the widget and the libraries of ALTCHA write it. It works once; a repetition with the same Idempotency-Key can send it again"`
}

// redeem reports whether the client has sent a proof of work. The error is [proofofwork.ErrInvalid] if
// it is not valid. who and key identify the request, which may be repeated with the same proof.
func (a *api) redeem(ctx context.Context, in Proof, who, key string) (proved bool, err error) {
	if in.ProofOfWork == "" {
		return false, nil
	}
	by := ""
	if key != "" {
		by = who + " " + key
	}
	err = a.ProofOfWork.Redeem(ctx, in.ProofOfWork, by)
	return err == nil, err
}

func (a *api) challenge(context.Context, *struct{}) (*struct{ Body proofofwork.Challenge }, error) {
	challenge, err := a.ProofOfWork.Issue()
	return &struct{ Body proofofwork.Challenge }{challenge}, err
}
