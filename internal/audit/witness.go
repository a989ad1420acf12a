package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Witness is a place outside of the database that gets every signed checkpoint, as a line of JSON:
// see [LineOf]. Send returns when it is stored there. It may be repeated.
type Witness interface {
	Name() string // without secrets
	Send(ctx context.Context, line []byte) error
}

// LineOf returns a checkpoint as witnesses get it: one JSON object, without a line feed.
func LineOf(s Checkpoint) []byte {
	line, err := json.Marshal(witnessed{s.Size, s.Root.String(), s.Note, s.At})
	if err != nil {
		panic(err) // numbers and texts
	}
	return line
}

type witnessed struct {
	Size int64     `json:"size"`
	Root string    `json:"root"`
	Note string    `json:"note"`
	At   time.Time `json:"at"`
}

// NotesIn returns the signed checkpoints in a text: one note, or lines that a witness has kept. A
// last line that was not written completely is left out.
func NotesIn(text string) (notes []string, err error) {
	if !strings.HasPrefix(text, "{") {
		if text == "" {
			return nil, nil
		}
		return []string{text}, nil
	}
	for line := range strings.Lines(text) {
		var w witnessed
		if !strings.HasSuffix(line, "\n") && !json.Valid([]byte(line)) {
			break
		}
		if err := json.Unmarshal([]byte(line), &w); err != nil || w.Note == "" {
			return nil, fmt.Errorf("line %d holds no checkpoint", len(notes)+1)
		}
		notes = append(notes, w.Note)
	}
	return notes, nil
}

// ParseWitness reads what AUDIT_WITNESS names: the path of a file, or a URL. The error does not
// repeat it.
func ParseWitness(text string) (Witness, error) {
	if filepath.IsAbs(text) {
		return fileWitness(text), nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("it is neither the absolute path of a file nor an address such as " +
			"https://witness.example.com/notes")
	}
	client := &http.Client{
		Timeout: witnessWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { // the one that is configured, and no other
			return http.ErrUseLastResponse
		},
	}
	return &urlWitness{u, client}, nil
}

// fileWitness is a file that lines are appended to.
type fileWitness string

func (f fileWitness) Name() string { return string(f) }

func (f fileWitness) Send(_ context.Context, line []byte) error {
	file, err := os.OpenFile(string(f), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(bytes.Clone(line), '\n')) // one write, so that several processes can share the file
	return errors.Join(err, file.Sync(), file.Close())
}

// witnessTail is how much of a file is read for its newest checkpoint, in bytes: some hundred lines.
const witnessTail = 64 << 10

// newest returns the largest checkpoint at the end of the file; its size is 0 when there is none, or
// when this process may only append, as to a pipe. Lines that are not signed by a trusted key do not
// count, but there must be another: it may be the file that shows that the database was changed.
func (f fileWitness) newest(keys *Keys) (newest Checkpoint, err error) {
	info, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return newest, nil
	}
	if err != nil {
		return newest, err
	}
	file, err := os.Open(string(f))
	if errors.Is(err, fs.ErrPermission) {
		return newest, nil
	}
	if err != nil {
		return newest, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	tail, err := io.ReadAll(io.NewSectionReader(file, max(0, info.Size()-witnessTail), witnessTail))
	if err != nil {
		return newest, err
	}
	for line := range bytes.Lines(tail) {
		var w witnessed
		if json.Unmarshal(line, &w) != nil {
			continue // cut off, by a crash or at the beginning of the tail
		}
		if s, err := keys.Open(w.Note); err == nil && s.Size > newest.Size {
			newest = Checkpoint{Size: s.Size, Root: s.Root, Note: w.Note, At: w.At}
		}
	}
	if newest.Size == 0 && len(tail) > 0 {
		return newest, fmt.Errorf("%s: %w", f, ErrNotSigned)
	}
	return newest, nil
}

// urlWitness is an address that lines are posted to.
type urlWitness struct {
	url    *url.URL
	client *http.Client
}

func (u *urlWitness) Name() string { return u.url.Scheme + "://" + u.url.Host }

