package bus_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestCheckpointsHaveAStreamOfTheirOwn(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	notes := bus.NewNotes(server.URL(), slog.New(slog.DiscardHandler))
	t.Cleanup(notes.Close)
	for _, line := range []string{"one", "two", "two"} { // the answer to the second was lost
		dbtest.Must(t, notes.Send(context.Background(), []byte(line)))
	}
	conn, err := nats.Connect(server.URL())
	dbtest.Must(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	dbtest.Must(t, err)
	stream, err := js.Stream(context.Background(), "boxoffice_checkpoints")
	dbtest.Must(t, err)
	for i, want := range []string{"one", "two"} {
		m, err := stream.GetMsg(context.Background(), uint64(i+1))
		if err != nil || string(m.Data) != want || m.Subject != "boxoffice.checkpoints" {
			t.Errorf("message %d: %+v, %v", i+1, m, err)
		}
	}
	if err := stream.DeleteMsg(context.Background(), 1); err == nil {
		t.Error("a checkpoint can be deleted")
	}
	if _, err := stream.GetMsg(context.Background(), 3); err == nil {
		t.Error("a repeated message is stored twice")
	}

	server.Stop()
	if err := notes.Send(context.Background(), []byte("three")); err == nil {
		t.Error("it is stored nowhere")
	}
	server.Run()
	waittest.For(t, "the bus is back", func() bool { return notes.Send(context.Background(), []byte("three")) == nil })
}
