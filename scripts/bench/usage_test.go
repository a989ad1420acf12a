package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestProcessorTimeIsThatOfTheProcess(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc")
	}
	busy := exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; read x")
	in, err := busy.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	isBusy := func() bool {
		stat, err := statOf(busy.Process.Pid)
		return err == nil && stat.CPUTime() >= 0.03
	}
	if !waittest.Until(time.Minute, isBusy) {
		t.Error("a busy process has used no processor time")
	}
	if now, most, err := resident(busy.Process.Pid); err != nil || now < 0.1 || most < now {
		t.Errorf("it occupies %.1f of %.1f MB (%v)", now, most, err)
	}
	_, _ = fmt.Fprintln(in)
	if err := busy.Wait(); err != nil {
		t.Error(err)
	}
}
