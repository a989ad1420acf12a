package eventstore

// Transactions tells how many transactions commands with the delay share, and those without if the
// executor has none.
func (e *Executor[S, R]) Transactions() int {
	if e.delayed != nil {
		return e.delayed.workers
	}
	return e.immediate.workers
}

// Linger is how far apart batches leave while more commands are expected.
const Linger = linger

// Appenders is how many batches of an executor append at once at most.
const Appenders = 1 + overtakers
