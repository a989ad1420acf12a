package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are picked below the range that systems hand out for outgoing connections (Linux: from
// 32768, others: from 49152), so that none of those takes ours while the server is down for a
// moment.
const (
	lowestPort = 20000
	abovePorts = 32768
)

// choosePort prefers what was asked for, which must be free, then the last one, then any. Between
// this and the server's own bind another program may be faster: [cluster.serve] tries again.
func choosePort(explicit, last int) (int, error) {
	if explicit != 0 {
		if !portFree(explicit) {
			return 0, portTaken(explicit)
		}
		return explicit, nil
	}
	if last != 0 && portFree(last) {
		return last, nil
	}
	for range 200 {
		port := lowestPort + rand.IntN(abovePorts-lowestPort) //nolint:gosec // need not be a secret
		if portFree(port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port found")
}

func portTaken(port int) error {
	return fmt.Errorf("port %d on %s: %w: another program listens there; choose another port, or none to have one picked",
		port, host, ErrPortTaken)
}

func portFree(port int) bool {
	var c net.ListenConfig
	l, err := c.Listen(context.Background(), "tcp4", net.JoinHostPort(host, strconv.Itoa(port))) // does not wait
	if err != nil {
		return false
	}
	return l.Close() == nil
}
