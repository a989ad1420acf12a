//go:build !linux

package eventstore

import (
	"net"
	"time"
)

// setUserTimeout does nothing: only Linux has this option of sockets. Keepalives remain.
func setUserTimeout(*net.TCPConn, time.Duration) error { return nil }
