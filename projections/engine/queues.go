package engine

// Queue signals that there is something to do for those who listen to a topic.
func (n *Notifier) Queue(topic string) *Signal {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.queues[topic]
	if s == nil {
		s = NewSignal()
		n.queues[topic] = s
	}
	return s
}

// Queued tells all processes that a message of a topic was queued. It does not block.
func (n *Notifier) Queued(topic string) {
	n.Queue(topic).Broadcast()
	n.mu.Lock()
	n.filled[topic] = true
	n.mu.Unlock()
	n.tellOthers(n.queued)
}

func (n *Notifier) topics() (payloads []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for topic := range n.filled {
		payloads = append(payloads, n.id+" "+topic)
	}
	clear(n.filled)
	return payloads
}

// signalQueues signals a topic to those of this process who listen to it; empty: all topics. A process
// of an older version names none.
func (n *Notifier) signalQueues(topic string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, s := range n.queues {
		if topic == "" || topic == name {
			s.Broadcast()
		}
	}
}
