//go:build unix

package eventstore_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay is a network between two servers that can freeze: connections stay open, and nothing passes
// any more.
type relay struct {
	net.Listener
	mu     sync.Mutex // held while something is forwarded, and while nothing passes
	frozen bool
	closed chan struct{}
	close  func()
	done   sync.WaitGroup
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: listener, closed: make(chan struct{})}
	r.close = sync.OnceFunc(func() {
		close(r.closed)
		_ = listener.Close()
		r.thaw()
	})
	t.Cleanup(func() {
		r.close()
		r.done.Wait()
	})
	r.done.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = from.Close()
				continue
			}
			r.done.Go(func() { r.copy(server, from) })
			r.done.Go(func() { r.copy(from, server) })
			r.done.Go(func() {
				<-r.closed
				_, _ = from.Close(), server.Close()
			})
		}
	})
	return r
}

func (r *relay) copy(to, from net.Conn) {
	defer to.Close() //nolint:errcheck // the other side may have closed it
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		r.mu.Lock()
		select {
		case <-r.closed: // what was on its way is lost
			err = io.EOF
		default:
			if n > 0 {
				_, _ = to.Write(buffer[:n])
			}
		}
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (r *relay) freeze() {
	r.mu.Lock()
	r.frozen = true
}

func (r *relay) thaw() {
	if r.frozen {
		r.frozen = false
		r.mu.Unlock()
	}
}
