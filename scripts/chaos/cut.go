package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// cutToxic delivers the first flight that ends with a COMMIT up to a byte in the middle of a
// message, and nothing more of that connection, which stays open.
type cutToxic struct {
	Dice int `json:"dice"` // chooses the byte
	used atomic.Bool
}

const cutToxicName = "cut-message"

// cutState is of one connection.
type cutState struct{ isCut bool }

// NewState implements toxics.StatefulToxic.
func (*cutToxic) NewState() any { return &cutState{} }

// Pipe implements toxics.Toxic.
func (t *cutToxic) Pipe(stub *toxics.ToxicStub) {
	state := stub.State.(*cutState) //nolint:forcetypeassert // NewState makes it
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				if state.isCut { // the end of the connection is lost too
					<-stub.Interrupt
				}
				stub.Close()
				return
			}
			data := c.Data
			if at := t.cutAt(data); !state.isCut && at > 0 && t.used.CompareAndSwap(false, true) {
				data = data[:at]
				state.isCut = true
				stub.Output <- &stream.StreamChunk{Data: data, Timestamp: c.Timestamp}
			} else if !state.isCut {
				stub.Output <- c
			}
		}
	}
}

// Cleanup implements toxics.CleanupToxic. What was cut can't go on.
func (*cutToxic) Cleanup(stub *toxics.ToxicStub) {
	if stub.State.(*cutState).isCut { //nolint:forcetypeassert // NewState makes it
		stub.Close()
	}
}

// cutAt is the byte at which to cut; 0: nowhere. COMMIT is a prepared statement, whose name pgx makes
// of its text. Cut inside of the message that binds it, everything before is executed, and the head of the log is
// locked.
func (t *cutToxic) cutAt(data []byte) int {
	digest := sha256.Sum256([]byte("commit"))
	name := "\x00stmtcache_" + hex.EncodeToString(digest[:24]) + "\x00"
	at := bytes.Index(data, []byte(name))
	if at < 0 {
		return 0
	}
	if t.Dice%3 == 0 {
		return 1 + t.Dice%at
	}
	return at + t.Dice%len(name)
}

// bookAgainWithin is how long a process that has sent half a message may keep the others from booking.
const bookAgainWithin = 15 * time.Second

// cutMessage cuts a flight of one process. Somebody must be able to book again in time.
func (h *harness) cutMessage(ctx context.Context, in injection) (err error) {
	l := h.links[in.node]
	added, err := l.proxy.Toxics.AddToxicJson(bytes.NewReader(fmt.Appendf(nil,
		`{"name":"cut","type":%q,"stream":"upstream","attributes":{"dice":%d}}`, cutToxicName, in.dice)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.heal()) }()
	cut := added.Toxic.(*cutToxic) //nolint:forcetypeassert // it was asked for
	if !waitUntil(ctx, 5*time.Second, cut.used.Load) {
		return errors.New("nobody commits")
	}
	at := h.recorder.now()
	if !waitUntil(ctx, bookAgainWithin, func() bool { return h.recorder.changedSince(at) }) && ctx.Err() == nil {
		h.addViolation("locked out", fmt.Sprintf("nobody could book from %.2f s on, after half of a message", at.Seconds()))
	}
	return nil
}

// changedSince tells whether something was changed by a request of that time or later.
func (r *recorder) changedSince(at time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.all) - 1; i >= 0 && r.all[i].Answered > at; i-- {
		if q := &r.all[i]; q.Invoked >= at && q.Outcome == history.Done && q.Kind != history.List {
			return true
		}
	}
	return false
}

func waitUntil(ctx context.Context, within time.Duration, holds func() bool) bool {
	for until := time.Now().Add(within); !holds(); {
		if time.Now().After(until) || !pause(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}
