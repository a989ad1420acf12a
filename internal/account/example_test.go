package account_test

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/boxoffice/boxoffice/internal/account"
)

// Any program that holds the access secret may speak for a user, with whatever JWT library it has.
func ExampleSigner_ParseAccess() {
	const secret = "an access secret of 32 bytes or more"
	now := time.Now()
	minted, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "0190a6f0-7b1e-7c3a-9d53-2f6f5c1f7a11", "email": "alice@example.com",
		"iss": "boxoffice", "aud": "boxoffice-api", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}).SignedString([]byte(secret))
	if err != nil {
		fmt.Println(err)
		return
	}

	signer, err := account.NewSigner(account.Secrets{
		Access: []string{secret}, Refresh: []string{"a refresh secret of 32 bytes or more"},
	}, time.Now)
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := signer.ParseAccess(minted)
	fmt.Println(claims.UserID, claims.Email, claims.Role, err)
	// Output: 0190a6f0-7b1e-7c3a-9d53-2f6f5c1f7a11 alice@example.com customer <nil>
}
