package dbtest

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
)

// signInQuickly lets the role of the server at address sign in with one iteration of PBKDF2 instead
// of 4096, which take longer than most tests under the race detector and are spent for each
// connection. They slow down guessing, and the password is random and as long as a key.
func signInQuickly(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return err
	}
	password, _ := parsed.User.Password()
	const salt = "of the tests"
	salted, err := pbkdf2.Key(sha256.New, password, []byte(salt), 1, sha256.Size)
	if err != nil {
		return err
	}
	sign := func(text string) []byte {
		mac := hmac.New(sha256.New, salted)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	stored := sha256.Sum256(sign("Client Key")) // as RFC 5803 has it
	text := base64.StdEncoding.EncodeToString
	return admin(address, fmt.Sprintf("alter role %s password 'SCRAM-SHA-256$1:%s$%s:%s'",
		parsed.User.Username(), text([]byte(salt)), text(stored[:]), text(sign("Server Key"))))
}
