package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are picked below the ephemeral range of the system (Linux: from 32768, others: from 49152),
// so that no outgoing connection takes ours during a restart.
const (
	lowestPort = 20000
	abovePorts = 32768
)

// choosePort returns the explicit port, which must be free, or else the last one if it is free, or
// any. Another program may bind it before the server does: [cluster.serve] retries.
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
	return fmt.Errorf("port %d on %s is taken: another program listens there; "+
		"choose another port, or none to have one picked", port, host)
}

func portFree(port int) bool {
	var c net.ListenConfig
	l, err := c.Listen(context.Background(), "tcp4", net.JoinHostPort(host, strconv.Itoa(port))) // does not wait
	if err != nil {
		return false
	}
	return l.Close() == nil
}
