package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(to *os.File, chosen []scenario, rounds int) *progress {
	if !term.IsTerminal(int(to.Fd())) {
		return &progress{}
	}
	runs := 0
	for _, s := range chosen {
		runs += len(s.entries) * rounds
	}
	return &progress{progressbar.NewOptions(runs,
		progressbar.OptionSetWriter(to),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetPredictTime(false),
	)}
}

func (p *progress) begin(run string) {
	if p.bar != nil {
		p.bar.Describe(run)
	}
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

// clear makes room for a table; the bar comes back with the next run.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
