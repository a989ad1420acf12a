package main

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

func TestWhatIsSentWhileAGateIsCutArrivesWhenItIsHealed(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close() //nolint:errcheck // of a test
	g, err := newGate(server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	client, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close() //nolint:errcheck // of a test

	g.cut()
	if _, err := client.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	_ = accepted.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := accepted.Read(make([]byte, 10)); n > 0 || errors.Is(err, io.EOF) {
		t.Errorf("%d bytes and %v got through", n, err)
	}
	g.heal()
	_ = accepted.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := io.ReadAll(accepted); string(got) != "late" || err != nil {
		t.Errorf("got %q and %v when it was healed", got, err)
	}
}
