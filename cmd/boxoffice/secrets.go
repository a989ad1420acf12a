package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/config"
)

// secretsOf gives the secrets of the configuration. Those that are missing are made once and kept
// in the data directory; [checkSecrets] refuses that with a database that other processes may use
// too.
func secretsOf(c config.Config) (account.Secrets, error) {
	access, err := secretOr(c.AccessSecret, filepath.Join(c.DataDir, "jwt-access.secret"))
	if err != nil {
		return account.Secrets{}, err
	}
	refresh, err := secretOr(c.RefreshSecret, filepath.Join(c.DataDir, "jwt-refresh.secret"))
	if err != nil {
		return account.Secrets{}, err
	}
	secrets := account.Secrets{Access: []string{access}, Refresh: []string{refresh}}
	if c.PreviousAccessSecret != "" {
		secrets.Access = append(secrets.Access, c.PreviousAccessSecret)
	}
	if c.PreviousRefreshSecret != "" {
		secrets.Refresh = append(secrets.Refresh, c.PreviousRefreshSecret)
	}
	return secrets, nil
}

// auditKeys gives the keys of the audit. A missing one is made only where that is asked for: by the
// server, not by tools that look. The key that was made before AUDIT_SIGNING_KEY was set stays
// trusted.
func auditKeys(c config.Config, create bool) (*audit.Keys, error) {
	path := filepath.Join(c.DataDir, "audit-signing.secret")
	_, missing := os.Stat(path)
	if c.AuditKey == "" && !create && missing != nil {
		return audit.NewKeys("", c.AuditPublicKeys...)
	}
	trusted := c.AuditPublicKeys
	if c.AuditKey != "" && missing == nil {
		made, err := keptKey(path)
		if err != nil {
			return nil, err
		}
		trusted = append(slices.Clone(trusted), made)
	}
	secret, err := secretOr(c.AuditKey, path)
	if err != nil {
		return nil, err
	}
	return audit.NewKeys(secret, trusted...)
}

// keptKey returns the public key of a secret of the audit in a file.
func keptKey(path string) (string, error) {
	secret, err := secretOr("", path)
	if err != nil {
		return "", err
	}
	keys, err := audit.NewKeys(secret)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return keys.Public(), nil
}

var errNotKept = errors.New("a secret can't be kept in DATA_DIR")

func secretOr(configured, path string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	kept, err := os.ReadFile(path) //nolint:gosec // in the data directory of the configuration
	if err == nil {
		return string(kept), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: %w", errNotKept, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("%w: %w", errNotKept, err)
	}
	secret := rand.Text() + rand.Text() // 260 bits
	// Written aside and linked, so that of two programs one wins and none reads half a secret.
	draft, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNotKept, err)
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // at worst an unused file stays
	_, err = draft.WriteString(secret)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return "", fmt.Errorf("%w: %w", errNotKept, err)
	}
	if err := os.Link(draft.Name(), path); errors.Is(err, fs.ErrExist) {
		return secretOr("", path)
	} else if err != nil {
		return "", fmt.Errorf("%w: %w", errNotKept, err)
	}
	return secret, nil
}

// secretsCommand makes the secrets of an installation whose programs have no directory in common,
// such as that of docker-compose.yml.
func (a *app) secretsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "secrets DIRECTORY", Args: cobra.ExactArgs(1),
		Short: "Make the secrets of an installation, those that are missing",
		Long: "Make the secrets of an installation in a directory, those that are missing: the files that\n" +
			"JWT_ACCESS_SECRET_FILE, JWT_REFRESH_SECRET_FILE, AUDIT_SIGNING_KEY_FILE, POSTGRES_PASSWORD_FILE of the\n" +
			"image of PostgreSQL and PGPASSFILE can name. POSTGRES_PASSWORD in the environment is the password to use.",
		RunE: func(_ *cobra.Command, args []string) error {
			//nolint:forbidigo // the variable is the image's of PostgreSQL, and no setting of this program
			return makeSecrets(args[0], os.Getenv("POSTGRES_PASSWORD"))
		},
	}
}

func makeSecrets(dir, password string) error {
	for _, name := range []string{"jwt-access.secret", "jwt-refresh.secret", "audit-signing.secret"} {
		if _, err := secretOr("", filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	path := filepath.Join(dir, "postgres.password")
	password, err := secretOr(password, path)
	if err != nil {
		return err
	}
	escaped := strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(password)
	err = os.WriteFile(filepath.Join(dir, "pgpass"), []byte("*:*:*:*:"+escaped+"\n"), 0o600) //nolint:gosec // as above
	return errors.Join(err,
		// PostgreSQL's image reads it as another user.
		os.WriteFile(path, []byte(password), 0o644), os.Chmod(path, 0o644)) //nolint:gosec // see above
}
