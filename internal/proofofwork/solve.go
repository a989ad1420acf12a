package proofofwork

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Solve does the work, for clients in Go. Its result is what [Challenges.Redeem] takes.
func Solve(c Challenge) (string, error) {
	nonce, err := hex.DecodeString(c.Parameters.Nonce)
	if err != nil {
		return "", fmt.Errorf("read the nonce: %w", err)
	}
	salt, err := hex.DecodeString(c.Parameters.Salt)
	if err != nil {
		return "", fmt.Errorf("read the salt: %w", err)
	}
	s := solution{Challenge: c}
	for counter := range uint32(maxCounter) {
		key, err := deriveKey(c.Parameters.Cost, nonce, salt, counter)
		if err != nil {
			return "", err
		}
		s.Solution.Counter, s.Solution.DerivedKey = counter, hex.EncodeToString(key)
		if strings.HasPrefix(s.Solution.DerivedKey, c.Parameters.KeyPrefix) {
			text, err := json.Marshal(s)
			return base64.StdEncoding.EncodeToString(text), err
		}
	}
	return "", errors.New("the challenge has no solution")
}
