package projections

import (
	"fmt"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// Connections is how many connections of a pool [engine.Run] uses for [All].
const Connections = 2*engine.ConnectionsEach + engine.ConnectionsShared

// All lists the projections of this program.
func All() []engine.Projection { return []engine.Projection{eventsTable(), bookingsTable()} }

// Named finds a projection by its name.
func Named(name string) (engine.Projection, error) {
	for _, p := range All() {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no projection %q", name)
}

// Names lists the names of [All], in its order.
func Names() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name())
	}
	return names
}
