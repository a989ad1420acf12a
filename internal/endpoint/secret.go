package endpoint

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// oldSecretFor is how long the secret before is used too, after a new one was made.
const oldSecretFor = 24 * time.Hour

// Secret is what the deliveries of an endpoint are signed with. It does not print itself.
type Secret []byte

func newSecret() Secret {
	secret := make(Secret, 32)
	_, _ = rand.Read(secret) // never fails
	return secret
}

// Reveal is the secret as its owner gets it once, in the form of Standard Webhooks.
func (s Secret) Reveal() string { return "whsec_" + base64.StdEncoding.EncodeToString(s) }

// Format keeps the secret out of logs.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("whsec_…")) }

// Sign is the header webhook-signature of Standard Webhooks: one signature for each secret.
func Sign(messageID string, at time.Time, payload string, secrets ...Secret) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		_, _ = fmt.Fprintf(mac, "%s.%d.%s", messageID, at.Unix(), payload) // a hash takes everything
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}
