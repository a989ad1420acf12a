//go:build !linux

package dbtest

// InMemory does nothing: this system has no shared directory in memory.
func InMemory() (remove func(), err error) { return func() {}, nil }
