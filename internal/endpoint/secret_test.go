package endpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/endpoint"
)

// The sample is checked by the libraries of Standard Webhooks for Go, here, and for JavaScript, in
// web/src/features/webhooks.
func TestTheSampleIsSignedAsTheStandardHasIt(t *testing.T) {
	t.Parallel()
	var sample struct {
		Secrets []string
		Headers map[string]string
		Body    string
	}
	text, err := os.ReadFile("testdata/delivery.json")
	dbtest.Must(t, err)
	dbtest.Must(t, json.Unmarshal(text, &sample))
	seconds, err := strconv.ParseInt(sample.Headers["webhook-timestamp"], 10, 64)
	dbtest.Must(t, err)
	var secrets []endpoint.Secret
	for _, s := range sample.Secrets {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
		dbtest.Must(t, err)
		secrets = append(secrets, secret)
	}
	got := endpoint.Sign(sample.Headers["webhook-id"], time.Unix(seconds, 0), sample.Body, secrets...)
	if got != sample.Headers["webhook-signature"] {
		t.Errorf("signed %q, and the sample says %q", got, sample.Headers["webhook-signature"])
	}
	header := http.Header{}
	for name, value := range sample.Headers {
		header.Set(name, value)
	}
	for _, secret := range sample.Secrets {
		official, err := standardwebhooks.NewWebhook(secret)
		dbtest.Must(t, err)
		dbtest.Must(t, official.VerifyIgnoringTimestamp([]byte(sample.Body), header))
	}
}
