//go:build unix

// Package readme runs the commands that the documents give, as somebody would who follows them:
// from top to bottom, in a copy of this repository, with a data directory of its own. Comments that
// readers don't see say which blocks:
//
//	<!-- run -->                    the block below ends by itself, and well
//	<!-- run until: some text -->   the block below prints this text and goes on; Ctrl-C ends it
//	                                after the last document
//	<!-- output -->                 what the block before prints: these lines in this order, maybe
//	                                with others in between; … is anything
//
// Variables live on from block to block. The ports 3000 and 3001 stand for whatever ports the
// system gets.
package readme

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// documents are followed in this order, by somebody who leaves running what the ones before have
// started.
var documents = []string{"README.md", "docs/api-guide.md", "docs/operations/README.md", "docs/operations/backup.md"}

const patience = 5 * time.Minute // for one block, which may have to build everything first

func TestTheCommandsInTheDocumentsWork(t *testing.T) {
	dbtest.Slow(t)
	lacks := t.Skipf
	if os.Getenv("CI") != "" {
		lacks = t.Fatalf
	}
	for _, tool := range []string{"bash", "curl", "git", "make", "pg_dump"} {
		if _, err := exec.LookPath(tool); err != nil {
			lacks("the documents use %s, which is not in the PATH", tool)
		}
	}
	if err := exec.Command("git", "rev-parse").Run(); err != nil {
		lacks("this is not a git repository, whose files could be copied")
	}
	r := newReader(t)
	must(t, copyRepository("../..", r.dir))
	for _, document := range documents {
		if err := r.follow(document); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestABlockThatDoesNotDoWhatItShouldIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"all is well": {
			"<!-- run -->\n```sh\nA=1\n```\n\n<!-- run -->\n```sh\necho $A; echo 23; echo 4\n```\n" +
				"<!-- output -->\n```text\n1\n2…\n```\n",
			"",
		},
		"a command fails": {
			"# A\n\n<!-- run -->\n```sh\necho told; false; true\n```\n",
			"a.md:4: exit status 1\ntold",
		},
		"the first of a pipe fails": {"<!-- run -->\n```sh\nfalse | cat\n```\n", "a.md:2: exit status 1"},
		"a variable is missing":     {"<!-- run -->\n```sh\necho $NOWHERE\n```\n", "a.md:2: exit status"},
		"other output": {
			"<!-- run -->\n```sh\necho 12\n```\n<!-- output -->\n```\n1\n```\n",
			`a.md:6: the block before does not print "1"`,
		},
		"output in another order": {
			"<!-- run -->\n```sh\necho 2; echo 1\n```\n<!-- output -->\n```\n1\n2\n```\n",
			`a.md:6: the block before does not print "2"`,
		},
		"it ends instead of getting far": {
			"<!-- run until: ready -->\n```sh\necho no\n```\n",
			`a.md:2: ended before it printed "ready"`,
		},
		"nothing is marked":     {"```sh\nfalse\n```\n", "a.md: no block is marked"},
		"a mark with a mistake": {"<!-- run it -->\n```sh\nfalse\n```\n", "a.md:1: not a mark"},
		"a mark above nothing": {
			"<!-- run -->\n\n```sh\nfalse\n```\n",
			"a.md:1: a mark stands right above a fence",
		},
		"output of nothing":      {"<!-- output -->\n```\nfalse\n```\n", "a.md:1: there is no block before"},
		"a fence without an end": {"<!-- run -->\n```sh\nfalse\n", "a.md:2: the fence is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			must(t, os.MkdirAll(r.dir, 0o755))
			must(t, os.WriteFile(filepath.Join(r.dir, "a.md"), []byte(c.text), 0o600))
			got := ""
			if err := r.follow("a.md"); err != nil {
				got = err.Error()
			}
			if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			must(t, r.stop())
		})
	}
}

