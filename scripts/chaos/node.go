package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/internal/executable"
)

// node is one place at which a boxoffice process runs. A process that is ended by force is started
// again.
type node struct {
	number  int
	program string
	env     []string
	dir     string
	log     *os.File

	address atomic.Value // string, host:port of the API
	stopped atomic.Bool  // to stay so

	mu     sync.Mutex
	cmd    *exec.Cmd
	killed bool // the present process, by us

	done     sync.WaitGroup
	problems []string // what it did that it should not have
	starts   int
}

func (n *node) apiAddress() string {
	address, _ := n.address.Load().(string)
	return address
}

// supervise keeps a process running until ctx ends or the node is stopped.
func (n *node) supervise(ctx context.Context) {
	for ctx.Err() == nil && !n.stopped.Load() {
		n.once(ctx)
		pause(ctx, 200*time.Millisecond)
	}
}

// once runs a process to its end.
func (n *node) once(ctx context.Context) {
	cmd := exec.CommandContext(ctx, n.program, "serve")
	cmd.Dir, cmd.Env, cmd.Stderr = n.dir, n.env, n.log
	out, err := cmd.StdoutPipe()
	if err == nil {
		n.mu.Lock()
		if err = cmd.Start(); err == nil {
			n.cmd, n.killed = cmd, false
			n.starts++
		}
		n.mu.Unlock()
	}
	if err != nil {
		n.addProblem("could not be started: " + err.Error())
		return
	}
	address, err := executable.APIAddress(out)
	served := err == nil
	if served {
		n.address.Store(address)
	}
	_, _ = io.Copy(io.Discard, out)
	err = cmd.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmd = nil
	switch {
	case ctx.Err() != nil || n.killed:
	case n.stopped.Load():
		if err != nil {
			n.problems = append(n.problems, "did not stop well: "+err.Error())
		}
	case served: // one that can't reach the database while it starts may give up, and is started again
		n.problems = append(n.problems, fmt.Sprintf("ended by itself: %v", err))
	}
}

func (n *node) addProblem(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.problems = append(n.problems, what)
}

func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return
	}
	if s == syscall.SIGKILL {
		n.killed = true
	}
	_ = n.cmd.Process.Signal(s) // it may have ended, and is not waited for yet
}

// restart stops the process as an operator would, and starts another.
func (n *node) restart(ctx context.Context) error {
	n.stopped.Store(true)
	n.signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() { n.done.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		n.signal(syscall.SIGKILL)
		<-ended
		n.addProblem("did not stop within 30 s")
	}
	n.stopped.Store(false)
	n.done.Go(func() { n.supervise(ctx) })
	return n.waitReady(ctx, 30*time.Second)
}

// waitReady waits until the process says that it can serve.
func (n *node) waitReady(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		if n.ready(ctx) {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("process %d was not ready within %s", n.number, within)
		}
	}
}

func (n *node) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.apiAddress()+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := direct().Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// direct is a client past the balancer. It keeps no connection, which a fault would break.
func direct() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
}

// pid is 0 when no process runs.
func (n *node) pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return 0
	}
	return n.cmd.Process.Pid
}

// pause waits, and tells whether ctx is still on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
