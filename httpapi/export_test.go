package httpapi

import (
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// Flood hands changes of so many new events to everybody, as if they had been read.
func (p *Push) Flood(n int) {
	p.mu.Lock()
	at := p.position
	p.mu.Unlock()
	news := projections.News{After: at, Upto: at}
	for range n {
		news.Events = append(news.Events, projections.EventChange{ID: uuid.New(), Status: projections.EventScheduled, Version: 1, First: at, Last: at})
	}
	p.learn(news)
	p.flush()
}

// Remains is how many users and events are still known to be connected and followed.
func (p *Push) Remains() (users, watched int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.users), len(p.watchers) + len(p.all)
}
