package eventstore

// Lane tells how many transactions commands with the delay share, and those without if the executor has none.
func (e *Executor[S, R]) Lane() (transactions int) {
	if e.delayed != nil {
		return cap(e.delayed.free)
	}
	return cap(e.immediate.free)
}

// Gather is how far apart batches leave while commands are coming.
const Gather = gather