func (u *urlWitness) Send(ctx context.Context, line []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url.String(), bytes.NewReader(line))
	if err != nil {
		return errors.New("the address can't be used")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := u.client.Do(request)
	if err != nil {
		var failed *url.Error // it repeats the address, which may hold a password
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it is not read
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %s", response.Status)
	}
	return nil
}

const (
	witnessWithin = 10 * time.Second // for one attempt
	witnessQueue  = 10_000           // checkpoints that wait for a witness: a week, at one each minute
	witnessFlush  = 2 * time.Second  // for those that wait when the process stops
)

// Witnesses hand checkpoints to each witness in order, and again until it has them.
type Witnesses struct {
	logger *slog.Logger
	all    []*delivery
}

type delivery struct {
	Witness
	queue chan []byte
	left  atomic.Int64
}

// NewWitnesses makes what hands checkpoints to some witnesses. Nothing is delivered before
// [Witnesses.Run].
func NewWitnesses(logger *slog.Logger, registerer prometheus.Registerer, each ...Witness) (*Witnesses, error) {
	w := &Witnesses{logger: logger}
	for _, to := range each {
		d := &delivery{Witness: to, queue: make(chan []byte, witnessQueue)}
		w.all = append(w.all, d)
		if err := registerer.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "boxoffice", Name: "audit_witness_pending", Help: "Checkpoints that a witness does not have yet.",
			ConstLabels: prometheus.Labels{"witness": to.Name()},
		}, func() float64 { return float64(d.left.Load()) })); err != nil {
			return nil, fmt.Errorf("witness %s: %w", to.Name(), err)
		}
	}
	return w, nil
}

// Newest returns the newest checkpoint of each witness that can be read, which files can. Those that
// have none are left out.
func (w *Witnesses) Newest(keys *Keys) (newest []Checkpoint, err error) {
	for _, d := range w.all {
		f, isFile := d.Witness.(fileWitness)
		if !isFile {
			continue
		}
		s, err := f.newest(keys)
		if err != nil {
			return nil, fmt.Errorf("read the newest checkpoint of a witness: %w", err)
		}
		if s.Size > 0 {
			newest = append(newest, s)
		}
	}
	return newest, nil
}

// Signed logs a checkpoint and hands it to all witnesses. It does not wait.
func (w *Witnesses) Signed(s Checkpoint) {
	w.logger.Info("the audit signed a checkpoint", "size", s.Size, "root", s.Root.String(), "note", s.Note)
	line := LineOf(s)
	for _, d := range w.all {
		d.left.Add(1)
		select {
		case d.queue <- line:
		default:
			d.left.Add(-1)
			w.logger.Error("a witness misses a checkpoint: too many wait for it", "witness", d.Name(), "size", s.Size)
		}
	}
}

// Run delivers until ctx ends, and then, for a moment, what is left.
func (w *Witnesses) Run(ctx context.Context) {
	done := make(chan struct{}, len(w.all))
	for _, d := range w.all {
		go func() {
			d.run(ctx, w.logger)
			done <- struct{}{}
		}()
	}
	for range w.all {
		<-done
	}
}

func (d *delivery) run(ctx context.Context, logger *slog.Logger) {
	for {
		select {
		case line := <-d.queue:
			if !d.deliver(ctx, line, logger) {
				d.flush(ctx, line)
				return
			}
		case <-ctx.Done():
			d.flush(ctx, nil)
			return
		}
	}
}

// deliver tries until the witness has a line, and reports whether it has when ctx ends.
func (d *delivery) deliver(ctx context.Context, line []byte, logger *slog.Logger) bool {
	const longest = time.Minute
	wait, logged := time.Second, ""
	for {
		err := d.Send(ctx, line)
		if err == nil {
			d.left.Add(-1)
			return true
		}
		if ctx.Err() == nil && err.Error() != logged { // an error that stays is logged once
			logged = err.Error()
			logger.Warn("a witness did not take a checkpoint; it is tried again", "witness", d.Name(), "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
		wait = min(2*wait, longest)
	}
}

// flush tries once what is left when the process stops.
func (d *delivery) flush(ctx context.Context, line []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), witnessFlush)
	defer cancel()
	for {
		if line != nil {
			if d.Send(ctx, line) != nil {
				return
			}
			d.left.Add(-1)
		}
		select {
		case line = <-d.queue:
		default:
			return
		}
	}
}
