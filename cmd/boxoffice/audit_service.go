package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/replica"
)

// auditService signs checkpoints of the log, hands them to the witnesses, and verifies the log on a
// pool of its own, because that reads all of it.
func (p *parts) auditService() service {
	s := &auditing{parts: p, quit: make(chan struct{})}
	return service{name: "the audit", open: s.open, run: s.run, stop: s.stop}
}

type auditing struct {
	*parts
	witnesses *audit.Witnesses
	close     []func()
	quit      chan struct{} // closed when run has to end

	mu      sync.Mutex
	stopped bool
	ended   chan struct{} // closed when run has ended; nil: it has not begun
}

func (s *auditing) open(ctx context.Context) error {
	keys, err := auditKeys(s.config, true)
	if errors.Is(err, errNotKept) { // as in a container whose root is read-only; bookings are more than signatures
		s.logger.Error("the log's checkpoints are not signed until AUDIT_SIGNING_KEY is set", "error", err)
		keys, err = auditKeys(s.config, false)
	}
	if err != nil {
		return fmt.Errorf("the keys of the audit: %w", err)
	}
	verifying, err := s.database.pool(ctx, "audit", audit.VerifyConnections, nil)
	if err != nil {
		return err
	}
	s.close = append(s.close, verifying.Close)
	if err := s.openWitnesses(); err != nil {
		return err
	}
	checkpoints, err := audit.OpenCheckpoints(s.reading, keys, audit.Options{
		KeptAt: keptCheckpoint(s.config), Witnessed: s.witnesses.Newest, Signed: s.witnesses.Signed,
		Logger: s.logger, Registerer: s.metrics.Registerer(),
	})
	if err != nil {
		return err
	}
	s.audit = httpapi.Audit{
		Checkpoints: checkpoints,
		History:     audit.NewHistory(replica.Reader{Pool: s.reading}),
		Reads:       audit.NewReads(s.reading, s.now),
		Runner: audit.NewRunner(audit.RunnerOptions{
			Pool: s.reading, Verify: audit.VerifyOptions{Pool: verifying, Keys: keys, Checkpoints: checkpoints},
			Logger: s.logger,
		}),
		Log: s.reading,
	}
	return nil
}

func (s *auditing) openWitnesses() (err error) {
	var each []audit.Witness
	for _, text := range s.config.AuditWitnesses {
		witness, err := audit.ParseWitness(text)
		if err != nil {
			return fmt.Errorf("AUDIT_WITNESS: %w", err)
		}
		each = append(each, witness)
	}
	if s.config.EventBusURL != "" {
		notes := bus.NewNotes(s.config.EventBusURL, s.logger)
		each, s.close = append(each, notes), append(s.close, notes.Close)
	}
	s.witnesses, err = audit.NewWitnesses(s.logger, s.metrics.Registerer(), each...)
	return err
}

// run hands over what is signed until the end, when the last checkpoint is.
func (s *auditing) run(ctx context.Context) error {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return nil
	}
	s.ended = make(chan struct{})
	s.mu.Unlock()
	defer close(s.ended)
	ctx, end := context.WithCancel(ctx)
	defer end()
	go func() {
		select {
		case <-s.quit:
			end()
		case <-ctx.Done():
		}
	}()
	delivering, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		s.witnesses.Run(delivering)
	}()
	var verification sync.WaitGroup
	verification.Go(func() { s.audit.Runner.Run(ctx) })
	s.audit.Checkpoints.Run(ctx, s.config.AuditInterval, s.logger)
	verification.Wait()
	stop()
	<-delivered
	return nil
}

// stop closes what run works with, and so ends it first.
func (s *auditing) stop(deadline context.Context) error {
	s.mu.Lock()
	s.stopped = true
	ended := s.ended
	s.mu.Unlock()
	close(s.quit)
	if ended != nil {
		select {
		case <-ended:
		case <-deadline.Done():
			return errors.New("the audit did not end in time")
		}
	}
	for i := len(s.close) - 1; i >= 0; i-- {
		s.close[i]()
	}
	return nil
}

// keptCheckpoint is the file in DATA_DIR for the newest checkpoint of a database: one for each
// database, by its address without user and password.
func keptCheckpoint(c config.Config) string {
	name := "audit-checkpoint"
	if database, err := pgx.ParseConfig(c.DatabaseURL); err == nil && c.DatabaseURL != "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d/%s", database.Host, database.Port, database.Database))
		name += "-" + hex.EncodeToString(sum[:6])
	}
	return filepath.Join(c.DataDir, name+".txt")
}
