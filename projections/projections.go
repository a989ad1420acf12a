package projections

import (
	"fmt"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Connections is how many connections of a pool [engine.Run] uses for [All].
const Connections = 4*engine.ConnectionsEach + engine.ConnectionsShared

// All lists the projections of this program.
func All() []engine.Projection {
	return []engine.Projection{eventsTable(), bookingsTable(), holdsTable(), waitlistTable()}
}

// decode returns nil for a record that an auditor has read the log, which changes no row.
func decode(recordType string, schemaVersion int16, data []byte) (domain.Record, error) {
	if recordType == eventstore.TypeLogRead {
		return nil, nil
	}
	return domain.Codec{}.Decode(recordType, schemaVersion, data)
}

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
