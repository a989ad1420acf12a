//go:build !linux

package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

func fillDisk(context.Context, *pgx.Conn) (empty func() error, err error) {
	return nil, errors.New("only on Linux can a running process be limited")
}
