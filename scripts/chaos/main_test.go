package main

import (
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// The servers of a run keep their files in memory: a standby that rejoins waits for the disk most
// of the time.
func TestMain(m *testing.M) { dbtest.Main(m) }
