//go:build !linux

package dbtest

// InMemory does nothing: this system has no directory in memory that everybody may use.
func InMemory() (remove func(), err error) { return func() {}, nil }
