package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

func (a *app) auditProveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "prove POSITION | prove EVENT VERSION", Short: "Print a receipt: the proof that a record is in the log",
		Args: cobra.RangeArgs(1, 2),
		Long: "Print a receipt: the record, its path to the root of the Merkle tree, and the signed checkpoint with\n" +
			"this root. Anyone with the public key can check it with boxoffice audit verify-proof, without the\n" +
			"database.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				position, err := x.position(ctx, args)
				if err != nil {
					return err
				}
				head, err := x.history.Head(ctx)
				if err != nil {
					return err
				}
				if position <= head {
					if err := x.checkpoints.Cover(ctx, position); err != nil && !errors.Is(err, audit.ErrNoCheckpoint) {
						return err
					}
				}
				receipt, err := x.checkpoints.Prove(ctx, position)
				if err != nil {
					return err
				}
				return a.printJSON(receipt)
			})
		},
	}
}

func (a *auditor) position(ctx context.Context, args []string) (int64, error) {
	if len(args) == 1 {
		position, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || position < 1 {
			return 0, fmt.Errorf("%q is not a position, from 1", args[0])
		}
		return position, nil
	}
	stream, err := a.find(ctx, args[0])
	if err != nil {
		return 0, err
	}
	version, err := strconv.Atoi(args[1])
	if err != nil || version < 1 {
		return 0, fmt.Errorf("%q is not a version, from 1", args[1])
	}
	m, err := a.history.At(ctx, stream, version)
	if err == nil && m.Record.Version != version {
		err = fmt.Errorf("the stream has no version %d", version)
	}
	return m.Record.Position, err
}

func (a *app) auditVerifyProofCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify-proof FILE", Short: "Check a receipt without the database",
		Long: "Check a receipt, from boxoffice audit prove or of a booking, a hold or a place on a waiting list,\n" +
			"without the database. The public key in the receipt is not trusted: give a key that you trust with\n" +
			"--public-key.",
	}
	return a.checksFile(cmd, func(name string, file io.Reader, keys *audit.Keys) error {
		const most = 8 << 20
		data, err := io.ReadAll(io.LimitReader(file, most))
		if err != nil {
			return err
		}
		var whole struct {
			audit.Receipt
			Booked *audit.Receipt `json:"receipt"` // of a booking, hold or entry
		}
		if err := json.Unmarshal(data, &whole); err != nil {
			return fmt.Errorf("%s is not a receipt: %w", name, err)
		}
		receipt := &whole.Receipt
		if whole.Booked != nil {
			receipt = whole.Booked
		}
		said, err := receipt.Verify(keys)
		if err != nil {
			return err
		}
		r := &receipt.Record
		_, err = fmt.Fprintf(a.out,
			"%s, version %d of stream %s,\nis at position %d of the log, by a checkpoint over %d record(s)\n%s\n",
			printable(r.Type), r.Version, r.StreamID, r.Position, said.Size, printable(string(r.Data)))
		return err
	})
}

func (a *app) auditCheckpointsCommand() *cobra.Command {
	var asJSON, newest, publicKey bool
	var after int64
	var limit int
	cmd := &cobra.Command{
		Use: "checkpoints", Short: "List the signed checkpoints of the log", Args: cobra.NoArgs,
		Long: "List the signed checkpoints of the log. Regularly keep a copy of the newest one (--newest) where the\n" +
			"administrators of the database can't change it: boxoffice audit verify --checkpoint compares the log\n" +
			"with it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if publicKey {
				return a.printPublicKey()
			}
			return a.withAudit(cmd.Context(), func(ctx context.Context, x *auditor) error {
				if newest {
					c, err := x.checkpoints.Newest(ctx)
					if err != nil {
						return err
					}
					_, err = io.WriteString(a.out, c.Note)
					return err
				}
				list, err := x.checkpoints.List(ctx, after, limit)
				if err != nil {
					return err
				}
				for _, c := range list {
					if asJSON {
						err = a.printJSON(map[string]any{"size": c.Size, "root": c.Root.String(), "note": c.Note, "at": c.At})
					} else {
						_, err = fmt.Fprintf(a.out, "%9d  %s  %s…\n", c.Size, c.At.Format(timeForm), c.Root.String()[:40])
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	f.BoolVar(&newest, "newest", false, "print the newest checkpoint as it was signed, to keep it elsewhere")
	f.BoolVar(&publicKey, "public-key", false, "print the key that checks the signatures")
	f.Int64Var(&after, "after", 0, "only checkpoints that cover more records than this")
	f.IntVar(&limit, "limit", 100, "at most so many")
	cmd.MarkFlagsMutuallyExclusive("newest", "public-key", "json")
	return cmd
}

// printPublicKey needs the key alone, and no database.
func (a *app) printPublicKey() error {
	keys, err := a.auditKeys()
	if err != nil {
		return err
	}
	if keys.Public() == "" {
		return audit.ErrNoKey
	}
	_, err = fmt.Fprintln(a.out, keys.Public())
	return err
}
