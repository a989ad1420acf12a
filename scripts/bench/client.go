package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// client sends requests that were written beforehand over one connection: what the load generator
// spends is missing to what it measures.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
}

func openClients(ctx context.Context, address string, n int) ([]*client, error) {
	clients := make([]*client, n)
	for i := range clients {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			closeClients(clients[:i])
			return nil, fmt.Errorf("open connection %d of %d: %w", i+1, n, err)
		}
		clients[i] = &client{conn, bufio.NewReaderSize(conn, 2<<10)}
	}
	return clients, nil
}

func closeClients(clients []*client) {
	for _, c := range clients {
		_ = c.conn.Close()
	}
}

// newRequest is a request as bytes.
func newRequest(method, path, token, body string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n", method, path, token)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

func bookRequest(event uuid.UUID, token string) []byte {
	return newRequest("POST", "/book", token, `{"eventId":"`+event.String()+`"}`)
}

// do sends a request and gives the status and the body of its answer.
func (c *client) do(request []byte) (status int, body []byte, err error) {
	const timeout = 2 * time.Minute // more than any answer takes
	if err := c.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()           //nolint:errcheck // it was read
	body, err = io.ReadAll(response.Body) // to its end, which makes the connection ready for the next
	return response.StatusCode, body, err
}

// expect is for a request that can have one status only.
func (c *client) expect(request []byte, want int) (body []byte, err error) {
	status, body, err := c.do(request)
	if err == nil && status != want {
		err = fmt.Errorf("answered with %d %s", status, body)
	}
	return body, err
}

// secrets are what programs and tokens are signed with here.
func secrets() account.Secrets {
	return account.Secrets{
		Access:  []string{"an access secret for benchmarks"},
		Refresh: []string{"a refresh secret for benchmarks"},
	}
}

// newTokens are for so many customers.
func newTokens(n int) ([]string, error) {
	signer, err := account.NewSigner(secrets(), nil)
	if err != nil {
		return nil, err
	}
	tokens := make([]string, n)
	for i := range tokens {
		user := account.User{ID: uuid.New(), Email: "customer@example.com", Role: account.Customer}
		if tokens[i], _, err = signer.IssueAccess(user); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
