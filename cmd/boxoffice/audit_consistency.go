package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/audit"
)

// tokenVariable holds an access token, which must not be an argument that other users can read.
const tokenVariable = "BOXOFFICE_TOKEN"

func (a *app) auditVerifyConsistencyCommand() *cobra.Command {
	var file, address string
	var trusted []string
	cmd := &cobra.Command{
		Use: "verify-consistency OLD NEW", Short: "Check that a checkpoint extends an older one", Args: cobra.ExactArgs(2),
		Long: "Check that a checkpoint is of the same log as an older one, with more records at its end. OLD and NEW are\n" +
			"files with signed checkpoints. The proof comes from a FILE, from a server, which is asked with the access\n" +
			"token in " + tokenVariable + ", or from the database. Only the checkpoints and the key have to be trusted.",
		RunE: func(cmd *cobra.Command, names []string) error {
			keys, err := a.trustedKeys(trusted)
			if err != nil {
				return err
			}
			var notes [2]string
			var sizes [2]int64
			for i, name := range names {
				if notes[i], err = readNote(name); err != nil {
					return err
				}
				s, err := keys.Open(notes[i])
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				sizes[i] = s.Size
			}
			proof := &audit.Consistency{}
			if sizes[0] < sizes[1] { // else there is nothing to prove: they are equal, or the wrong way round
				if proof, err = a.consistency(cmd.Context(), file, address, sizes); err != nil {
					return err
				}
			}
			from, to, err := proof.Verify(keys, notes[0], notes[1])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "the checkpoint over %d record(s) extends the one over %d\n", to.Size, from.Size)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "proof", "", "take the proof from this `FILE`,\n"+
		"an answer of GET /audit/checkpoints/NEW/consistency?from=OLD")
	f.StringVar(&address, "url", "", "ask the API at this `URL` for the proof")
	f.StringSliceVar(&trusted, "public-key", nil, "believe checkpoints that were signed with this `KEY` only")
	cmd.MarkFlagsMutuallyExclusive("proof", "url")
	return cmd
}

// consistency takes the proof from a file or a server if one is named, otherwise from the database.
func (a *app) consistency(ctx context.Context, file, address string, sizes [2]int64) (
	proof *audit.Consistency, err error,
) {
	switch {
	case file != "":
		return readConsistency(file)
	case address != "":
		return fetchConsistency(ctx, address, sizes[0], sizes[1])
	}
	err = a.withAudit(ctx, func(ctx context.Context, x *auditor) (err error) {
		proof, err = x.checkpoints.Consistency(ctx, sizes[0], sizes[1])
		return err
	})
	return proof, err
}

func readConsistency(path string) (*audit.Consistency, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	proof := &audit.Consistency{}
	if err := json.Unmarshal(data, proof); err != nil {
		return nil, fmt.Errorf("%s is not a consistency proof: %w", path, err)
	}
	return proof, nil
}

func fetchConsistency(ctx context.Context, address string, from, size int64) (*audit.Consistency, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" {
		return nil, errors.New("--url is not an address such as https://tickets.example.com:3001")
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	at := base.JoinPath("audit", "checkpoints", fmt.Sprint(size), "consistency")
	at.RawQuery = fmt.Sprint("from=", from)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	token := os.Getenv(tokenVariable) //nolint:forbidigo // a credential of the caller, and no setting of the program
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it is read to its end, or not needed
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s: %s", response.Status, printable(string(body[:min(len(body), 500)])))
	}
	proof := &audit.Consistency{}
	if err := json.Unmarshal(body, proof); err != nil {
		return nil, fmt.Errorf("the answer is not a consistency proof: %w", err)
	}
	return proof, nil
}
