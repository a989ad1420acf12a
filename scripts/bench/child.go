package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A child is this program once more, as another process with a role: a worker sells, a reader
// reads, the reference serves. They talk in JSON values over the child's standard input and output.
type child struct {
	cmd   *exec.Cmd
	in    io.Closer
	read  *json.Decoder
	write *json.Encoder
}

const (
	workerRole    = "worker"
	readerRole    = "reader"
	referenceRole = "reference"
)

// runChild does what the role of this process is.
func runChild(ctx context.Context, role string, in io.Reader, out io.Writer) error {
	read, write := json.NewDecoder(in), json.NewEncoder(out)
	switch role {
	case workerRole:
		return runWorker(ctx, read, write)
	case readerRole:
		return runReader(ctx, read, write)
	}
	return serveReference(ctx, read, write)
}

// startChild gives a child its job, and waits for its first answer.
func startChild(ctx context.Context, role string, job, ready any) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd, in, json.NewDecoder(out), json.NewEncoder(in)}
	return c, c.ask(job, ready)
}

// ask sends one value and reads another. After an error it waits for the child's end, which tells
// more than a pipe that broke: how it exited, or the signal that killed it.
func (c *child) ask(send, receive any) error {
	err := c.write.Encode(send)
	if err == nil {
		err = c.read.Decode(receive)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("talk to a process of this program: %w", err), c.stop())
	}
	return nil
}

// stop waits for the end of the child, which comes with the end of its input.
func (c *child) stop() error {
	_ = c.in.Close()
	return c.cmd.Wait()
}
