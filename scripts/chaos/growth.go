package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/procfs"
)

// growth watches what the processes use while nothing is broken.
type growth struct{ samples [][]sample } // of each process

type sample struct {
	files, threads int // files are connections, for the most part
	kilobytes      int // resident
}

// watch samples until ctx ends. The first fifth is left out: pools and caches fill.
func (g *growth) watch(ctx context.Context, nodes []*node, duration time.Duration) error {
	g.samples = make([][]sample, len(nodes))
	if !pause(ctx, duration/5) {
		return nil
	}
	for every := min(5*time.Second, duration/50); pause(ctx, every); {
		for i, n := range nodes {
			pid := n.pid()
			if pid == 0 {
				continue // that it has ended is found elsewhere
			}
			s, err := sampleOf(pid)
			if err != nil {
				return err
			}
			g.samples[i] = append(g.samples[i], s)
		}
	}
	return nil
}

func sampleOf(pid int) (s sample, err error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return s, fmt.Errorf("what a process uses is read on Linux only: %w", err)
	}
	stat, err := process.Stat()
	if err != nil {
		return s, err
	}
	s.files, err = process.FileDescriptorsLen()
	s.threads, s.kilobytes = stat.NumThreads, stat.ResidentMemory()>>10
	return s, err
}

// resource is one thing that may grow, and by how much it may differ between the beginning and the end:
// a number, and a share.
type resource struct {
	name  string
	of    func(sample) int
	slack int
	share float64
}

func resources() []resource {
	return []resource{
		{"open files", func(s sample) int { return s.files }, 12, 0.2},
		{"threads", func(s sample) int { return s.threads }, 6, 0.2},
		// States and the list of keys on their way are memory that is meant to be used. A leak is
		// more than that after some minutes.
		{"resident kB", func(s sample) int { return s.kilobytes }, 24 << 10, 0.2},
	}
}

// ends gives the medians of the first and the last third.
func (u resource) ends(samples []sample) (first, last int) {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = u.of(s)
	}
	third := len(values) / 3
	return median(values[:third]), median(values[len(values)-third:])
}

func median(values []int) int {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

func (g *growth) leaks() (texts []string) {
	for i, samples := range g.samples {
		for _, u := range resources() {
			if first, last := u.ends(samples); last > first+max(u.slack, int(u.share*float64(first))) {
				texts = append(texts, fmt.Sprintf("%s of process %d: %d, and %d in the end", u.name, i, first, last))
			}
		}
	}
	return texts
}

func (g *growth) String() string {
	var b strings.Builder
	for i, samples := range g.samples {
		fmt.Fprintf(&b, "process %d:", i)
		for _, u := range resources() {
			first, last := u.ends(samples)
			fmt.Fprintf(&b, "  %s %d → %d", u.name, first, last)
		}
		b.WriteString("\n")
	}
	return b.String()
}
