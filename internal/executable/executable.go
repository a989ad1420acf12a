// Package executable builds the boxoffice program and finds out where a running one listens, for tools
// and tests that run it as a process of its own.
package executable

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Build writes the program of this module to a file, without the tables of debuggers, which take a third of
// the time to link. It needs the go command.
func Build(ctx context.Context, path string) error {
	//nolint:gosec // the caller chooses the file
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", path,
		"github.com/boxoffice/boxoffice/cmd/boxoffice")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w: %s", err, output)
	}
	return nil
}

// APIAddress reads what serve writes to its standard output until that names the API, and returns its
// host:port. The caller has to go on reading, or the program blocks when the pipe is full.
func APIAddress(output io.Reader) (string, error) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if url, isAPI := strings.CutPrefix(strings.TrimSpace(lines.Text()), "API "); isAPI {
			address := strings.TrimPrefix(strings.TrimSpace(url), "http://")
			return strings.Replace(address, "localhost", "127.0.0.1", 1), nil
		}
	}
	return "", errors.Join(errors.New("the program has not written the address of its API"), lines.Err())
}
