package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/endpoint"
)

// maxAnswer is how much of an answer is read, in bytes. Nothing of it is kept.
const maxAnswer = 4 << 10

// newClient makes requests that follow no redirects and use no proxy of the environment: both would
// lead past the check of addresses.
func newClient(o Options) *http.Client {
	dialer := net.Dialer{Timeout: o.Timeout / 2, Control: o.Addresses.Control, Resolver: o.Resolver}
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: o.Timeout / 2,
			MaxIdleConns: concurrency, MaxIdleConnsPerHost: perEndpoint, IdleConnTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: 16 << 10, DisableCompression: true,
		},
	}
}

// outcome is how an attempt ended.
type outcome struct {
	at     time.Time
	took   time.Duration
	status int    // 0: there was no answer
	reason string // empty: it was delivered
}

func (o outcome) delivered() bool { return o.reason == "" }

func (s *sender) post(ctx context.Context, to target, d delivery) outcome {
	o := outcome{at: s.Now()}
	begun := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, strings.NewReader(d.payload))
	if err != nil {
		o.reason = "The address can't be used."
		return o
	}
	request.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	request.Header.Set("User-Agent", "Boxoffice-Webhooks/1")
	request.Header.Set("Webhook-Id", d.messageID)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(o.at.Unix(), 10))
	request.Header.Set("Webhook-Signature", endpoint.Sign(d.messageID, o.at, d.payload, to.secrets...))
	answer, err := s.client.Do(request)
	o.took = time.Since(begun)
	if err != nil {
		o.reason = reasonOf(err)
		return o
	}
	// What is read to its end leaves a connection that can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
	o.took, o.status = time.Since(begun), answer.StatusCode
	switch {
	case o.status/100 == 3:
		o.reason = "The endpoint redirects, which is not followed."
	case o.status/100 != 2:
		o.reason = "The endpoint answered with an error."
	}
	return o
}

// reasonOf is in words for the owner of the endpoint. The error itself may repeat the address, which
// can be a secret, or tell what names and addresses there are in the network of this program.
func reasonOf(err error) string {
	var name *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, endpoint.ErrPrivate):
		return "The name of the endpoint leads to an address that is not public."
	case errors.As(err, &name):
		return "The name of the endpoint was not found."
	case errors.As(err, &timeout) && timeout.Timeout():
		return "The endpoint did not answer in time."
	case isTLS(err):
		return "The endpoint has no valid certificate, or does not speak TLS."
	}
	return "The endpoint can't be reached."
}

// withoutQuery is an address for mails and logs: the query may hold a secret.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.User = "", nil
	return u.String()
}
