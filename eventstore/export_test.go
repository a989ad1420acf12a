package eventstore

// Waiting counts the commands that have not boarded.
func (e *Executor[S, R]) Waiting() int {
	n := 0
	for _, l := range []*lane[S, R]{e.immediate, e.delayed} {
		if l != nil {
			l.mu.Lock()
			n += len(l.waiting)
			l.mu.Unlock()
		}
	}
	return n
}

// Lane tells how many transactions commands with the delay share, and those without if the executor has none.
func (e *Executor[S, R]) Lane() (transactions int) {
	if e.delayed != nil {
		return cap(e.delayed.free)
	}
	return cap(e.immediate.free)
}
