package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// The checkpoints of the log have a stream of their own: in that of the log, the sequence is the
// position of a record.
const (
	notesStream  = "boxoffice_checkpoints"
	notesSubject = "boxoffice.checkpoints"
)

// Notes publishes the signed checkpoints of the log to a JetStream stream, which is made when it is
// missing. Messages can't be deleted one by one; the administrator of NATS can delete the stream.
type Notes struct {
	options Options

	mu   sync.Mutex
	link *link // nil before the first message
}

// NewNotes connects with the first message. url names the servers, separated by commas.
func NewNotes(url string, logger *slog.Logger) *Notes {
	return &Notes{options: Options{URL: url, Logger: logger}}
}

// Name is that of the place, without its address.
func (n *Notes) Name() string { return "nats" }

// Send returns when the bus has stored a checkpoint. The same one again, within two minutes, is
// stored once.
func (n *Notes) Send(ctx context.Context, line []byte) (err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.link == nil {
		if n.link, err = connect(n.options); err != nil {
			return err
		}
	}
	_, err = n.link.js.Stream(ctx, notesStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = n.link.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: notesStream, Subjects: []string{notesSubject}, Description: "Signed checkpoints of the log of Boxoffice",
			Storage: jetstream.FileStorage, DenyDelete: true, DenyPurge: true,
		})
	}
	if err != nil {
		return fmt.Errorf("open the stream %s: %w", notesStream, err)
	}
	id := sha256.Sum256(line)
	_, err = n.link.js.Publish(ctx, notesSubject, line, jetstream.WithMsgID(hex.EncodeToString(id[:])))
	return err
}

// Close ends the connection.
func (n *Notes) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.link != nil {
		n.link.conn.Close()
	}
}
