package audit_test

import (
	"crypto/sha256"

	"github.com/boxoffice/boxoffice/eventstore"
)

func naive(leaves [][]byte) eventstore.Hash {
	if len(leaves) == 1 {
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	}
	half := 1
	for half*2 < len(leaves) {
		half *= 2
	}
	left, right := naive(leaves[:half]), naive(leaves[half:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}
