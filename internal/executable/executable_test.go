package executable_test

import (
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/executable"
)

func TestTheAddressOfTheAPI(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"\n  UI   http://localhost:3000\n  API  http://localhost:3001\n": "127.0.0.1:3001",
		"API http://[::1]:3001\nmore\n":                                  "[::1]:3001",
	} {
		if got, err := executable.APIAddress(strings.NewReader(output)); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", output, got, err, want)
		}
	}
	if _, err := executable.APIAddress(strings.NewReader("the port is in use\n")); err == nil {
		t.Error("an output without an address gave one")
	}
}
