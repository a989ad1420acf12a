package domain_test

import (
	"flag"
	"os"
	"testing"
)

// A quick run draws as many random histories: they take a second, and fewer don't meet every command.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		if err := flag.Set("rapid.checks", "500"); err != nil { // of which rapid takes a fifth
			panic(err)
		}
	}
	os.Exit(m.Run())
}
