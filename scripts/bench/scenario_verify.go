package main

import (
	"context"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// verify is about an auditor who goes through a long log: hashes, Merkle tree, decoding, rules and states, and then both read models
// row by row. Beside it are the same without read models, the first checkpoint over that log, and reading it by COPY and throwing it away.
func verify(s size) scenario {
	records := s.count(1_000_000)
	all := verifying("verify", records, true)
	return scenario{
		name:      "verify",
		about:     fmt.Sprintf("a log of %s records", grouped(float64(records))),
		counts:    "records/s",
		reference: all.strategy,
		entries:   []entry{all, verifying("verify-log-only", records, false), {"first-checkpoint", firstCheckpoint(records)}, {"copy-read", copyRead(records)}},
		goals: []goal{{
			about: "records/s of verify, read models included / 150,000", needs: []string{all.strategy}, bound: 1,
			ratio: func(r round) float64 { return r[all.strategy].perSecond() / 150_000 },
		}},
	}
}

func auditKeys() (*audit.Keys, error) { return audit.NewKeys("a signing secret that protects nothing") }

func verifying(name string, records int, readModels bool) entry {
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		if err := fillLog(ctx, db, records); err != nil {
			return m, fmt.Errorf("fill the log: %w", err)
		}
		pool, err := openPool(ctx, db.url, engine.RebuildConnections, engine.Session())
		if err != nil {
			return m, err
		}
		defer pool.Close()
		keys, err := auditKeys()
		if err != nil {
			return m, err
		}
		if _, err := audit.NewCheckpoints(pool, keys).Write(ctx); err != nil {
			return m, err
		}
		if readModels {
			for _, p := range projections.All() {
				if _, err := engine.Rebuild(ctx, p, engine.RebuildOptions{Pool: pool, Holder: "bench"}); err != nil {
					return m, err
				}
			}
		}
		if err := db.settle(ctx); err != nil {
			return m, err
		}
		report, err := audit.Verify(ctx, audit.VerifyOptions{Pool: pool, Keys: keys})
		switch {
		case err != nil:
			return m, err
		case !report.OK() || int(report.Records) != records || report.Checkpoints != 1 || readModels && len(report.ReadModels) != 2:
			return m, fmt.Errorf("the verification gave %+v", report)
		}
		took := time.Duration(report.Seconds * float64(time.Second))
		var rows int64
		for _, model := range report.ReadModels {
			rows += model.Rows
		}
		return measurement{count: records, wall: took, latencies: []time.Duration{took}, note: fmt.Sprintf("%s rows of read models compared", grouped(float64(rows)))}, nil
	}}
}

func firstCheckpoint(records int) func(context.Context, *database) (measurement, error) {
	return func(ctx context.Context, db *database) (m measurement, err error) {
		if err := fillLog(ctx, db, records); err != nil {
			return m, fmt.Errorf("fill the log: %w", err)
		}
		pool, err := openPool(ctx, db.url, 2, engine.Session())
		if err != nil {
			return m, err
		}
		defer pool.Close()
		keys, err := auditKeys()
		if err != nil {
			return m, err
		}
		if err := db.settle(ctx); err != nil {
			return m, err
		}
		began := time.Now()
		written, err := audit.NewCheckpoints(pool, keys).Write(ctx)
		took := time.Since(began)
		if err == nil && !written {
			err = fmt.Errorf("no checkpoint was written")
		}
		return measurement{count: records, wall: took, latencies: []time.Duration{took}}, err
	}
}