func TestWhatRunsIsStoppedInTheEnd(t *testing.T) {
	var left *process
	t.Run("a document that is not there", func(t *testing.T) {
		r := newReader(t)
		must(t, os.MkdirAll(r.dir, 0o755))
		text := []byte("<!-- run until: ready -->\n```sh\necho ready; sleep 600\n```\n")
		must(t, os.WriteFile(filepath.Join(r.dir, "a.md"), text, 0o600))
		must(t, r.follow("a.md"))
		left = r.running[0]
		if err := r.follow("b.md"); err == nil {
			t.Error("it was followed")
		}
	})
	select {
	case <-left.ended:
	default:
		_ = syscall.Kill(-left.cmd.Process.Pid, syscall.SIGKILL)
		t.Error("a process is left")
	}
}

type kind int

const (
	run kind = iota
	runUntil
	output
)

// block is a fenced block with a mark.
type block struct {
	kind  kind
	until string // what it prints when it is ready
	text  string
	line  int // of the opening fence
}

var mark = regexp.MustCompile(`^\s*<!-- *(run until: *(.*?)|run|output) *-->\s*$`)

// parse finds the marked blocks of a document. Marks with mistakes are errors: a block that is not
// run would look as if it worked.
func parse(text string) (blocks []block, err error) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		m := mark.FindStringSubmatch(lines[i])
		if m == nil {
			if regexp.MustCompile(`<!-- *(run|output)`).MatchString(lines[i]) {
				return nil, fmt.Errorf("%d: not a mark: %s", i+1, lines[i])
			}
			continue
		}
		b := block{kind: run, until: m[2]}
		switch {
		case m[1] == "output":
			b.kind = output
		case m[1] != "run":
			b.kind = runUntil
		}
		if b.kind == runUntil && b.until == "" {
			return nil, fmt.Errorf("%d: until what?", i+1)
		}
		if b.kind == output && (len(blocks) == 0 || blocks[len(blocks)-1].kind != run) {
			return nil, fmt.Errorf("%d: there is no block before that prints this", i+1)
		}
		i++
		if i == len(lines) || !strings.HasPrefix(lines[i], "```") {
			return nil, fmt.Errorf("%d: a mark stands right above a fence", i)
		}
		b.line = i + 1
		for i++; i < len(lines) && lines[i] != "```"; i++ {
			b.text += lines[i] + "\n"
		}
		if i == len(lines) {
			return nil, fmt.Errorf("%d: the fence is not closed", b.line)
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// reader is somebody who follows documents.
type reader struct {
	dir      string            // where the repository is
	env      map[string]string // what the block before has left
	api, web string            // ports, once there are any
	saved    string            // file with the environment at the end of a block
	running  []*process
}

func newReader(t *testing.T) *reader {
	t.Helper()
	// Not t.TempDir, which is closed to the user that PostgreSQL runs as when root runs the tests.
	home, err := os.MkdirTemp("", "boxoffice-readme-")
	must(t, err)
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	must(t, os.Chmod(home, 0o755))
	r := &reader{
		dir: filepath.Join(home, "boxoffice"), saved: filepath.Join(home, "environment"), env: map[string]string{},
	}
	t.Cleanup(func() { // before the directory goes
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		r.env[name] = value
	}
	for _, v := range config.Variables() { // the documents speak of a system that nobody has configured
		delete(r.env, v.Name)
	}
	maps.Copy(r.env, map[string]string{
		"DATA_DIR": filepath.Join(home, "data"), "API_PORT": "0", "WEB_PORT": "0",
		"PATH": filepath.Join(r.dir, "bin") + ":" + r.env["PATH"],
		// Without the web UI, which the tests in a browser take care of.
		"MAKEFLAGS": "NPM=",
	})
	return r
}

// copyRepository copies what a clone would have, and what is not committed yet.
func copyRepository(from, to string) error {
	list, err := exec.Command("git", "-C", from, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("list the files of the repository: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		source := filepath.Join(from, name)
		info, err := os.Stat(source)
		if errors.Is(err, os.ErrNotExist) { // deleted, and not committed yet
			continue
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// follow runs the blocks of a document. An error names the line of the block that does not do what
// it should.
func (r *reader) follow(document string) error {
	text, err := os.ReadFile(filepath.Join(r.dir, document))
	if err != nil {
		return err
	}
	blocks, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s:%w", document, err)
	}
	if len(blocks) == 0 {
		return fmt.Errorf("%s: no block is marked", document)
	}
	var printed string
	for _, b := range blocks {
		switch b.kind {
		case run:
			printed, err = r.run(b)
		case runUntil:
			err = r.start(b)
		case output:
			if missing := firstMissing(b.text, printed); missing != "" {
				err = fmt.Errorf("the block before does not print %q here:\n%s", missing, printed)
			}
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", document, b.line, errors.Join(err, r.stop()))
		}
	}
	return nil
}

// firstMissing gives the first expected line that does not come, in its order, among those that
// were printed.
func firstMissing(expected, printed string) string {
	lines := strings.Split(printed, "\n")
	for want := range strings.Lines(expected) {
		want = strings.TrimSpace(want)
		if want == "" {
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*") + "$")
		i := slices.IndexFunc(lines, func(line string) bool { return pattern.MatchString(strings.TrimSpace(line)) })
		if i < 0 {
			return want
		}
		lines = lines[i+1:]
	}
	return ""
}

func (r *reader) command(ctx context.Context, b block) *exec.Cmd {
	text := b.text
	if r.api != "" {
		text = strings.NewReplacer("localhost:3001", "localhost:"+r.api, "localhost:3000", "localhost:"+r.web).Replace(text)
	}
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail -o allexport\n"+text+`env -0 > "$0"`, r.saved)
	cmd.Dir = r.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C goes to the whole group, and so does ours
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	for name, value := range r.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

func (r *reader) run(b block) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := r.command(ctx, b)
	var printed, all transcript
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&printed, &all), &all
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, all.String())
	}
	saved, err := os.ReadFile(r.saved)
	if err != nil {
		return "", err
	}
	for v := range strings.SplitSeq(strings.TrimRight(string(saved), "\x00"), "\x00") {
		name, value, _ := strings.Cut(v, "=")
		r.env[name] = value
	}
	return printed.String(), nil
}

// process is a block that goes on.
type process struct {
	cmd     *exec.Cmd
	printed *transcript
	ended   chan struct{}
}

var address = regexp.MustCompile(`(Web|API) +http://localhost:(\d+)`)

// start returns when the block has printed what it is waited for.
func (r *reader) start(b block) error {
	p := &process{cmd: r.command(context.Background(), b), printed: awaiting(b.until), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.printed, p.printed
	if err := p.cmd.Start(); err != nil {
		return err
	}
	r.running = append(r.running, p)
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	select {
	case <-p.printed.seen:
	case <-p.ended:
		return fmt.Errorf("ended before it printed %q:\n%s", b.until, p.printed)
	case <-time.After(patience):
		return fmt.Errorf("has not printed %q within %s:\n%s", b.until, patience, p.printed)
	}
	for _, m := range address.FindAllStringSubmatch(p.printed.String(), -1) {
		if m[1] == "Web" {
			r.web, r.env["WEB_PORT"] = m[2], m[2]
		} else {
			r.api, r.env["API_PORT"] = m[2], m[2]
		}
	}
	return nil
}

// stop ends what is running, as Ctrl-C does.
func (r *reader) stop() (err error) {
	for _, p := range r.running {
		group := -p.cmd.Process.Pid
		_ = syscall.Kill(group, syscall.SIGINT) // it may have ended
		select {
		case <-p.ended:
		case <-time.After(30 * time.Second):
			_ = syscall.Kill(group, syscall.SIGKILL)
			err = errors.Join(err, fmt.Errorf("Ctrl-C does not end this:\n%s", p.printed))
		}
	}
	r.running = nil
	return err
}

// transcript keeps what processes write.
type transcript struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	until string
	seen  chan struct{} // closed once until was written
	done  bool
}

func awaiting(text string) *transcript { return &transcript{until: text, seen: make(chan struct{})} }

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if t.seen != nil && !t.done && strings.Contains(t.buf.String(), t.until) {
		t.done = true
		close(t.seen)
	}
	return len(p), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
