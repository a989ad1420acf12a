package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	neturl "net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a running PostgreSQL, a child of this program.
type Server struct {
	url     string
	cluster *cluster
	process *process
	lock    *ownerLock
	log     *slog.Logger

	stopTimeout time.Duration
	stopping    atomic.Bool
	stopOnce    sync.Once
	stopErr     error
}

// URL returns the address with role and password. Don't log it.
func (s *Server) URL() string { return s.url }

// String returns the address without the password.
func (s *Server) String() string {
	u, err := neturl.Parse(s.url)
	if err != nil {
		return "PostgreSQL"
	}
	return u.Redacted()
}

// LogValue leaves out the password.
func (s *Server) LogValue() slog.Value { return slog.StringValue(s.String()) }

// DataDir returns the directory of the cluster, which may be outside of [Options.Dir].
func (s *Server) DataDir() string { return s.cluster.data }

// BinDir returns the directory with the programs of PostgreSQL that the server runs with.
func (s *Server) BinDir() string { return s.cluster.bin.Dir }

// Done is closed when the server has ended, by Stop or by itself; [Server.Err] tells which.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Err returns why the server ended by itself, and nil while it runs and after Stop. The directory
// stays locked until Stop.
func (s *Server) Err() error {
	select {
	case <-s.process.done:
	default:
		return nil
	}
	if s.stopping.Load() {
		return nil
	}
	return fmt.Errorf("PostgreSQL ended by itself: %w", s.process.failure())
}

// Stop shuts the server down and unlocks the directory. Sessions are aborted; commits are on disk.
// A server that takes longer than [Options.StopTimeout] is killed, which loses no commits either
// and is reported as an error. Stop may be called repeatedly and concurrently: each call returns
// when the server has ended, with the same result.
func (s *Server) Stop() error {
	s.stopOnce.Do(func() {
		defer s.lock.release()
		select {
		case <-s.process.done: // by itself: see Err
			return
		default:
		}
		s.stopping.Store(true)
		if err := s.lock.note("stopping"); err != nil {
			s.log.Debug("the owner file was not written", "error", err)
		}
		s.stopErr = s.process.stop(s.cluster.bin.Dir, s.stopTimeout, s.log)
		s.log.Debug("PostgreSQL has ended", "data", s.cluster.data, "error", s.stopErr)
	})
	return s.stopErr
}

// serve stops orphaned servers and launches one. It retries what can pass: the port was taken
// between the check and the bind, or processes of a killed server have not ended yet.
func (c *cluster) serve(ctx context.Context, o Options, lock *ownerLock) (*Server, error) {
	last := 0
	if text, err := c.home.read(portFile); err == nil {
		last, _ = strconv.Atoi(text)
	}
	wait, cancel := context.WithTimeout(ctx, o.StopTimeout+2*forceTimeout)
	defer cancel()
	for taken := 0; ; {
		if err := c.stopOrphan(ctx, o.StopTimeout); err != nil {
			return nil, err
		}
		if c.password == "" {
			if err := c.resetPassword(ctx); err != nil {
				return nil, err
			}
		}
		port, err := choosePort(o.Port, last)
		if err != nil {
			return nil, err
		}
		begin := time.Now()
		p, err := c.launch(ctx, port, o)
		switch {
		case err == nil:
			c.log.Info("PostgreSQL is ready", "address", host+":"+strconv.Itoa(port), "data", c.data,
				"version", c.bin.Version, "binaries", c.bin.Dir, "took", time.Since(begin).Round(time.Millisecond))
			s := &Server{url: url(c.password, port), cluster: c, process: p, lock: lock, log: c.log, stopTimeout: o.StopTimeout}
			if port == last {
				return s, nil
			}
			if err := c.home.write(portFile, strconv.Itoa(port)); err != nil {
				return nil, errors.Join(err, p.stop(c.bin.Dir, o.StopTimeout, c.log))
			}
			return s, nil
		case errors.Is(err, errNoSocket) && o.Port == 0 && taken < 10:
			taken, last = taken+1, 0
		case errors.Is(err, errNoSocket) && o.Port != 0 && !portFree(o.Port):
			return nil, portTaken(o.Port)
		case errors.Is(err, errStillUsed):
			c.log.Debug("processes of an earlier PostgreSQL are still ending", "data", c.data)
			select {
			case <-wait.Done():
				return nil, fmt.Errorf("%w: %w", context.Cause(wait), err)
			case <-time.After(50 * time.Millisecond):
			}
		default:
			return nil, err
		}
	}
}

func url(password string, port int) string {
	u := neturl.URL{
		Scheme:   "postgres",
		User:     neturl.UserPassword(role, password),
		Host:     host + ":" + strconv.Itoa(port),
		Path:     "/" + Database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
