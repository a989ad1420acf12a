package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// rawClient sends requests that were written beforehand over one connection, and looks only for the status and the end of the
// answers: what the load generator spends is missing to what it measures.
type rawClient struct {
	conn   net.Conn
	buffer []byte
	filled int
}

func dialRaw(ctx context.Context, address string) (*rawClient, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &rawClient{conn: conn, buffer: make([]byte, 2<<10)}, nil
}

// rawRequest is a request as bytes.
func rawRequest(method, path, token, body string, headers ...string) []byte {
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

const patience = 2 * time.Minute // more than any answer takes

// do sends a request and gives the status and the body of its answer; the body is good until the next request.
func (c *rawClient) do(request []byte) (status int, body []byte, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	c.filled = 0
	for {
		if c.filled == len(c.buffer) {
			c.buffer = append(c.buffer, make([]byte, len(c.buffer))...)
		}
		n, err := c.conn.Read(c.buffer[c.filled:])
		c.filled += n
		if status, body, whole, parseErr := parseAnswer(c.buffer[:c.filled]); whole || parseErr != nil {
			return status, body, parseErr
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// expect is for a request that can have one status only.
func (c *rawClient) expect(request []byte, want int) (body []byte, err error) {
	status, body, err := c.do(request)
	if err == nil && status != want {
		err = fmt.Errorf("answered with %d %s", status, body)
	}
	return body, err
}

var (
	headEnd    = []byte("\r\n\r\n")
	lengthName = []byte("\r\nContent-Length: ")
	chunked    = []byte("\r\nTransfer-Encoding: chunked")
	chunksEnd  = []byte("\r\n0\r\n\r\n")
)

// parseAnswer understands what Go's server writes. A body in chunks comes with their lengths in between.
func parseAnswer(text []byte) (status int, body []byte, whole bool, err error) {
	head, body, found := bytes.Cut(text, headEnd)
	if !found {
		return 0, nil, false, nil
	}
	if len(head) < len("HTTP/1.1 200") {
		return 0, nil, false, errors.New("the answer has no status")
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, nil, false, fmt.Errorf("the answer has no status: %w", err)
	}
	if at := bytes.Index(head, lengthName); at >= 0 {
		digits, _, _ := bytes.Cut(head[at+len(lengthName):], []byte("\r\n"))
		length, err := strconv.Atoi(string(digits))
		return status, body, len(body) >= length, err
	}
	if bytes.Contains(head, chunked) {
		return status, body, bytes.HasSuffix(body, chunksEnd), nil
	}
	return status, nil, status == 204 || status == 304, nil
}
